// Audits the database at intervals, in a thread that lives as long as the audit. It does not judge the result.

import { Worker } from 'node:worker_threads';
import type { AuditReport } from './audit.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';

/**
 * Maximum duration of an audit, enough for some hundred million rows. SQLite cannot reuse the write-ahead log
 * meanwhile.
 */
const AUDIT_TIME_MAX_MS = 600_000;
/** Minimum wait, in ms, before an audit that the database refused is repeated. */
export const REFUSED_AUDIT_INTERVAL_MS = 60_000;
/** The wait is also at least this many times as long as the refused audit took. */
export const REFUSED_AUDIT_REST = 9;

/** The message that the thread sends before it ends. */
export type AuditReply =
  | { readonly type: 'made'; readonly report: AuditReport }
  /** The database refused to be read; the sentence is for the operator. */
  | { readonly type: 'refused'; readonly sentence: string };

/** Where and when to audit. `workerUrl` is the file that the thread runs. */
export interface AuditorOptions {
  readonly workerUrl: URL;
  readonly databasePath: string;
  /** Wait between the end of an audit and the next one, and before the first. */
  readonly intervalMs: number;
}

/** What an {@link Auditor} tells its owner. */
export interface AuditorParts {
  done(report: AuditReport): void;
  /**
   * The database refuses to be read. The next audit comes sooner than usual, so that the end of the trouble is noticed.
   */
  refused(sentence: string): void;
  failed(error: unknown): void;
}

/** Starts and ends the audits of one database. */
export class Auditor implements Part {
  readonly #options: AuditorOptions;
  readonly #parts: AuditorParts;
  #timer: NodeJS.Timeout | null = null;
  #worker: Worker | null = null;

  constructor(options: AuditorOptions, parts: AuditorParts) {
    this.#options = options;
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#auditIn(this.#options.intervalMs);
  }

  #auditIn(restMs: number): void {
    this.#timer = setTimeout(() => this.#audit(), restMs);
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #audit(): void {
    const { workerUrl, databasePath } = this.#options;
    const worker = new Worker(workerUrl, { workerData: { databasePath }, name: 'audit' });
    this.#worker = worker;
    let failure: unknown = new Error(`the audit took longer than ${AUDIT_TIME_MAX_MS / 1000} s`);
    let reply: AuditReply | null = null;
    const startedMs = systemClock.monotonicMs();
    const overdue = setTimeout(() => void worker.terminate(), AUDIT_TIME_MAX_MS);
    worker.on('message', (message: AuditReply) => {
      reply = message;
    });
    worker.on('error', (error) => {
      failure = error;
    });
    worker.on('exit', () => {
      clearTimeout(overdue);
      // The auditor was stopped meanwhile.
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#ended(reply, failure, systemClock.monotonicMs() - startedMs);
    });
  }

  #ended(reply: AuditReply | null, failure: unknown, tookMs: number): void {
    const { intervalMs } = this.#options;
    const restMs = Math.max(REFUSED_AUDIT_INTERVAL_MS, REFUSED_AUDIT_REST * tookMs);
    this.#auditIn(reply?.type === 'refused' ? Math.min(intervalMs, restMs) : intervalMs);
    if (reply === null) this.#parts.failed(failure);
    else if (reply.type === 'made') this.#parts.done(reply.report);
    else this.#parts.refused(reply.sentence);
  }
}
