// Publishes statistics over its own connection, so that a busy writer delays no publication. While the broker is away
// it publishes nothing, because old numbers sent late would be taken for new ones.

import {
  connectBroker,
  describe,
  type NatsConnection,
  type NatsOptions,
  pause,
  settled,
} from '../../io/nats.ts';
import { Refusals } from '../../io/refusals.ts';
import type { Signer } from '../../lib/ed25519.ts';
import type { Part } from '../../lib/part.ts';
import type { StatisticsMessage } from './payload.ts';
import { signedHeaders } from './signed-headers.ts';

/**
 * Maximum wait for the broker's confirmation. A broker that takes longer is not working, and the next tick must not
 * wait for it.
 */
const FLUSH_MAX_MS = 5000;
/**
 * Each connection reconnects at its own pace: at most 2 s between attempts, plus the time of each attempt. Only after
 * this long does it count as a problem that this connection is away while the other is not.
 */
const APART_MAX_MS = 10_000;

/** What a {@link Publisher} needs of its owner. */
export interface PublisherParts {
  /** Called at the start: how to reach the broker. */
  nats(): NatsOptions;
  /** Signs every message. */
  signer(): Signer;
  /**
   * True while the ingest thread's connection is up. That connection logs outages of the broker; while it is down too,
   * the publisher logs nothing.
   */
  isBrokerThere(): boolean;
  monotonicMs(): number;
  log(level: 'info' | 'warn', sentence: string): void;
}

/**
 * Why statistics did not reach the broker. Two problems with the same `key` are the same problem, even if the numbers
 * in their sentences differ.
 */
interface Problem {
  readonly key: string;
  readonly sentence: string;
}

/** The connection that publishes signed statistics. */
export class Publisher implements Part {
  readonly #parts: PublisherParts;
  readonly #stop = new AbortController();
  readonly #refusals = new Refusals();
  #connection: NatsConnection | null = null;
  #isConnected = false;
  /** Why the connection cannot be made; null if it is up, or if no attempt has failed yet. */
  #unreachable: string | null = null;
  /**
   * Since when the ingest thread's connection has been up while this one was not, on the monotonic clock; null
   * otherwise.
   */
  #apartSinceMs: number | null = null;
  #problem: Problem | null = null;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** Why the latest statistics did not reach the broker although it is there; null if they did, or if none were due. */
  get problem(): string | null {
    return this.#problem?.sentence ?? null;
  }

  /** Number of subjects that the broker did not allow at the last attempt. */
  get refusals(): number {
    return this.#refusals.size;
  }

  /** Starts connecting, which may take any time. */
  async start(): Promise<void> {
    void this.#connect();
  }

  async #connect(): Promise<void> {
    this.#connection = await connectBroker(
      'truebit-aggregator-publish',
      this.#parts.nats(),
      {
        onConnected: () => {
          this.#isConnected = true;
          this.#unreachable = null;
        },
        onDisconnected: () => {
          this.#isConnected = false;
        },
        onUnreachable: (reason) => {
          this.#unreachable = reason;
        },
        onRefused: (refusal) => void this.#refusals.add(refusal),
      },
      this.#stop.signal,
    );
  }

  /** Signs and publishes the messages, and waits until the broker has them all. False if it is away or refuses some. */
  async publish(messages: readonly StatisticsMessage[]): Promise<boolean> {
    const problem = await this.#tryTo(messages);
    // While both connections are down, the previous problem remains.
    if (problem !== 'away') this.#tell(problem);
    else if (this.#unreachable !== null && this.#isApart())
      this.#tell(same(`the connection for publishing cannot be made: ${this.#unreachable}`));
    if (problem !== 'away') this.#apartSinceMs = null;
    return problem === null;
  }

  /** True if only this connection is down, and has been for too long to be merely slower than the other. */
  #isApart(): boolean {
    const { isBrokerThere, monotonicMs } = this.#parts;
    this.#apartSinceMs = isBrokerThere() ? (this.#apartSinceMs ?? monotonicMs()) : null;
    return this.#apartSinceMs !== null && monotonicMs() - this.#apartSinceMs >= APART_MAX_MS;
  }

  /** Null if the broker has all messages, `away`, or the problem. */
  async #tryTo(messages: readonly StatisticsMessage[]): Promise<Problem | 'away' | null> {
    const connection = this.#connection;
    if (connection === null || !this.#isConnected) return 'away';
    const signer = this.#parts.signer();
    this.#refusals.clear();
    const tooLarge: Problem[] = [];
    for (const { subject, payload } of messages) {
      const bytes = Buffer.from(payload);
      try {
        connection.publish(subject, bytes, { headers: signedHeaders(signer, bytes) });
      } catch (error) {
        if (connection.isClosed()) return 'away';
        tooLarge.push({
          key: subject,
          sentence: `${subject} with ${bytes.length} bytes (${describe(error)}: raise max_payload there, now ${connection.info?.max_payload ?? 'unknown'})`,
        });
      }
    }
    const answered = new AbortController();
    const flushed = settled(connection).then(
      () => 'there' as const,
      () => 'away' as const,
    );
    const late = pause(FLUSH_MAX_MS, answered.signal).then(() => 'late' as const);
    const outcome = await Promise.race([flushed, late]);
    answered.abort();
    if (outcome === 'away') return 'away';
    if (outcome === 'late') return same(`the broker has not confirmed them within ${FLUSH_MAX_MS / 1000} s`);
    const denied = this.#refusals.describe();
    if (denied !== null) return same(`${denied}: allow the aggregator's user to publish to truebit.stats.>`);
    if (tooLarge.length === 0) return null;
    return {
      key: `too large: ${tooLarge.map(({ key }) => key).join()}`,
      sentence: `the broker takes no message as large as ${tooLarge.map(({ sentence }) => sentence).join(', ')}`,
    };
  }

  #tell(problem: Problem | null): void {
    const isNews = problem?.key !== this.#problem?.key;
    const sentence = `statistics are not published: ${problem?.sentence ?? ''}`;
    this.#problem = problem === null ? null : { key: problem.key, sentence };
    if (!isNews) return;
    if (problem === null) this.#parts.log('info', 'publish: the broker takes the statistics again');
    else this.#parts.log('warn', `publish: ${sentence}; trying again with each tick`);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#connection?.close();
  }
}

function same(sentence: string): Problem {
  return { key: sentence, sentence };
}
