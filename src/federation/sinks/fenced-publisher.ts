// Publishes the ticks of a cluster through a stream that fences and republishes: each message names the sequence after
// which it must stand, so of two publishers one is refused and heard by nobody, also one that was frozen and wakes up in
// mid-tick. This file decides neither what is published nor when.

import type { FencedMessage, FencedStream, OpenFencedStream } from '../../io/fenced-stream.ts';
import { FenceRefusal } from '../../io/fenced-stream.ts';
import { describe, type NatsConnection } from '../../io/nats.ts';
import type { Signer } from '../../lib/ed25519.ts';
import { CLUSTER_SUBJECTS, STATS_STREAM } from '../domain/cluster.ts';
import {
  type Publication,
  type Published,
  publishedBy,
  readTickRecord,
  STATS_NAMES,
  TICK_HEADER,
  TICK_ORDER,
  type TickHeader,
} from '../domain/published-tick.ts';
import type { TickStatistics } from '../domain/statistics.ts';
import { statisticsMessage } from './payload.ts';
import { signedHeaders } from './signed-headers.ts';

/** What a {@link FencedPublisher} needs of its owner. */
export interface FencedPublisherParts {
  /** The connection to the brokers; null while there is none. */
  connection(): NatsConnection | null;
  readonly open: OpenFencedStream;
  signer(): Signer;
  aggregatorId(): string;
  /** Makes {@link STATS_STREAM}, which is missing. */
  makeStream(): Promise<void>;
}

/** Maximum wait for the brokers' answer to one request, in ms; a tick has five of them at least. */
export const STATS_TIMEOUT_MS = 2_000;

/** What this process knows of the stream. */
interface Place {
  readonly published: Published;
  /** The sequence after which the next message must stand. */
  readonly lastSeq: number;
}

/** The publisher of one process. One call at a time. */
export class FencedPublisher {
  readonly #parts: FencedPublisherParts;
  /** Null until the stream is read, and after any publication that was not taken whole. */
  #place: Place | null = null;

  constructor(parts: FencedPublisherParts) {
    this.#parts = parts;
  }

  /**
   * What was published before: as this process published it last, or as the stream holds it. Makes the stream if it is
   * missing. Rejects without a connection, or if the brokers do not answer.
   */
  async published(): Promise<Published> {
    const stream = this.#stream();
    this.#place ??= await this.#read(stream);
    return this.#place.published;
  }

  /** Forgets what the stream held, so that it is read again: another process may have published. */
  forget(): void {
    this.#place = null;
  }

  /**
   * Signs and publishes the messages of a tick, one after another. Rejects never. Call {@link published} before it.
   */
  async publish(tick: TickStatistics, header: TickHeader): Promise<Publication> {
    const place = this.#place;
    // Only a tick that is taken whole leaves knowledge behind.
    this.#place = null;
    if (place === null) return { type: 'unknown', problem: 'the stream of statistics has not been read' };
    try {
      const stream = this.#stream();
      let { lastSeq } = place;
      for (const period of TICK_ORDER) {
        await this.#append(stream, tick, period, header, lastSeq);
        lastSeq++;
      }
      const { t, progress, placesAtMs } = header;
      this.#place = {
        lastSeq,
        published: { t, isWhole: true, progress, all: tick.periods.all, placesAtMs },
      };
      return { type: 'published' };
    } catch (error) {
      return error instanceof FenceRefusal
        ? { type: 'refused' }
        : { type: 'unknown', problem: describe(error) };
    }
  }

  async #append(
    stream: FencedStream,
    tick: TickStatistics,
    period: (typeof TICK_ORDER)[number],
    header: TickHeader,
    lastSeq: number,
  ): Promise<void> {
    const { payload } = statisticsMessage(
      period,
      tick.periods[period],
      tick.nowMs,
      this.#parts.aggregatorId(),
    );
    const bytes = Buffer.from(payload);
    const headers = signedHeaders(this.#parts.signer(), bytes);
    headers.set(TICK_HEADER, JSON.stringify(header));
    await stream.append(CLUSTER_SUBJECTS.stats(STATS_NAMES[period]), bytes, headers, lastSeq);
  }

  #stream(): FencedStream {
    const connection = this.#parts.connection();
    if (connection === null || connection.isClosed()) throw new Error('not connected to the broker');
    return this.#parts.open(connection, STATS_STREAM, STATS_TIMEOUT_MS);
  }

  async #read(stream: FencedStream): Promise<Place> {
    let ends = await stream.ends();
    if (ends === null) {
      await this.#parts.makeStream();
      ends = await stream.ends();
    }
    if (ends === null) throw new Error(`the stream ${STATS_STREAM} is missing`);
    const messages = await Promise.all(
      TICK_ORDER.map((period) => stream.lastOf(CLUSTER_SUBJECTS.stats(STATS_NAMES[period]))),
    );
    return placeOf(messages, ends.lastSeq);
  }
}

/** A message behind `lastSeq` came from another publisher meanwhile: then the first publication will be refused. */
function placeOf(messages: readonly (FencedMessage | null)[], lastSeq: number): Place {
  const records = messages
    .map((message) => (message === null ? null : readTickRecord(message)))
    .filter((record) => record !== null);
  return { published: publishedBy(records, lastSeq), lastSeq };
}
