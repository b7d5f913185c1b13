// Lets a thread that computes without a pause stand back behind the other threads of its process. Only Linux gives each
// thread a priority of its own.

import { constants, getPriority, setPriority } from 'node:os';

/** The thread that asks. */
const THIS_THREAD = 0;

/**
 * Lowers the priority of the thread that calls it by so many of the 40 steps that the system has, down to its lowest.
 * On systems where that would change the whole process it does nothing. Never throws.
 */
export function lowerThreadPriority(steps: number): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(THIS_THREAD, Math.min(constants.priority.PRIORITY_LOW, getPriority(THIS_THREAD) + steps));
  } catch {
    // A sandbox may forbid it; the thread then works as before.
  }
}
