// Statistics that come back: whose signature counts, which message is newer, and what a stranger cannot do.

import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { headers, type NatsConnection } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NEWEST_TIMES_MAX, STATISTICS_PER_SECOND_MAX } from '../../../src/agent/sinks/statistics-feed.ts';
import { STATISTICS_OUTCOMES, type StatisticsOutcome } from '../../../src/agent/domain/network-statistics.ts';
import { createSigner, type Signer } from '../../../src/lib/ed25519.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';
import { joinReply, listen, makeLink, type TestLink, type TestLinkOptions } from './link-fixture.ts';

const START_MS = 1_768_473_000_000;

function signer(): Signer {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return createSigner({ x, d });
}

interface Statement {
  readonly atMs?: number;
  readonly aggregatorId?: string;
  readonly period?: string;
  readonly tasks?: number;
  readonly more?: string;
}

function statement({
  atMs = START_MS,
  aggregatorId = 'a-1',
  period = 'all',
  tasks = 1,
  more,
}: Statement = {}): string {
  return JSON.stringify({
    version: '1.0',
    type: period === 'all' ? 'network_stats' : 'network_stats_period',
    timestamp: new Date(atMs).toISOString(),
    aggregatorId,
    period,
    data: { activeNodes: 1, totalTasks: tasks },
    ...(more === undefined ? {} : { more }),
  });
}

async function setUp(options: Partial<TestLinkOptions> = {}, reply: () => string = () => '{}') {
  const server = await startNatsServer({});
  onTestFinished(() => server.stop());
  const { connection } = await listen(server.url, reply);
  const test = makeLink({ url: server.url, ...options });
  await test.link.start();
  await until(
    'the end of the join',
    () => test.link.view().hasJoined || test.link.view().joinProblem !== null,
  );
  const publish = async (payload: string, by: Signer | null = null, altered = payload) => {
    const signed = headers();
    if (by !== null) {
      signed.set('Truebit-Key-Id', by.publicKey.kid);
      signed.set('Truebit-Signature', by.sign(Buffer.from(payload)));
    }
    await publishRaw(connection, test, altered, by === null ? undefined : signed);
  };
  return { server, connection, test, publish };
}

/** Publishes, and waits until the message was counted. */
async function publishRaw(
  connection: NatsConnection,
  test: TestLink,
  payload: string | Uint8Array,
  signed?: ReturnType<typeof headers>,
): Promise<void> {
  const before = heard(test);
  connection.publish('truebit.stats.aggregated', payload, signed === undefined ? {} : { headers: signed });
  await until('the message to be counted', () => heard(test) > before);
}

function heard({ link }: TestLink): number {
  return Object.values(link.statisticsCounts()).reduce((sum, count) => sum + count, 0);
}

/** The counts that are not 0. */
function counts({ link }: TestLink): Partial<Record<StatisticsOutcome, number>> {
  const all = link.statisticsCounts();
  return Object.fromEntries(
    STATISTICS_OUTCOMES.flatMap((name) => (all[name] === 0 ? [] : [[name, all[name]]])),
  );
}

