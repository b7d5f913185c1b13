// The aggregator of a run: the real program as a process, ended and started again at will. That it never ends by itself
// is part of what is tested, and so is how much memory it takes.

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Aggregator, SERVE_WITH_SEAMS, startAggregator } from '../../support/aggregator.ts';
import { PATIENCE_MS } from './patience.ts';
import { until } from '../../support/until.ts';
import type { IngestSeams } from '../../../src/federation/threads/messages.ts';

export class Program {
  readonly databasePath: string;
  /** Unexpected ends, and orderly stops that failed. */
  readonly complaints: string[] = [];
  rssBytesMax = 0;
  starts = 0;
  readonly #folder: string;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #seams: IngestSeams;
  #running: Aggregator | null = null;

  constructor(folder: string, settings: Readonly<Record<string, string>>, seams: IngestSeams) {
    this.#folder = folder;
    this.databasePath = join(folder, 'aggregator.db');
    this.#settings = { ...settings, DB_PATH: this.databasePath };
    this.#seams = seams;
  }

  /** True once the database file is there: it is being migrated then, or has been. */
  get hasDatabase(): boolean {
    return existsSync(this.databasePath);
  }

  start(commitDelayMs = 0): void {
    const seams: IngestSeams = { ...this.#seams, ...(commitDelayMs > 0 ? { commitDelayMs } : {}) };
    const hasSeams = Object.keys(seams).length > 0;
    const running = startAggregator(
      hasSeams ? { ...this.#settings, SEAMS: JSON.stringify(seams) } : this.#settings,
      hasSeams ? SERVE_WITH_SEAMS : undefined,
    );
    this.#running = running;
    this.starts++;
    void running.exit.then(({ code, signal }) => {
      this.#keepLog(running);
      if (this.#running !== running) return;
      this.#running = null;
      this.complaints.push(
        `the aggregator ended by itself with ${code ?? signal}: ${running.errors()} ${running.log.at(-1)?.msg ?? ''}`,
      );
    });
  }

  async kill(): Promise<void> {
    const running = this.#take();
    if (running === null) return;
    running.process.kill('SIGKILL');
    await running.exit;
  }

  /** An orderly stop, which must end with code 0. */
  async stop(): Promise<void> {
    const running = this.#take();
    if (running === null) return;
    running.process.kill('SIGTERM');
    const { code, signal } = await running.exit;
    // Before the program's code runs, a signal ends the process as it ends any other.
    if (code === 0 || (signal === 'SIGTERM' && running.log.length === 0)) return;
    this.complaints.push(`an orderly stop ended with ${code ?? signal}: ${running.log.at(-1)?.msg ?? ''}`);
  }

  pause(): void {
    this.#running?.process.kill('SIGSTOP');
  }

  resume(): void {
    this.#running?.process.kill('SIGCONT');
  }

  /** Resolves when `/readyz` is 200 and it has caught up. */
  async ready(): Promise<void> {
    if (this.#running === null) throw new Error(`no aggregator runs: ${this.complaints.join('; ')}`);
    await this.#running.ready(PATIENCE_MS);
  }

  /** Resolves when the log says this; false if it does not in time, or the process is gone. */
  async says(text: string, timeoutMs: number): Promise<boolean> {
    const running = this.#running;
    const isSaid = () => running !== null && running.log.some(({ msg }) => msg.includes(text));
    return until(text, () => isSaid() || this.#running !== running, timeoutMs).then(isSaid, () => false);
  }

  /** Records the most memory that the program has needed so far. */
  measure(): void {
    try {
      const status = readFileSync(`/proc/${this.#running?.process.pid ?? 0}/status`, 'utf8');
      const kilobytes = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
      this.rssBytesMax = Math.max(this.rssBytesMax, kilobytes * 1024);
    } catch {
      // The process is gone, or the system is not Linux.
    }
  }

  /** From here on its end is expected. */
  #take(): Aggregator | null {
    this.measure();
    const running = this.#running;
    this.#running = null;
    return running;
  }

  #keepLog(running: Aggregator): void {
    const lines = running.log.map((line) => JSON.stringify(line));
    appendFileSync(
      join(this.#folder, 'log.jsonl'),
      `${[`-- start ${this.starts}`, ...lines, running.errors()].join('\n')}\n`,
    );
  }
}
