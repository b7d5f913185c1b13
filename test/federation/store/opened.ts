// A database file of a test and the writer on it, which can be closed as a crash would and opened again.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeSign } from '../../../src/lifecycle/node-state.ts';
import { type Database, openReader } from '../../../src/store/database.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import {
  type CommitReport,
  FederationWriter,
  type WriterOptions,
} from '../../../src/federation/store/writer.ts';
import { StatisticsQuery } from '../../../src/federation/workers/statistics.ts';
import { NO_LIMITS, NOW_MS } from './events.ts';

const SMALL: WriterOptions = {
  limits: NO_LIMITS,
  generationSize: 2,
  // Small filters are quick to make, and often answer "may have" wrongly.
  placesLog2: 6,
  transitionsPerNodeMax: 10,
};

export class Opened {
  readonly #path: string;
  readonly #options: WriterOptions;
  database: Database;
  writer: FederationWriter;

  constructor(path: string, options: Partial<WriterOptions> = {}) {
    this.#path = path;
    this.#options = { ...SMALL, ...options };
    this.database = openFederationWriter(path);
    this.writer = new FederationWriter(this.database, this.#options, 'test');
  }

  /** Ends like a kill: everything uncommitted is lost. Then opens the file again. */
  reopen(): void {
    this.writer.close();
    this.database = openFederationWriter(this.#path);
    this.writer = new FederationWriter(this.database, this.#options, 'test');
  }

  commit(observedMs = 0): { readonly signs: readonly NodeSign[]; readonly report: CommitReport } {
    return { signs: this.writer.commit(NOW_MS, observedMs), report: this.writer.lastCommit };
  }

  /** Whole passes of retention, each step in a commit of its own; returns the number of deleted rows. */
  prune(cutoffMs: number): number {
    let rows = 0;
    // A pass that a restart interrupted must end first.
    for (let passes = 0; passes < 2; ) {
      this.writer.pruneStep(cutoffMs);
      const { pruned } = this.commit().report;
      rows += pruned?.rows ?? 0;
      if (pruned?.isPassOver === true) passes++;
    }
    return rows;
  }

  all<Row = Record<string, unknown>>(sql: string): Row[] {
    return this.database.prepare<[], Row>(sql).all();
  }

  column(sql: string): unknown[] {
    return this.database.prepare(sql).pluck().all();
  }

  statistics() {
    const reader = openReader(this.#path);
    try {
      return new StatisticsQuery(reader).run(NOW_MS);
    } finally {
      reader.close();
    }
  }

  /** Every table, in a form comparable with another database's: without its secret and what was made with it. */
  dump(): Record<string, unknown[]> {
    const tables = this.column(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'hash_filters'",
    );
    return Object.fromEntries(
      tables.map((table) => [
        table,
        this.all(`SELECT * FROM ${String(table)} ORDER BY 1, 2`)
          .filter(({ name }) => name !== 'hash_key')
          .map(({ tag: _tag, ...row }) => row),
      ]),
    );
  }
}

/** A folder for a test's files. */
export function testFolder(name: string): {
  readonly path: (file: string) => string;
  /** The content of a file. */
  readonly bytes: (file: string) => Buffer;
  remove(): void;
} {
  const folder = mkdtempSync(join(tmpdir(), `aggregator-${name}-`));
  return {
    path: (file) => join(folder, file),
    bytes: (file) => readFileSync(join(folder, file)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
