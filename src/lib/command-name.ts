// What people type to run a command: the script in a clone, or the installed program.

/** `./aggregator` where the program runs from its sources; `aggregator` where it was built, as in the image. */
export const COMMAND_NAME = import.meta.url.endsWith('.ts') ? './aggregator' : 'aggregator';
