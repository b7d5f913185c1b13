// An input stream at a broker, as a splitter reads it.

import { managerWithin, answeredAtMs } from '../../io/stream-access.ts';
import type { NatsConnection } from '../../io/nats.ts';
import { StreamReader } from '../../io/stream-reader.ts';
import { storedAtMs } from '../../io/streams.ts';
import { CREDENTIAL_HEADERS } from '../domain/message-signature.ts';
import { shardSubjectIndex } from './shard-subjects.ts';
import type { InputFacts, InputStream, InputSink, OpenInput } from './split-parts.ts';
import { PULL_MESSAGES, PULLS_OUTSTANDING } from './stream-input.ts';

/** Time after which a broker that does not answer a request counts as away, in ms. */
export const ANSWER_WITHIN_MS = 2_000;

/** The stream of this name over a connection. */
export function brokerInput(
  connection: NatsConnection,
  stream: string,
  inboxPrefix: string | null,
): InputStream {
  const manager = managerWithin(connection, ANSWER_WITHIN_MS);
  const indexOf = shardSubjectIndex();
  return {
    async facts(): Promise<InputFacts> {
      const info = await (await manager).streams.info(stream);
      const { first_seq: firstSeq, last_seq: lastSeq, num_deleted: deleted } = info.state;
      return {
        name: stream,
        created: info.created,
        firstSeq,
        lastSeq,
        // The broker leaves the member out if there are none.
        deleted: deleted ?? 0,
        brokerMs: answeredAtMs(info),
      };
    },
    storedAtMs: async (seq) => storedAtMs(await manager, stream, seq),
    read: async (fromSeq, sink) => {
      const reader = createReader(connection, { stream, inboxPrefix, indexOf }, sink);
      return open(reader, await reader.start(await manager, fromSeq));
    },
  };
}

interface ReaderOptions {
  readonly stream: string;
  readonly inboxPrefix: string | null;
  indexOf(subject: string): number;
}

function createReader(
  connection: NatsConnection,
  { stream, inboxPrefix, indexOf }: ReaderOptions,
  sink: InputSink,
): StreamReader {
  return new StreamReader(
    connection,
    {
      stream,
      inboxPrefix,
      pullMessages: PULL_MESSAGES,
      pullsOutstanding: PULLS_OUTSTANDING,
      credentialHeaders: CREDENTIAL_HEADERS,
    },
    {
      message: ({ subject, payload, seq, atMs, heardMs, credential, pending }) =>
        sink.message({ subject: indexOf(subject), payload, seq, atMs, heardMs, credential, pending }),
      ended: (askedMs) => sink.ended(askedMs),
      drained: () => undefined,
      resting: () => undefined,
      broken: (reason) => sink.broken(reason),
    },
  );
}

function open(reader: StreamReader, waiting: number): OpenInput {
  return {
    waiting,
    pause: () => reader.pause(),
    resume: () => reader.resume(),
    stop: () => reader.stop(),
  };
}
