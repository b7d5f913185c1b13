// How long a run waits for an expected event. Runs share the machine with others and with each other, so a start can
// take long.

export const PATIENCE_MS = 300_000;
