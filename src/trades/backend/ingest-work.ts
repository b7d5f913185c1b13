// The work of the thread that owns the database: it verifies each summary and stores it, and answers questions of the
// page. A summary is answered for only after it is on the disk.

import type { Clock } from '../../lib/clock.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { unreachable } from '../../lib/unreachable.ts';
import type { Database } from '../../store/database.ts';
import type { DatabaseFiles } from '../../store/database-files.ts';
import type { Disk } from '../../store/free-space.ts';
import { codeOf, refusalOf } from '../../store/refusal.ts';
import { WriterHealth } from '../../store/writer-health.ts';
import type { ThreadWork } from '../../workers/thread-entry.ts';
import { ClientFiguresReader } from './client-figures.ts';
import type {
  AskMessage,
  IngestKey,
  IngestMessage,
  IngestOutcome,
  IngestStatus,
  IngestThreadData,
  IngestToMain,
  MainToIngest,
} from './messages.ts';
import { Reports } from './reports.ts';
import { SummaryRows } from './summary-rows.ts';
import { verifyBody } from './verify-body.ts';

/** Time between two reports of the state, and two trials of a database that takes nothing. */
const TURN_MS = 1_000;
const SQLITE_PAGES = 4_294_967_294;

/** What an {@link IngestWork} needs of its thread. */
export interface IngestWorkParts {
  readonly database: Database;
  readonly files: DatabaseFiles;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
  send(message: IngestToMain): void;
}

/** The work of the thread. */
export class IngestWork implements ThreadWork<MainToIngest> {
  readonly health: WriterHealth;
  readonly #data: IngestThreadData;
  readonly #parts: IngestWorkParts;
  readonly #rows: SummaryRows;
  readonly #reports: Reports;
  #keys: ReadonlyMap<string, IngestKey> = new Map();
  #turns: Timer | null = null;
  #isDefectTold = false;

  constructor(data: IngestThreadData, parts: IngestWorkParts) {
    this.#data = data;
    this.#parts = parts;
    const { database, files, disk, timers, clock, send } = parts;
    this.#rows = new SummaryRows(database, data.seams.clientsMax);
    this.#reports = new Reports(database, new ClientFiguresReader(database, clock.monotonicMs));
    this.health = new WriterHealth(data.path, {
      files,
      disk,
      timers,
      words: { item: 'summary', pause: 'summaries are refused with 503', resumes: 'this warning ends' },
      log: (level, sentence) => send({ type: 'log', level, sentence: `ingest database: ${sentence}` }),
      fatal: ({ code, message }) => send({ type: 'failed', code, sentence: message }),
      roomChanged: () => undefined,
    });
  }

  /** Tells main that the database is open. */
  async start(): Promise<void> {
    await this.health.start();
    this.#parts.send({ type: 'opened', status: this.#status() });
    this.#turns = this.#parts.timers.every(TURN_MS, () => this.#turn());
  }

  async stop(): Promise<void> {
    this.#turns?.cancel();
    await this.health.stop();
  }

  receive(message: Exclude<MainToIngest, { readonly type: 'stop' }>): void {
    switch (message.type) {
      case 'keys':
        this.#keys = new Map(message.keys.map((key) => [key.kid, key]));
        return;
      case 'ingest':
        this.#ingest(message);
        return;
      case 'ask':
        this.#answer(message);
        return;
      default:
        unreachable(message);
    }
  }

  #ingest({ id, body, expectedDigest }: IngestMessage): void {
    const verified = verifyBody(body, this.#keys, expectedDigest);
    const outcome: IngestOutcome =
      verified.type === 'refused'
        ? verified
        : this.#store({ ...verified.summary, receivedMs: this.#parts.clock.nowMs() });
    this.#parts.send({ type: 'status', status: this.#status() });
    this.#parts.send({ type: 'ingested', id, outcome });
  }

  #store(summary: Parameters<SummaryRows['store']>[0]): IngestOutcome {
    try {
      const outcome = this.#written(() => this.#rows.store(summary));
      if (outcome !== 'clients_full') return { type: outcome, digest: summary.digest };
      return {
        type: 'refused',
        code: 'clients_full',
        sentence: 'the client is new, and this backend holds as many clients as it can',
      };
    } catch (error) {
      if (refusalOf(error) === null) this.#tellDefect(`a summary cannot be stored (${codeOf(error)})`);
      return { type: 'unavailable' };
    }
  }

  /** Writes, and keeps the state of the database up to date. Throws what kept it from being written. */
  #written<T>(write: () => T): T {
    const { files, database } = this.#parts;
    const { pagesMax } = this.#data.seams;
    try {
      if (pagesMax !== undefined) database.pragma(`max_page_count = ${pagesMax[0] || SQLITE_PAGES}`);
      files.check();
      const result = write();
      files.written();
      this.health.recovered();
      return result;
    } catch (error) {
      if (refusalOf(error) !== null) this.health.failed(error, false);
      throw error;
    }
  }

  #answer({ id, name, argument }: AskMessage): void {
    const { send } = this.#parts;
    try {
      send({ type: 'answered', id, answer: this.#reports.answer(name, argument) });
    } catch (error) {
      this.#tellDefect(`the question ${name} cannot be answered (${codeOf(error)})`);
      send({ type: 'unanswered', id });
    }
  }

  /** While the database takes nothing it is tried again and again, so that probes see when it does. */
  #turn(): void {
    if (this.health.isRefused && !this.health.isFatal) {
      try {
        this.#written(() => this.#rows.tryToWrite());
      } catch {
        // The state of the database has it.
      }
    }
    this.#parts.send({ type: 'status', status: this.#status() });
  }

  #status(): IngestStatus {
    return { ...this.health.status(), counts: this.#rows.counts };
  }

  #tellDefect(what: string): void {
    if (this.#isDefectTold) return;
    this.#isDefectTold = true;
    const sentence = `ingest database: ${what}: check the disk; if it is well, this is a defect of the aggregator, please report it`;
    this.#parts.send({ type: 'log', level: 'error', sentence });
  }
}
