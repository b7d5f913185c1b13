// Restores the known nodes at a start: each gets its actor in its stored state before any message is read. The nodes
// are read page by page, however long that takes: a slow machine must not make the start fail.

import { setTimeout as rest } from 'node:timers/promises';
import type { NodeSign } from '../lifecycle/node-state.ts';
import { CodedError } from '../lib/errors.ts';

/** What {@link resumeNodes} needs. */
export interface ResumptionParts {
  /**
   * The nodes with the next numbers after this one; empty after the last node. Rejects with `worker_timeout` if they
   * cannot be read at present.
   */
  nodesAfter(number: number): Promise<readonly NodeSign[]>;
  heard(signs: readonly NodeSign[]): void;
  /** A page cannot be read yet; called once per page. */
  waits(error: CodedError): void;
  isStopping(): boolean;
}

/**
 * Resolves when all nodes have their actors, or when the program is stopping. Waits `retryMs` before it reads a page
 * again. Rejects with the error of `nodesAfter`, except `worker_timeout`.
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

/** One page; empty also if the program is stopping. */
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
