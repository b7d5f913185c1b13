// The known nodes at a start: each gets its actor, in the state it was stored with, before any message is read. They are
// asked for page by page, for as long as it takes: a slow machine must not end the start.

import { setTimeout as rest } from 'node:timers/promises';
import type { NodeSign } from '../lifecycle/node-state.ts';
import { CodedError } from '../lib/errors.ts';

export interface ResumptionParts {
  /** The nodes whose numbers come next after this one; none if it is the last. `worker_timeout`: not now. */
  nodesAfter(number: number): Promise<readonly NodeSign[]>;
  heard(signs: readonly NodeSign[]): void;
  /** A page cannot be read yet; told once of each. */
  waits(error: CodedError): void;
  isStopping(): boolean;
}

/**
 * Resolves when all have their actors, or nobody wants them any more. Rests `retryMs` before it asks again. Throws what
 * `nodesAfter` throws, but for `worker_timeout`.
 */
export async function resumeNodes(retryMs: number, parts: ResumptionParts): Promise<void> {
  let afterNumber = 0;
  for (;;) {
    const signs = await page(afterNumber, retryMs, parts);
    const last = signs.at(-1);
    if (last === undefined || parts.isStopping()) return;
    parts.heard(signs);
    afterNumber = last.number;
  }
}

/** Empty also if we are stopped meanwhile. */
async function page(
  afterNumber: number,
  retryMs: number,
  parts: ResumptionParts,
): Promise<readonly NodeSign[]> {
  for (let isReported = false; ; isReported = true) {
    try {
      return await parts.nodesAfter(afterNumber);
    } catch (error) {
      if (parts.isStopping()) return [];
      if (!(error instanceof CodedError) || error.code !== 'worker_timeout') throw error;
      if (!isReported) parts.waits(error);
      await rest(retryMs);
    }
  }
}
