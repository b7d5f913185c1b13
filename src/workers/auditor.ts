// Audits the database now and then, in a thread that lives as long as the audit. It decides nothing about the result.

import { Worker } from 'node:worker_threads';
import type { AuditReport } from './federation/audit.ts';

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
  failed(error: unknown): void;
}

export class Auditor {
  readonly #options: AuditorOptions;
  readonly #parts: AuditorParts;
  #timer: NodeJS.Timeout | null = null;
  #worker: Worker | null = null;

  constructor(options: AuditorOptions, parts: AuditorParts) {
    this.#options = options;
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setTimeout(() => this.#audit(), this.#options.intervalMs);
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
    let report: AuditReport | null = null;
    const overdue = setTimeout(() => void worker.terminate(), timeMaxMs);
    worker.on('message', (message: AuditReport) => {
      report = message;
    });
    worker.on('error', (error) => {
      failure = error;
    });
    worker.on('exit', () => {
      clearTimeout(overdue);
      // Stopped meanwhile.
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.start();
      if (report === null) this.#parts.failed(failure);
      else this.#parts.done(report);
    });
  }
}
