// The page imports uPlot from where the server puts it; these are its types.
export { default } from 'uplot';
