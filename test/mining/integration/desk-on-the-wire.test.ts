// The desk and the delivery with a real upstream client and a real server on 127.0.0.1.

import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { systemTimers } from '../../../src/lib/timers.ts';
import type { Entry, Fact } from '../../../src/mining/domain/facts.ts';
import type { KnownBlock, SubmissionMode } from '../../../src/mining/domain/information.ts';
import { Desk } from '../../../src/mining/ingest/desk.ts';
import { Delivery } from '../../../src/mining/sinks/delivery.ts';
import { UpstreamClient } from '../../../src/mining/sinks/upstream-client.ts';
import { freePort } from '../../support/free-port.ts';
import { until } from '../../support/until.ts';
import { account, block, peer, submission } from '../domain/mining-blocks.ts';
import { truth } from '../ingest/desk-bench.ts';
import { refusal } from '../support/upstream-server.ts';
import { answeringServer, type Behaviour, json, type Seen } from '../../support/http-servers.ts';

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

const memberOf = ({ body }: Seen, name: string) => new RegExp(`"${name}":"?(\\w+)`).exec(body)?.[1] ?? '';

/** Accepts with the raw quality that came. */
const accept: Behaviour = (seen, response, nth) =>
  json(`{"jsonrpc":"2.0","id":1,"result":{"raw_quality":${memberOf(seen, 'raw_quality')},"poc_time":7}}`)(
    seen,
    response,
    nth,
  );

async function server(behaviour: Behaviour, port = 0) {
  const made = await answeringServer(behaviour, port);
  cleanups.push(() => made.close());
  return made;
}

interface SetUp {
  readonly mode?: SubmissionMode;
  readonly concurrency?: number;
  readonly stored?: readonly Entry[];
}

/** A desk whose commits and checks end at once, and a delivery that sends to this port. */
async function deskTo(port: number, { mode = 'pool', concurrency = 8, stored = [] }: SetUp = {}) {
  const facts: Fact[] = [];
  const blocks: KnownBlock[] = [block({ mode })];
  const client = new UpstreamClient(
    { url: `http://127.0.0.1:${port}/`, auth: { type: 'none' } },
    { clock: systemClock, timers: systemTimers, timeoutMs: 30_000 },
  );
  const parts = { clock: systemClock, timers: systemTimers };
  const delivery = new Delivery(
    { upstream: 'first', mode, concurrency },
    {
      ...parts,
      send: (each) => client.submit(each),
      refresh: async () => undefined,
      settled: (entry, outcome) => desk.settled(entry, outcome),
      random: () => 0,
    },
  );
  const desk: Desk = new Desk(
    { verify: 'best', blockTimeSecs: 120, firstEntryId: 1 },
    {
      ...parts,
      journal: {
        commit: async (told) => void facts.push(...told),
        note: (told) => void facts.push(...told),
      },
      checker: {
        check: async (claim) => truth(claim),
        withdraw: () => undefined,
        isOverBudget: () => false,
        keepBlocks: () => undefined,
      },
      blocks: {
        find: (hash) => blocks.find(({ information }) => information.blockHash === hash) ?? null,
        get active() {
          return blocks[0] ?? null;
        },
        isActiveConfirmed: true,
        all: blocks,
        refresh: async () => undefined,
      },
      deliveryOf: () => delivery,
    },
  );
  await delivery.start();
  desk.restore(stored);
  cleanups.push(() => Promise.all([desk.stop(), client.stop(), delivery.stop()]));
  const states = () => {
    const entries = new Map<number, Entry>();
    for (const fact of facts) {
      if (fact.type === 'entry') entries.set(fact.entry.id, fact.entry);
      if (fact.type === 'entriesGone') for (const id of fact.ids) entries.delete(id);
    }
    return Array.from(entries.values());
  };
  return { desk, delivery, facts, states };
}

