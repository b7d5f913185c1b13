// A reader of logs with a store of positions in memory, and the entries that the tests write.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ReadStep, SourceFact, StoredPosition } from '../../../src/agent/domain/source-facts.ts';
import { LogFiles, type LogFilesOptions } from '../../../src/agent/sources/log-files.ts';

export const ADDRESS = `0x${'5A'.repeat(20)}`;
const START_MS = Date.UTC(2025, 10, 24, 13);

/** An entry: the `number`th second of the log, with its line end. */
export function entry(number: number, text: string): string {
  const time = new Date(START_MS + number * 1_000).toISOString().slice(0, 19).replace('T', ' ');
  return `${time} info: @truebit/worker-runner-node-${ADDRESS}:1.4.2 ${text}\n`;
}

/** The entry that an execution has completed. */
export function completion(number: number): string {
  return entry(number, `Execution ex-${number} completed`);
}

/** Completions from one number to before another. */
export function completions(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => completion(from + index)).join('');
}

/** The ids of {@link completions}. */
export function ids(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from }, (_, index) => `ex-${from + index}`);
}

/** A folder like that of a node's logs, until the test is over. */
export function logFolder(): string {
  const root = mkdtempSync(join(tmpdir(), 'aggregator-logs-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return logFolderIn(root);
}

/** The same below another folder. */
export function logFolderIn(root: string): string {
  const folder = join(root, '@truebit', `worker-runner-node-${ADDRESS}`, 'debug');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Reads as the agent does: looks, reads to the end, stores. The time is the test's own. */
export class LogReader {
  readonly #folder: string;
  readonly #options: Partial<LogFilesOptions>;
  readonly positions = new Map<string, StoredPosition>();
  readonly steps: ReadStep[] = [];
  files: LogFiles;
  /** Behind the real time of change of every file, so that a file found at the start is at rest. */
  nowMs = Date.now() + 3_600_000;

  constructor(folder: string, options: Partial<LogFilesOptions> = {}) {
    this.#folder = folder;
    this.#options = options;
    this.files = this.#open();
    onTestFinished(() => this.files.close());
  }

  /** Ends and begins anew, with what is stored. */
  async restart(): Promise<void> {
    await this.files.close();
    this.files = this.#open();
  }

  /** Looks once, reads everything and stores it. Gives the facts that this brought. */
  async read(afterMs = 1_000): Promise<readonly SourceFact[]> {
    this.nowMs += afterMs;
    const facts: SourceFact[] = [];
    await this.files.look(this.nowMs);
    for (;;) {
      const step = await this.files.next(this.nowMs);
      if (step === null) return facts;
      facts.push(...step.facts);
      this.store(step);
    }
  }

  /** Looks as often as it takes for every file to be at rest. */
  async readAll(): Promise<readonly SourceFact[]> {
    return [...(await this.read()), ...(await this.read()), ...(await this.read())];
  }

  /** The ids that {@link readAll} brought, in their order. */
  async readIds(): Promise<readonly string[]> {
    return idsOf(await this.readAll());
  }

  store(step: ReadStep): void {
    this.steps.push(step);
    this.positions.set(step.position.key, step.position);
    for (const key of step.dropped) this.positions.delete(key);
    this.files.stored(step);
  }

  #open(): LogFiles {
    return new LogFiles({
      globs: [this.#folder],
      timeZone: 'UTC',
      positions: [...this.positions.values()],
      keyOf: (text) => `key of ${text}`,
      ...this.#options,
    });
  }
}

/** The ids of facts; `?` for metrics without one. */
export function idsOf(facts: readonly SourceFact[]): readonly string[] {
  return facts.map((fact) => (fact.kind === 'invoice' ? fact.invoiceId : (fact.executionId ?? '?')));
}
