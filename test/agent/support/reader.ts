// A reader's thread with real files, and what it said.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { QueuedMessage } from '../../../src/agent/domain/messages.ts';
import type { ReaderReport } from '../../../src/agent/domain/reader-report.ts';
import type { ReaderThreadData } from '../../../src/agent/threads/messages.ts';
import { ReaderSide } from '../../../src/agent/threads/reader-side.ts';
import type { CodedError } from '../../../src/lib/errors.ts';
import { until } from '../../support/until.ts';

export const SALT = 'f'.repeat(64);

/** A folder that is gone when the test is over. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-reader-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a thread is started with: the files and the state are in the folder. */
export function dataIn(folder: string, changes: Partial<ReaderThreadData> = {}): ReaderThreadData {
  return {
    path: join(folder, 'agent.db'),
    events: [join(folder, '*-eventDB.json')],
    logs: [],
    logTimeZone: 'UTC',
    history: 'all',
    pollIntervalMs: 200,
    rescanIntervalMs: 3_600_000,
    outcomeWaitMs: 200,
    queueMax: 10_000,
    ...changes,
  };
}

/** Writes the event file anew, with as many received tasks. */
export function writeEvents(folder: string, count: number): void {
  const records = Array.from({ length: count }, (_, index) => ({
    type: 'task_created',
    executionId: `execution-${index}`,
    message: { chainId: '43113', taskType: 'api' },
  }));
  writeFileSync(join(folder, 'node-eventDB.json'), JSON.stringify({ records }));
}

/** A thread that the test starts and stops. */
export class Reader {
  readonly lines: string[] = [];
  readonly errors: CodedError[] = [];
  readonly side: ReaderSide;

  constructor(data: ReaderThreadData) {
    const say = (line: string) => void this.lines.push(line);
    this.side = new ReaderSide(data, {
      log: { info: say, warn: say, error: say },
      reported: () => undefined,
      fatal: (error) => void this.errors.push(error),
    });
  }

  /** Resolves with the first report for which this is true. */
  reported(what: string, check: (report: ReaderReport) => boolean): Promise<ReaderReport> {
    return until(what, () => {
      const { report } = this.side;
      return report !== null && check(report) ? report : null;
    });
  }

  /** Takes what waits, at most `limit`, and confirms it. */
  async drain(limit = 1_000): Promise<readonly QueuedMessage[]> {
    const messages = await this.side.outbox.take(limit, Date.now(), []);
    await this.side.outbox.confirmed(messages.map(({ id }) => id));
    return messages;
  }
}
