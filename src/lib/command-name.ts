// The name by which people run a command: the script in a clone, or the installed program.

/** `./aggregator` if the program runs from its sources; `aggregator` if it was built, as in the image. */
export const COMMAND_NAME = import.meta.url.endsWith('.ts') ? './aggregator' : 'aggregator';
