// The reference backend: an ingestion API that verifies signed summaries, stores them in a database of its own, and shows
// what they say. This file makes its parts, starts them in order and stops them. It shares nothing with the service but
// the rules of the wire.

import type { Log } from '../../io/log.ts';
import { systemClock } from '../../lib/clock.ts';
import { ClockWatch } from '../../lib/clock-watch.ts';
import type { CodedError } from '../../lib/errors.ts';
import { type Part, startAt } from '../../lib/part.ts';
import { systemTimers } from '../../lib/timers.ts';
import { programVersion } from '../../lib/version.ts';
import type { Exposition } from '../../metrics/registry.ts';
import { BodyRoom } from './body-room.ts';
import { Intake } from './intake.ts';
import { KeyRing, type KeySource } from './key-ring.ts';
import type { IngestSeams } from './messages.ts';
import { createBackendMetrics } from './metrics.ts';
import { type BackendServer, createBackendServer } from './server.ts';
import { IngestThread } from './thread-side.ts';
import { backendLiveState, type BackendView, judgeBackend } from './view.ts';

export type { KeySource } from './key-ring.ts';

/** How the backend runs. */
export interface BackendOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly databasePath: string;
  /** Where the keys come from whose summaries are taken; {@link defaultKeys} without a choice of the operator. */
  readonly keys: readonly KeySource[];
  /** Only for tests. */
  readonly seams?: IngestSeams;
}

/** What the backend needs of the program that runs it. */
export interface BackendParts {
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** Called when the backend cannot continue: the caller must stop it. */
  fatal(error: CodedError): void;
}

/** The keys without a choice of the operator: the key file of the service if it is there, and the list of the service. */
export function defaultKeys(keyFile: string, serviceUrl: string): readonly KeySource[] {
  return [
    { type: 'file', path: keyFile, isOptional: true },
    { type: 'address', url: `${serviceUrl}/.well-known/aggregator/keys` },
  ];
}

/** Makes the backend; it does nothing before `start`, which resolves when summaries are taken. Errors: a `CodedError`. */
export function createBackend(options: BackendOptions, parts: BackendParts): Part<{ readonly url: string }> {
  return new Backend(options, parts);
}

class Backend implements Part<{ readonly url: string }> {
  readonly #parts: BackendParts;
  readonly #started = new AsyncDisposableStack();
  readonly #startedAtMs = systemClock.nowMs();
  readonly #clock: ClockWatch;
  readonly #thread: IngestThread;
  readonly #keys: KeyRing;
  readonly #intake: Intake;
  readonly #room = new BodyRoom();
  readonly #metrics: Exposition;
  readonly #server: BackendServer;

  constructor({ host, port, databasePath, keys, seams = {} }: BackendOptions, parts: BackendParts) {
    this.#parts = parts;
    const { log } = parts;
    this.#clock = new ClockWatch((sentence) => log.warn(sentence));
    this.#thread = new IngestThread(
      { path: databasePath, seams },
      {
        log,
        fatal: (error) => {
          if (!this.#started.disposed) parts.fatal(error);
        },
      },
    );
    this.#keys = new KeyRing(keys, {
      clock: systemClock,
      timers: systemTimers,
      log,
      changed: (all) => this.#thread.setKeys(all),
    });
    this.#intake = new Intake({
      clock: systemClock,
      ingest: (body, digest) => this.#thread.ingest(body, digest),
      keysVersion: () => this.#keys.version,
      refreshKeys: () => this.#keys.refresh(),
    });
    this.#metrics = createBackendMetrics({
      view: () => this.#view(),
      feed: () => this.#server.feed(),
      wallMs: (monotonicMs) => this.#clock.wallMs(monotonicMs),
    });
    this.#server = this.#makeServer(host, port);
  }

  async start(): Promise<{ readonly url: string }> {
    this.#started.defer(() => this.#metrics.stop());
    await startAt(this.#started, this.#clock);
    await startAt(this.#started, this.#thread);
    await startAt(this.#started, this.#keys);
    const { url } = await startAt(this.#started, this.#server);
    this.#parts.log.info(`ingest: takes summaries at ${url}/api/ingest, and shows them at ${url}`);
    return { url };
  }

  stop(): Promise<void> {
    return this.#started.disposeAsync();
  }

  #makeServer(host: string, port: number): BackendServer {
    const { nowMs, monotonicMs } = systemClock;
    return createBackendServer(
      { host, port },
      {
        live: () => true,
        metrics: async () => ({ contentType: this.#metrics.contentType, text: await this.#metrics.text() }),
        readiness: () => judgeBackend(this.#view()),
        document: () => backendLiveState(this.#view()),
        failed: (error) => this.#parts.log.error('ingest: a request failed', { error }),
        ask: (name, argument) => this.#thread.ask(name, argument),
        intake: {
          room: this.#room,
          take: (body, digest) => this.#intake.take(body, digest),
          refusedUnread: (outcome) => this.#intake.refusedUnread(outcome),
        },
        version: () => this.#thread.status?.counts.summaries ?? 0,
        nowMs,
        monotonicMs,
      },
    );
  }

  #view(): BackendView {
    const { keys, refreshes } = this.#keys.counts;
    return {
      version: programVersion(),
      startedAtMs: this.#startedAtMs,
      status: this.#thread.status,
      outcomes: this.#intake.counts,
      intakeSeconds: this.#intake.seconds,
      waiting: this.#thread.waiting,
      bodyBytes: this.#room.bytes,
      keys,
      keyRefreshes: refreshes,
    };
  }
}
