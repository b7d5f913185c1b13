// Input streams, the log of rounds that splitters make of them, and batches of both as the source thread hands them over.

import type { Source } from '../../../src/federation/domain/cluster.ts';
import type { RoundHeader } from '../../../src/federation/domain/round.ts';
import {
  type Batch,
  BatchFiller,
  type BatchMessage,
  createBatch,
  LOST,
  ROUND_BEGINS,
  ROUND_ENDS,
} from '../../../src/federation/sources/batch.ts';
import { subjectIndex } from '../../../src/federation/sources/input-subjects.ts';
import type { Publication } from '../../support/messages.ts';

const indexOf = subjectIndex(false);

/** A message of an input stream. */
export interface StreamMessage extends Publication {
  readonly seq: number;
  readonly atMs: number;
  readonly credential?: string | null;
}

/** One incarnation of an input stream, all of it. Sequences without a message are lost. */
export interface Shard {
  readonly source: Source;
  readonly lastSeq: number;
  readonly messages: readonly StreamMessage[];
}

/** A round as it stands in a log. */
export interface LogRound {
  readonly header: RoundHeader;
  readonly entries: readonly Omit<BatchMessage, 'observedMs'>[];
}

/** The entry of a message in a batch. */
export function entryOf({ subject, payload, seq, atMs, credential = null }: StreamMessage) {
  return { subject: indexOf(subject), payload: Buffer.from(payload), seq, atMs, credential };
}

/** The round of what follows `from` up to `to`. It says that its stream was read to its end. */
export function roundOf(shard: Shard, from: number, to: number, change: Partial<RoundHeader> = {}): LogRound {
  const entries: LogRound['entries'][number][] = [];
  let next = from + 1;
  const lose = (end: number) => {
    if (end >= next)
      entries.push({ subject: LOST, seq: end, atMs: 0, payload: Buffer.from(`${end - next + 1}`) });
    next = end + 1;
  };
  for (const message of shard.messages) {
    if (message.seq <= from || message.seq > to) continue;
    lose(message.seq - 1);
    entries.push(entryOf(message));
    next = message.seq + 1;
  }
  lose(to);
  const header: RoundHeader = {
    maker: 'test',
    source: shard.source,
    first: 1,
    from,
    to,
    count: entries.length,
    // Nothing was stored after `to` before the next message.
    atMs: shard.messages.find(({ seq }) => seq > to)?.atMs ?? (shard.messages.at(-1)?.atMs ?? 0) + 5000,
    behindMs: 0,
    isAway: false,
    ...change,
  };
  return { header, entries };
}

/** The entries of rounds in a batch, with their marks; the first round stands at `logSeq` in its log. */
export function entriesOf(rounds: readonly LogRound[], logSeq: number): Omit<BatchMessage, 'observedMs'>[] {
  return rounds.flatMap(({ header, entries }, index) => {
    const mark = { seq: logSeq + index, atMs: header.atMs };
    const payload = Buffer.from(JSON.stringify(header));
    return [
      { ...mark, subject: ROUND_BEGINS, payload },
      ...entries,
      { ...mark, subject: ROUND_ENDS, payload: Buffer.alloc(0) },
    ];
  });
}

/** One batch of these entries. */
export function batchOfEntries(entries: readonly Omit<BatchMessage, 'observedMs'>[]): Batch {
  const filler = new BatchFiller(createBatch(entries.length, 1_000_000));
  for (const entry of entries) if (!filler.add({ ...entry, observedMs: 10 })) throw new Error('too much');
  return filler.batch;
}
