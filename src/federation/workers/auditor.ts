// Audits the database now and then, in a thread that lives as long as the audit. It decides nothing about the result.

import { Worker } from 'node:worker_threads';
import type { AuditReport } from './audit.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';

/** Until an audit that the database refused is made again, at least, and as many times as long as it took. */
export const REFUSED_AUDIT_INTERVAL_MS = 60_000;
export const REFUSED_AUDIT_REST = 9;

/** What the thread sends before it ends. */
export type AuditReply =
  | { readonly type: 'made'; readonly report: AuditReport }
  /** The database refuses; the sentence is for the operator. */
  | { readonly type: 'refused'; readonly sentence: string };

export interface AuditorOptions {
  readonly workerUrl: URL;
  readonly databasePath: string;
  /** Between the ends and beginnings of audits, and before the first. */
  readonly intervalMs: number;
  /** An audit that takes longer is ended. */
  readonly timeMaxMs: number;
}

export interface AuditorParts {
  done(report: AuditReport): void;
  /** The database cannot be read; the next audit comes sooner, so that its end is noticed. */
  refused(sentence: string): void;
  failed(error: unknown): void;
}

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
    const { workerUrl, databasePath, timeMaxMs } = this.#options;
    const worker = new Worker(workerUrl, { workerData: { databasePath }, name: 'audit' });
    this.#worker = worker;
    let failure: unknown = new Error(`the audit took longer than ${timeMaxMs / 1000} s`);
    let reply: AuditReply | null = null;
    const startedMs = systemClock.monotonicMs();
    const overdue = setTimeout(() => void worker.terminate(), timeMaxMs);
    worker.on('message', (message: AuditReply) => {
      reply = message;
    });
    worker.on('error', (error) => {
      failure = error;
    });
    worker.on('exit', () => {
      clearTimeout(overdue);
      // Stopped meanwhile.
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