describe('statistics', () => {
  it('statistics - without a known key everything counts, and is marked as unsigned', async () => {
    const { test, publish } = await setUp();
    await publish(statement());
    await publish(statement({ atMs: START_MS + 1 }), signer());
    expect(test.rows.map(({ signature }) => signature)).toEqual(['none', 'none']);
    expect(counts(test)).toEqual({ kept: 2 });
  });

  it('statistics - the key of the join reply is pinned: only its signatures count from then on', async () => {
    const [ours, other] = [signer(), signer()];
    const { test, publish, connection } = await setUp({}, () => joinReply({ statsKey: ours.publicKey }));
    expect(test.pinned).toEqual([ours.publicKey]);
    await publish(statement(), ours);
    await publish(statement({ atMs: START_MS + 1 }));
    await publish(statement({ atMs: START_MS + 2 }), other);
    await publish(statement({ atMs: START_MS + 3 }), ours, statement({ atMs: START_MS + 3, tasks: 2 }));
    const swapped = headers();
    swapped.set('Truebit-Key-Id', ours.publicKey.kid);
    swapped.set('Truebit-Signature', other.sign(Buffer.from(statement({ atMs: START_MS + 4 }))));
    await publishRaw(connection, test, statement({ atMs: START_MS + 4 }), swapped);
    const twice = headers();
    for (const by of [ours, other]) {
      twice.append('Truebit-Key-Id', by.publicKey.kid);
      twice.append('Truebit-Signature', by.sign(Buffer.from(statement({ atMs: START_MS + 5 }))));
    }
    await publishRaw(connection, test, statement({ atMs: START_MS + 5 }), twice);
    const nameless = headers();
    nameless.set('Truebit-Signature', ours.sign(Buffer.from(statement({ atMs: START_MS + 6 }))));
    await publishRaw(connection, test, statement({ atMs: START_MS + 6 }), nameless);
    expect(counts(test)).toEqual({ kept: 1, unsigned: 1, bad_signature: 5 });
    expect(test.rows.map(({ signature }) => signature)).toEqual(['valid']);
  });

  it('statistics - another key later is refused and shown, until it is trusted', async () => {
    const [old, renewed] = [signer(), signer()];
    const { test, publish } = await setUp({ link: { pinnedKey: old.publicKey } }, () =>
      joinReply({ statsKey: renewed.publicKey }),
    );
    expect(test.link.offeredKey).toEqual(renewed.publicKey);
    expect(test.lines.filter(({ msg }) => msg.includes('agent trust'))).toHaveLength(1);
    await publish(statement(), renewed);
    await publish(statement(), old);
    expect(counts(test)).toEqual({ kept: 1, bad_signature: 1 });
    expect(test.pinned).toEqual([]);
    expect(test.link.trust()).toBe(true);
    expect(test.pinned).toEqual([renewed.publicKey]);
    expect([test.link.offeredKey, test.link.trust()]).toEqual([null, false]);
    await publish(statement({ atMs: START_MS + 1 }), renewed);
    await publish(statement({ atMs: START_MS + 2 }), old);
    expect(counts(test)).toEqual({ kept: 2, bad_signature: 2 });
  });

  it('statistics - an aggregator that comes back with another key is asked again, once in five minutes', async () => {
    const [old, renewed] = [signer(), signer()];
    let key = old.publicKey;
    let asked = 0;
    const { test, publish } = await setUp({}, () => {
      asked += 1;
      return joinReply({ statsKey: key });
    });
    expect(test.link.statisticsKey).toEqual(old.publicKey);
    key = renewed.publicKey;
    await publish(statement(), renewed);
    await until('the offered key', () => test.link.offeredKey !== null);
    await publish(statement({ atMs: START_MS + 1 }), renewed);
    await publish(statement({ atMs: START_MS + 2 }), renewed);
    expect(asked).toBe(2);
    expect(test.link.trust()).toBe(true);
    expect(test.link.statisticsKey).toEqual(renewed.publicKey);
    await publish(statement({ atMs: START_MS + 3 }), renewed);
    expect(counts(test)).toEqual({ kept: 1, bad_signature: 3 });
  });

  it('statistics - the key of the setting decides, whatever a reply says', async () => {
    const [set, told] = [signer(), signer()];
    const { test, publish } = await setUp({ link: { statsKey: set.publicKey } }, () =>
      joinReply({ statsKey: told.publicKey }),
    );
    await publish(statement(), told);
    await publish(statement(), set);
    expect(counts(test)).toEqual({ kept: 1, bad_signature: 1 });
    expect([test.link.offeredKey, test.link.trust(), test.pinned.length]).toEqual([null, false, 0]);
  });

  it('statistics - newer by the time of each aggregator, periods for themselves, also after a restart', async () => {
    const { test, publish } = await setUp();
    await publish(statement({ atMs: START_MS }));
    await publish(statement({ atMs: START_MS }));
    await publish(statement({ atMs: START_MS - 1 }));
    await publish(statement({ atMs: START_MS - 1, aggregatorId: 'a-2', tasks: 2 }));
    await publish(statement({ atMs: START_MS - 2, period: '1h', tasks: 3 }));
    await publish(statement({ atMs: START_MS - 3, period: '1h' }));
    expect(counts(test)).toEqual({ kept: 3, older: 3 });
    expect(test.rows.map(({ counts: { totalTasks } }) => totalTasks)).toEqual([1, 2]);
    expect(test.periods.map(({ period }) => period)).toEqual(['1h']);
    const [row] = test.rows;
    const again = await setUp({ link: { statistics: row ?? null } });
    await again.publish(statement({ atMs: START_MS }));
    await again.publish(statement({ atMs: START_MS + 1 }));
    expect(counts(again.test)).toEqual({ kept: 1, older: 1 });
  });

  it('statistics - a time far ahead does not keep later messages out', async () => {
    const { test, publish } = await setUp();
    await publish(statement({ atMs: Date.now() + 86_400_000 }));
    await publish(statement({ atMs: Date.now() }));
    await publish(statement({ atMs: Date.now() - 60_000 }));
    expect(counts(test)).toEqual({ kept: 2, older: 1 });
  });

  it('statistics - what a stranger sends is counted and never logged, and more than the bound of a second is not read', async () => {
    const time = new ManualTime();
    const { test, connection } = await setUp({ clock: time });
    const before = test.lines.length;
    await publishRaw(connection, test, statement({ more: 'x'.repeat(65_536) }));
    await publishRaw(connection, test, statement({ more: 'x'.repeat(65_300) }));
    await publishRaw(connection, test, Buffer.from([0xff]));
    await publishRaw(connection, test, '');
    await publishRaw(connection, test, '{"version":"1.0","type":"network_stats","data":"secret"}');
    const evil = headers();
    evil.set('Truebit-Key-Id', 'x'.repeat(8_000));
    await publishRaw(connection, test, 'nonsense', evil);
    expect(counts(test)).toEqual({ too_large: 1, kept: 1, malformed: 4 });
    for (let each = heard(test); each < STATISTICS_PER_SECOND_MAX; each++)
      connection.publish('truebit.stats.x', statement({ aggregatorId: `other-${each}` }));
    await until('the bound', () => heard(test) === STATISTICS_PER_SECOND_MAX);
    expect(counts(test).shed).toBeUndefined();
    await publishRaw(connection, test, statement({ atMs: START_MS * 1.1 }));
    expect(counts(test).shed).toBe(1);
    await time.advance(1_000, () => Promise.resolve());
    await publishRaw(connection, test, statement({ atMs: START_MS + 1_000_000 }));
    expect(counts(test).shed).toBe(1);
    expect(test.lines).toHaveLength(before);
  });

  it('statistics - of more aggregators than the bound the one heard longest ago is forgotten', async () => {
    const clock = { ms: 0, nowMs: () => START_MS, monotonicMs: () => (clock.ms += 1_000) };
    const { test, publish, connection } = await setUp({ clock });
    for (let each = 0; each < NEWEST_TIMES_MAX; each++)
      connection.publish('truebit.stats.x', statement({ aggregatorId: `a-${each}` }));
    await until('all of them', () => heard(test) === NEWEST_TIMES_MAX);
    await publish(statement({ aggregatorId: 'a-0' }));
    expect(counts(test)).toEqual({ kept: NEWEST_TIMES_MAX, older: 1 });
    await publish(statement({ aggregatorId: 'one-more' }));
    await publish(statement({ aggregatorId: 'a-0' }));
    expect(counts(test)).toEqual({ kept: NEWEST_TIMES_MAX + 2, older: 1 });
  });

  it('statistics - a subscription that the broker forbids is said once, and does not count', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sinks-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const configurationFile = join(folder, 'nats.conf');
    writeFileSync(
      configurationFile,
      'authorization { users: [ { user: a, password: b, permissions: { subscribe: { deny: ["truebit.stats.>"] } } } ] }',
    );
    const server = await startNatsServer({ configurationFile });
    onTestFinished(() => server.stop());
    const test = makeLink({ url: server.url, nats: { user: 'a', password: 'b' } });
    await test.link.start();
    await until('the heartbeat', () => test.link.view().lastHeartbeatMs !== null);
    expect(test.link.view().subscriptions).toBe(0);
    expect(test.lines.filter(({ msg }) => msg.includes('truebit.stats.>'))).toHaveLength(1);
  });
});
