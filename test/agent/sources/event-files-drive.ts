// Drives EventFiles in a real folder as the reader's loop does, with a clock of its own.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  ReadStep,
  SourceFact,
  SourceProblem,
  SourceStatus,
  StoredPosition,
} from '../../../src/agent/domain/source-facts.ts';
import { EventFiles } from '../../../src/agent/sources/event-files.ts';

/** Interval of whole readings in these tests, in ms. */
export const RESCAN_MS = 3_600_000;

/** A completion as a record of an event file. */
export function outcome(executionId: string, more: object = {}): string {
  return JSON.stringify({ payload: { type: 'computed_outcome', executionId, ...more } });
}

/** An event file with these records. */
export function documentOf(records: readonly string[], indent = ''): string {
  return `{"records":[${indent}${records.join(`,${indent}`)}]}`;
}

/** The id that a fact is about. */
export function idIn(fact: SourceFact): string | null {
  return fact.kind === 'invoice' ? fact.invoiceId : fact.executionId;
}

/** A folder with event files and a reader of them, which can be started again. */
export class EventDrive implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'event-files-'));
  readonly problems: SourceProblem[] = [];
  /** Stored positions by key. */
  readonly positions = new Map<string, StoredPosition>();
  /** Bytes read since the last `read`. */
  bytes = 0;
  nowMs = Date.UTC(2026, 11, 1);
  reader: EventFiles;

  readonly #globs: readonly string[];

  constructor(globs: readonly string[] = ['*.json']) {
    this.#globs = globs.map((glob) => join(this.folder, glob));
    this.reader = this.#create();
  }

  /** Starts again with the positions that were stored. */
  async restart(): Promise<void> {
    await this.reader.close();
    this.reader = this.#create();
  }

  write(name: string, content: string | Uint8Array, ageS?: number): void {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    if (ageS !== undefined) utimesSync(path, Date.now() / 1_000 - ageS, Date.now() / 1_000 - ageS);
  }

  /** Looks and reads until there is nothing more; every step is stored. Returns the ids of the facts. */
  async read(): Promise<readonly (string | null)[]> {
    await this.reader.look(this.nowMs);
    const ids: (string | null)[] = [];
    this.bytes = 0;
    for (let step = await this.step(); step !== null; step = await this.step())
      ids.push(...step.facts.map(idIn));
    return ids;
  }

  /** The next step, which is stored. */
  async step(): Promise<ReadStep | null> {
    const step = await this.reader.next(this.nowMs);
    if (step === null) return null;
    this.bytes += step.bytes;
    this.positions.set(step.position.key, step.position);
    for (const key of step.dropped) this.positions.delete(key);
    this.reader.stored(step);
    return step;
  }

  status(): SourceStatus {
    return this.reader.status();
  }

  /** The states of the files by name. */
  states(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.status().files.map(({ name, state }) => [name, state]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reader.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #create(): EventFiles {
    return new EventFiles({
      globs: this.#globs,
      positions: [...this.positions.values()],
      keyOf: (path) => createHash('sha256').update(path).digest('hex').slice(0, 32),
      rescanIntervalMs: RESCAN_MS,
      onProblem: (problem) => this.problems.push(problem),
    });
  }
}
