// `aggregator agent --dry-run`: reads the node's files as the agent does, with a state in memory, and prints each message
// instead of sending it. It connects to nothing and writes no file.

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { complain, print } from '../../cli/output.ts';
import { untilSignal } from '../../cli/until-signal.ts';
import type { Environment } from '../../config/environment.ts';
import { createLog, type Log } from '../../io/log.ts';
import { systemClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { startAt } from '../../lib/part.ts';
import { readSettings } from '../config/settings.ts';
import type { AgentSettings } from '../config/settings.ts';
import { readIdentityFile } from '../store/identity-file.ts';
import { ReaderSide } from '../threads/reader-side.ts';

/** Messages that are printed at a time. */
const BATCH = 1_000;
/** Time until the next look if nothing waits, in ms. */
const LOOK_MS = 10;
const SALT_BYTES = 32;

/**
 * Prints what would be sent until a signal, until nobody reads it any more, or with `isOnce` until everything was read;
 * resolves with the exit code.
 */
export async function dryRun(env: Environment, isOnce: boolean): Promise<number> {
  const { settings, warnings } = readSettings(env);
  // Standard output is for the messages.
  const log = createLog({ ...settings.log, hidesErrorTexts: true, write: complain });
  for (const warning of warnings) log.warn(`settings: ${warning}`);
  const done = Promise.withResolvers<void>();
  return untilSignal({
    log,
    ready: 'dry run: nothing is sent',
    stopping: 'nothing was sent',
    asked: done.promise,
    make: (fatal) => new DryRun(settings, { log, fatal, isOnce, done: done.resolve }),
  });
}

class DryRun {
  readonly #settings: AgentSettings;
  readonly #log: Log;
  readonly #reader: ReaderSide;
  readonly #isOnce: boolean;
  readonly #done: () => void;
  readonly #fatal: (error: CodedError) => void;
  readonly #started = new AsyncDisposableStack();
  #isTold = false;
  #printed = 0;
  /** The node's own id, and the one of the state in memory. */
  #nodeIds: { readonly own: string; readonly made: string } | null = null;

  constructor(
    settings: AgentSettings,
    parts: { readonly log: Log; readonly isOnce: boolean; fatal(error: CodedError): void; done(): void },
  ) {
    const { log, fatal } = parts;
    const { sources, queueMax } = settings;
    this.#settings = settings;
    this.#log = log;
    this.#isOnce = parts.isOnce;
    this.#done = () => parts.done();
    this.#fatal = fatal;
    this.#reader = new ReaderSide(
      { ...sources, path: null, queueMax },
      { log, reported: () => undefined, fatal },
    );
  }

  async start(): Promise<void> {
    const { identity } = await startAt(this.#started, this.#reader);
    const kept = readIdentityFile(this.#settings.databasePath);
    const own = kept === null || kept === 'damaged' ? identity.nodeId : kept.identity.nodeId;
    this.#nodeIds = { own, made: identity.nodeId };
    const { salt } = this.#settings;
    if (salt === null)
      this.#log.warn(
        'dry run: the hashes are made with an invented salt; FEDERATION_SALT shows the real ones',
      );
    await this.#reader.setSalt(salt ?? randomBytes(SALT_BYTES).toString('hex'));
    void this.#printAll();
  }

  stop(): Promise<void> {
    return this.#started.disposeAsync();
  }

  kill(): void {}

  /** Prints what waits, again and again, until everything was read or the reader has ended. */
  async #printAll(): Promise<void> {
    try {
      while (!this.#started.disposed) {
        if (await this.#printBatch()) continue;
        const { report } = this.#reader;
        if (report?.isAtEnd === true && report.waiting === 0) this.#end();
        await delay(LOOK_MS);
      }
    } catch (error) {
      // The reader's thread has ended, and says so itself.
      if (error instanceof CodedError && error.code === 'output_failed') this.#fatal(error);
    }
  }

  /** False if nothing waits. */
  async #printBatch(): Promise<boolean> {
    const ids = this.#nodeIds;
    const { outbox } = this.#reader;
    const messages = await outbox.take(BATCH, systemClock.nowMs(), []);
    if (messages.length === 0 || ids === null) return false;
    const text = messages.map(({ payload }) => `${payload.replace(ids.made, ids.own)}\n`).join('');
    if (!print(text)) {
      this.#done();
      return false;
    }
    this.#printed += messages.length;
    await outbox.confirmed(messages.map(({ id }) => id));
    return true;
  }

  #end(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const files = this.#reader.report?.sources.reduce((sum, source) => sum + source.files.length, 0) ?? 0;
    this.#log.info(`dry run: ${this.#printed} messages of ${files} files would be sent`);
    if (this.#isOnce) this.#done();
  }
}
