// The wiring of a process that only splits (SPLIT=only): the splitter thread, and HTTP for probes and Prometheus. It has no
// database. It makes the parts, starts them in order and stops them.

import { randomBytes } from 'node:crypto';
import type { Log } from '../../io/log.ts';
import { ClockWatch } from '../../lib/clock-watch.ts';
import { type DescriptorWatch, watchDescriptors } from '../../lib/descriptors.ts';
import { CodedError } from '../../lib/errors.ts';
import type { LineLoss } from '../../lib/line-output.ts';
import { type Part, startAt } from '../../lib/part.ts';
import { programVersion } from '../../lib/version.ts';
import type { HttpServer } from '../../http/bounded-server.ts';
import { buildReading, descriptorReading, logReading } from '../../metrics/program-readings.ts';
import { readFrom } from '../../metrics/reading.ts';
import { MetricsRegistry } from '../../metrics/registry.ts';
import { ChildThread } from '../../workers/child-thread.ts';
import { natsOptions } from '../broker/broker-choice.ts';
import type { Settings } from '../config/settings.ts';
import type { SplittersStatus } from '../domain/splitter-status.ts';
import { createSplitterServer, judgeSplitters } from '../http/splitter-server.ts';
import { SPLITTER_READINGS } from '../metrics/splitter-readings.ts';
import { splitterThreadUrl } from './files.ts';
import type { MainToSplitter, SplitterThreadData, SplitterToMain } from './splitter-messages.ts';

/** What a process that only splits needs of the command that runs it. */
export interface SplitterAppParts {
  readonly log: Log;
  /** The lines that the log could not write. */
  logLoss(): LineLoss;
  /** Called when the program cannot continue: the caller must stop it and end with a non-zero code. */
  fatal(error: CodedError): void;
}

/** The running splitter. */
export interface SplitterApp extends Part {
  /** Resolves when HTTP listens; the brokers may still be away. Throws a `CodedError`. */
  start(): Promise<void>;
  /** Writes the checkpoints, gives the leases away, and ends the thread. */
  stop(): Promise<void>;
  /** Ends at once; there are no child processes. */
  kill(): void;
}

/** Makes the process that only splits; it does nothing before `start`. */
export function createSplitterApp(settings: Settings, parts: SplitterAppParts): SplitterApp {
  return new SplitOnly(settings, parts);
}

/** A name of this process that no other has: it stands in leases and in rounds. */
export function holderName(replica: string): string {
  return `${replica}-${randomBytes(4).toString('hex')}`;
}

class SplitOnly implements SplitterApp {
  readonly #parts: SplitterAppParts;
  readonly #settings: Settings;
  readonly #started = new AsyncDisposableStack();
  readonly #clock: ClockWatch;
  readonly #descriptors: DescriptorWatch;
  readonly #metrics: MetricsRegistry;
  readonly #http: HttpServer;
  readonly #thread: Part;
  #status: SplittersStatus | null = null;

  constructor(settings: Settings, parts: SplitterAppParts) {
    const { log } = parts;
    this.#settings = settings;
    this.#parts = parts;
    this.#clock = new ClockWatch((sentence) => log.warn(sentence));
    this.#descriptors = watchDescriptors(log);
    this.#metrics = this.#makeMetrics();
    this.#http = createSplitterServer(settings.http, {
      live: () => true,
      readiness: () =>
        judgeSplitters({
          status: this.#status,
          descriptorProblem: this.#descriptors.problem,
          logLoss: parts.logLoss(),
        }),
      metrics: async () => ({ contentType: this.#metrics.contentType, text: await this.#metrics.text() }),
    });
    this.#thread = this.#makeThread();
  }

  async start(): Promise<void> {
    const { log } = this.#parts;
    await startAt(this.#started, this.#descriptors);
    this.#started.defer(() => this.#metrics.stop());
    await startAt(this.#started, this.#clock);
    await startAt(this.#started, this.#thread);
    const { url } = await startAt(this.#started, this.#http);
    log.info(`http: listening on ${url}`);
  }

  stop(): Promise<void> {
    return this.#started.disposeAsync();
  }

  kill(): void {}

  #makeMetrics(): MetricsRegistry {
    const registry = new MetricsRegistry({ wallMs: (monotonicMs) => this.#clock.wallMs(monotonicMs) });
    registry.addReadings(
      [
        ...readFrom(SPLITTER_READINGS, () => ({ splitters: this.#status })),
        ...readFrom([descriptorReading('aggregator')], () => this.#descriptors),
        ...readFrom([logReading('aggregator')], () => this.#parts.logLoss()),
        buildReading('aggregator'),
      ],
      () => ({ version: programVersion() }),
    );
    return registry;
  }

  #makeThread(): Part {
    const settings = this.#settings;
    const { cluster } = settings;
    if (cluster === null) throw new RangeError('A process without a cluster splits no streams.');
    const data: SplitterThreadData = {
      settings,
      nats: natsOptions(settings.nats, null),
      holder: holderName(cluster.replica),
    };
    return new ChildThread<MainToSplitter, SplitterToMain>(
      { url: splitterThreadUrl, name: 'splitter', data },
      {
        message: (message) => this.#hear(message),
        died: (error) => {
          this.#parts.log.error('splitter: the thread died', { error });
          this.#fatal(
            new CodedError('ingest_failed', 'The splitter thread died; another process takes over.'),
          );
        },
      },
    );
  }

  #hear(message: SplitterToMain): void {
    if (message.type === 'status') this.#status = message.status;
    if (message.type === 'log') this.#parts.log[message.level](message.sentence);
    if (message.type === 'failed') this.#fatal(new CodedError(message.code, message.sentence));
  }

  #fatal(error: CodedError): void {
    if (!this.#started.disposed) this.#parts.fatal(error);
  }
}
