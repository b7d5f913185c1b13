// Questions between processes, over a real nats-server.

import fc from 'fast-check';
import { headers, type NatsConnection } from 'nats';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { askReplicas } from '../../../src/federation/cluster/ask.ts';
import { AskResponder, type AskResponderParts } from '../../../src/federation/cluster/ask-responder.ts';
import {
  ASK_QUESTION_BYTES_MAX,
  type AskReply,
  decodeQuestion,
  decodeReply,
  encodeQuestion,
  encodeReply,
} from '../../../src/federation/cluster/ask-wire.ts';
import type { LabelCounts } from '../../../src/federation/domain/partial.ts';
import { connectTo, launchNatsCluster } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { NOW_MS } from '../store/events.ts';
import { countsOf } from './counts.ts';

const named = { replica: 'east', process: 'p1' };
const partial = { ...named, type: 'partial', partial: countsOf(7, NOW_MS) } as const;
const manyCells: LabelCounts = Array.from({ length: 60_000 }, (_, cell) => [`${cell / 2},11.5`, cell]);
const places = {
  ...named,
  type: 'places',
  places: { continents: [['EU', 3]], locations: manyCells },
} as const;

const DIGESTS = {
  type: 'range',
  progress: 7,
  digests: { nodes: { rows: 2, sum: '00000000000000ff' } },
} as const;

describe('questions and answers as bytes', () => {
  it.each<[string, AskReply]>([
    ['counts', partial],
    ['many places', places],
    ['digests', { ...named, type: 'digests', digests: DIGESTS }],
    ['a refusal', { ...named, type: 'refused', reason: 'catching_up' }],
  ])('questions and answers as bytes - %s', async (_name, reply) => {
    const bytes = await encodeReply(reply);
    expect(decodeReply(bytes)).toEqual(reply);
    expect(bytes.length).toBeLessThan(524_288);
  });

  it('questions and answers as bytes - questions are read as they were asked, and nothing else is', () => {
    const range = { type: 'range', table: 'nodes', after: 0, upto: 9, keptMs: 0 } as const;
    for (const question of [
      { type: 'places' },
      { type: 'partial', nowMs: NOW_MS, floor: 3 },
      { type: 'digests', request: { type: 'summary' } },
      { type: 'digests', request: range },
    ] as const)
      expect(decodeQuestion(encodeQuestion(question))).toEqual(question);
    const read = (value: unknown) => decodeQuestion(Buffer.from(JSON.stringify(value)));
    expect(read({ version: 2, type: 'places' })).toBeNull();
    expect(read({ version: 1, type: 'partial', nowMs: -1, floor: 3 })).toBeNull();
    expect(read({ version: 1, type: 'partial', nowMs: 1 })).toBeNull();
    expect(read({ version: 1, type: 'drop' })).toBeNull();
    expect(read({ version: 1, type: 'digests', request: { ...range, table: 'api_keys' } })).toBeNull();
    expect(read({ version: 1, type: 'places', more: 'x'.repeat(ASK_QUESTION_BYTES_MAX) })).toBeNull();
  });

  it('questions and answers as bytes - what is no answer of this version is refused without an exception', () => {
    const read = (value: unknown) => decodeReply(Buffer.from(JSON.stringify(value)));
    expect(read({ version: 2, ...partial })).toBeNull();
    expect(read({ version: 1, ...partial, partial: { ...partial.partial, progress: -1 } })).toBeNull();
    expect(read({ version: 1, ...named, type: 'refused', reason: 'tired' })).toBeNull();
    expect(read({ version: 1, type: 'refused', reason: 'busy' })).toBeNull();
    // Compressed, 32 MiB of spaces are short.
    expect(decodeReply(zstdCompressSync(Buffer.alloc(33_554_432, ' ')))).toBeNull();
    expect(decodeReply(zstdCompressSync(Buffer.from(JSON.stringify(partial))).subarray(0, 40))).toBeNull();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeReply(bytes)).toBeNull();
        expect(decodeQuestion(bytes)).toBeNull();
      }),
    );
  });
});

async function world() {
  const cluster = await launchNatsCluster({ servers: 1 });
  const connect = () => connectTo(cluster.urls[0] ?? '', cluster.login);
  const asker = await connect();
  const heard: AskReply[] = [];
  const counts = { ignored: 0 };
  const stop = new AbortController();
  const ask = askReplicas(
    asker,
    0,
    {
      inboxPrefix: null,
      heard: (_partition, reply) => void heard.push(reply),
      ignored: () => void counts.ignored++,
    },
    stop.signal,
  );
  const outcomes: string[] = [];
  const replica = async (name: string, parts: Partial<AskResponderParts> = {}, own?: NatsConnection) => {
    const connection = own ?? (await connect());
    const responder = new AskResponder(
      { partition: 0, replica: name, process: `${name}-1` },
      {
        access: { connection: () => connection, onConnected: (run) => run(connection) },
        refusal: () => null,
        readPartial: (nowMs) => Promise.resolve(countsOf(7, nowMs)),
        readPlaces: () => Promise.resolve({ continents: [], locations: [] }),
        readDigests: () => Promise.resolve(DIGESTS),
        counted: (outcome) => void outcomes.push(outcome),
        failed: () => undefined,
        ...parts,
      },
    );
    await responder.start();
    await connection.flush();
    return { responder, connection };
  };
  return { cluster, asker, connect, ask, heard, counts, outcomes, replica, stop };
}

