// How far the heap of a program grows before V8 collects it. It bounds no memory that is in use.

import { setFlagsFromString } from 'node:v8';

/**
 * V8's default lets a heap grow to three or four times its live size: with a million waiting messages, 80 MB more
 * (bench/backlog.ts).
 */
const HEAP_GROWING_PERCENT = 120;

/** Lets the heaps of this process grow to 2.2 times what is in use; called before the program makes its threads. */
export function limitHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);
}