describe('desk on the wire', () => {
  it('desk on the wire - S7: after an outage 50 accounts are delivered within 2 s, at most as many at once as configured', async () => {
    const port = await freePort();
    const { desk, delivery } = await deskTo(port, { concurrency: 8 });
    const accounts = Array.from({ length: 50 }, (_unused, index) => index.toString(16).padStart(40, '0'));
    for (const accountId of accounts) await desk.submit(submission({ accountId, nonce: 2n }), peer());
    await until('every account has been tried', () => delivery.snapshot().failedAttempts >= 50);
    let underWay = 0;
    let most = 0;
    const upstream = await server((seen, response, nth) => {
      most = Math.max(most, ++underWay);
      setTimeout(() => {
        underWay--;
        accept(seen, response, nth);
      }, 20);
    }, port);
    const startedMs = performance.now();
    delivery.back('connection');
    await until('all are delivered', () => delivery.snapshot().outcomes.delivered === 50);
    expect(performance.now() - startedMs).toBeLessThan(2000);
    expect(most).toBeLessThanOrEqual(8);
    expect(new Set(upstream.seen.map((seen) => memberOf(seen, 'account_id'))).size).toBe(50);
    expect(upstream.seen.length).toBe(50);
  });

  it('desk on the wire - S27: the miner is answered while the upstream takes its time', async () => {
    const waiting: (() => void)[] = [];
    const upstream = await server(
      (seen, response: ServerResponse, nth) => void waiting.push(() => accept(seen, response, nth)),
    );
    const { desk, states } = await deskTo(upstream.port);
    const startedMs = performance.now();
    expect(await desk.submit(submission({ nonce: 2n }), peer())).toMatchObject({ type: 'accepted' });
    expect(performance.now() - startedMs).toBeLessThan(3000);
    await until('the upstream has it', () => waiting.length === 1);
    expect(states()).toMatchObject([{ state: 'waiting' }]);
    for (const answer of waiting) answer();
    await until('it is delivered', () => states()[0]?.state === 'delivered');
  });

  it('desk on the wire - S3: ten times the same is sent once', async () => {
    const upstream = await server(accept);
    const { desk, states } = await deskTo(upstream.port);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => desk.submit(submission({ nonce: 2n }), peer())),
    );
    expect(new Set(answers.map(({ type }) => type))).toEqual(new Set(['accepted']));
    await until('it is delivered', () => states()[0]?.state === 'delivered');
    await desk.submit(submission({ nonce: 2n }), peer());
    expect(upstream.seen.length).toBe(1);
  });

  it('desk on the wire - S22: a refused account is told once with the text of the pool, and others are not affected', async () => {
    const upstream = await server((seen, response, nth) =>
      (memberOf(seen, 'account_id') === account('a') ? refusal(-32007, 'not assigned here') : accept)(
        seen,
        response,
        nth,
      ),
    );
    const { desk, delivery, states } = await deskTo(upstream.port);
    await desk.submit(submission({ nonce: 2n, rawQuality: 400n }), peer());
    await until('the account is refused', () => delivery.snapshot().refusedAbout.account === 1);
    await until('the desk knows', () => states()[0]?.state === 'account_refused');
    expect(await desk.submit(submission({ nonce: 4n, rawQuality: 300n }), peer())).toMatchObject({
      code: -32007,
      message: 'not assigned here',
    });
    expect(await desk.submit(submission({ nonce: 6n, rawQuality: 200n }), peer())).toMatchObject({
      type: 'accepted',
    });
    await desk.submit(submission({ nonce: 2n, accountId: account('b') }), peer());
    await until('the other is delivered', () => delivery.snapshot().outcomes.delivered === 1);
    expect(upstream.seen.map((seen) => memberOf(seen, 'account_id'))).toEqual([account('a'), account('b')]);
  });

  it('desk on the wire - a refused best is followed by the next best that was held back, lies left out', async () => {
    const upstream = await server((seen, response, nth) =>
      (memberOf(seen, 'raw_quality') === '300' ? refusal(-32001) : accept)(seen, response, nth),
    );
    const { desk, delivery } = await deskTo(upstream.port);
    await desk.submit(submission({ nonce: 2n, rawQuality: 300n }), peer());
    await desk.submit(submission({ nonce: 3n, rawQuality: 310n }), peer('liar'));
    await desk.submit(submission({ nonce: 4n, rawQuality: 320n }), peer());
    await until('the next best is delivered', () => delivery.snapshot().outcomes.delivered === 1);
    expect(upstream.seen.map((seen) => memberOf(seen, 'raw_quality'))).toEqual(['300', '320']);
  });

  it('desk on the wire - what waited is delivered after a restart', async () => {
    const port = await freePort();
    const before = await deskTo(port);
    await before.desk.submit(submission({ nonce: 2n, rawQuality: 300n }), peer());
    await until('it was tried', () => before.delivery.snapshot().failedAttempts > 0);
    const stored = before.states();
    await before.delivery.stop();
    const upstream = await server(accept, port);
    const after = await deskTo(port, { stored });
    await until('it is delivered', () => after.delivery.snapshot().outcomes.delivered === 1);
    expect(upstream.seen.length).toBe(1);
    await after.desk.submit(submission({ nonce: 4n, rawQuality: 300n }), peer());
    expect(after.desk.snapshot().arrivals.outdone).toBe(1);
  });

  it('desk on the wire - a wallet that was away gets the accepted best once more', async () => {
    const upstream = await server(accept);
    const { desk, delivery } = await deskTo(upstream.port, { mode: 'wallet' });
    await desk.submit(submission({ nonce: 2n, rawQuality: 300n }), peer());
    await desk.submit(submission({ nonce: 2n, rawQuality: 400n, accountId: account('b') }), peer());
    await until('it is delivered', () => delivery.snapshot().outcomes.delivered === 1);
    delivery.back('connection');
    await until('it is sent again', () => upstream.seen.length === 2);
    expect(upstream.seen.map((seen) => memberOf(seen, 'raw_quality'))).toEqual(['300', '300']);
    expect(delivery.snapshot().redelivered).toBe(1);
  });
});