describe('questions to replicas', () => {
  const question = { type: 'partial', nowMs: NOW_MS, floor: 7 } as const;

  it('questions to replicas - all answer, and who cannot says why', async () => {
    const { ask, heard, replica, outcomes } = await world();
    await replica('a');
    await replica('b', { refusal: () => 'catching_up' });
    await replica('c', { readPartial: (nowMs) => Promise.resolve(countsOf(6, nowMs)) });
    await replica('d', { readPartial: () => Promise.reject(new Error('the disk')) });
    const { responder, connection } = await replica('e');
    await responder.stop();
    await connection.flush();
    ask(question);
    await until('four answers', () => heard.length === 4);
    expect(
      Object.fromEntries(
        heard.map((reply) => [reply.replica, reply.type === 'refused' ? reply.reason : reply.type]),
      ),
    ).toEqual({ a: 'partial', b: 'catching_up', c: 'floor', d: 'failed' });
    expect(outcomes.toSorted()).toEqual(['answered', 'catching_up', 'failed', 'floor']);
    ask({ type: 'places' });
    await until('places', () => heard.some(({ type }) => type === 'places'));
    ask({ type: 'digests', request: { type: 'summary' } });
    await until('digests', () => heard.some(({ type }) => type === 'digests'));
  });

  it('questions to replicas - a stranger in between is ignored and counted, on both sides', async () => {
    const { ask, heard, counts, replica, outcomes, connect, asker } = await world();
    const stranger = await connect();
    stranger.subscribe('tbask.0', {
      callback: (_error, message) => {
        message.respond('no');
        message.respond(JSON.stringify({ version: 9, ...partial }));
        message.respond(new Uint8Array(), { headers: headers() });
      },
    });
    await stranger.flush();
    await replica('a');
    for (const payload of ['', '{}', 'x'.repeat(100_000)])
      asker.publish('tbask.0', payload, { reply: 'nowhere' });
    asker.publish('tbask.0', encodeQuestion(question));
    ask(question);
    await until('the answers', () => heard.length === 1 && counts.ignored >= 3);
    await until('all questions to be read', () => outcomes.length === 5);
    expect(outcomes.filter((outcome) => outcome === 'unreadable')).toHaveLength(4);
  });

  it('questions to replicas - an answer larger than the broker takes is refused in a short one', async () => {
    const { ask, heard, replica } = await world();
    // Random text cannot be made short.
    const random = () => Math.random().toString(36).padEnd(14, '0');
    const locations: LabelCounts = Array.from({ length: 90_000 }, () => [random() + random(), 1]);
    await replica('a', { readPlaces: () => Promise.resolve({ continents: [], locations }) });
    ask({ type: 'places' });
    await until('the refusal', () => heard.length === 1);
    expect(heard[0]).toMatchObject({ type: 'refused', reason: 'too_large' });
  });

  it('questions to replicas - more than a few at a time are refused, and the others answered', async () => {
    const { ask, heard, replica } = await world();
    const waiting: (() => void)[] = [];
    await replica('a', {
      readPartial: (nowMs) =>
        new Promise((resolve) => {
          waiting.push(() => resolve(countsOf(7, nowMs)));
        }),
    });
    for (let count = 0; count < 7; count++) ask(question);
    await until('three refusals', () => heard.length === 3);
    expect(heard.every((reply) => reply.type === 'refused' && reply.reason === 'busy')).toBe(true);
    for (const resolve of waiting) resolve();
    await until('four answers', () => heard.length === 7);
    ask(question);
    await until('another question', () => waiting.length === 5);
  });

  it('questions to replicas - whoever has heard enough hears nothing more, and nobody at all is no error', async () => {
    const { ask, heard, counts, replica, stop, asker } = await world();
    ask(question);
    await asker.flush();
    const { connection } = await replica('a');
    stop.abort();
    ask(question);
    await asker.flush();
    await connection.flush();
    expect([heard, counts.ignored]).toEqual([[], 0]);
  });

  it('questions to replicas - a replica answers again after its broker was away', async () => {
    const { ask, heard, replica, cluster, asker } = await world();
    await replica('a');
    await cluster.kill(0);
    await cluster.restart(0);
    await until('an answer', async () => {
      if (heard.length > 0) return true;
      ask(question);
      return asker.flush().then(
        () => false,
        () => false,
      );
    });
    expect(heard[0]).toMatchObject({ replica: 'a', type: 'partial' });
  });
});
