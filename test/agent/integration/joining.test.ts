// Joining: against the real aggregator in both modes, where the broker forbids it, and what a reply changes.

import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectOnce } from '../../../src/io/nats.ts';
import { startAggregator } from '../../support/aggregator.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { startNatsServer } from '../../support/nats-server.ts';
import { createKey } from '../../support/signed.ts';
import { until } from '../../support/until.ts';
import {
  addFacts,
  joinReply,
  listen,
  makeLink,
  natsOptions,
  NODE_ID,
  SALT,
  type TestLink,
} from './link-fixture.ts';

const OTHER_SALT = 'cd'.repeat(32);

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sinks-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function broker(configuration: string | null = null) {
  const options: { configurationFile?: string } = {};
  if (configuration !== null) {
    options.configurationFile = join(await folder(), 'nats.conf');
    writeFileSync(options.configurationFile, configuration);
  }
  const server = await startNatsServer(options);
  onTestFinished(() => server.stop());
  return server;
}

function joined({ link }: TestLink) {
  return until('the reply', () => link.view().hasJoined);
}

function confirmed({ link }: TestLink): number {
  return link
    .messageCounts()
    .filter(({ outcome }) => outcome === 'confirmed')
    .reduce((total, { count }) => total + count, 0);
}

describe('joining', () => {
  it('joining - the real aggregator in open mode: salt, pace and key come with the reply, and its statistics are genuine', async () => {
    const server = await broker();
    const env = { DB_PATH: join(await folder(), 'a.db'), NATS_URL: server.url, PUBLISH_INTERVAL: '1000' };
    const aggregator = startAggregator({ ...env, RATE_LIMIT_PER_MINUTE: '6000' });
    onTestFinished(async () => void (await aggregator.stop()));
    await aggregator.ready();
    const test = makeLink({ url: server.url, link: { salt: null } });
    addFacts(test.outbox, 6);
    await test.link.start();
    await joined(test);
    expect(test.link.view()).toMatchObject({
      saltFrom: 'join',
      ratePerMinute: 6_000,
      heartbeatIntervalMs: 30_000,
    });
    expect(test.salts).toEqual([test.link.salt]);
    expect(test.salts[0]).toMatch(/^[0-9a-f]{64}$/);
    await until('statistics with the facts', () => test.rows.at(-1)?.counts.totalTasks === 4);
    const row = test.rows.at(-1);
    expect(row).toMatchObject({ signature: 'valid', counts: { totalInvoices: 2, activeNodes: 1 } });
    expect(test.pinned).toHaveLength(1);
    await until('the short periods', () => new Set(test.periods.map(({ period }) => period)).size === 3);
    expect(await aggregator.metric('aggregator_messages_rejected_total')).toBe(0);
    expect(await aggregator.metric('aggregator_messages_total', 'outcome="applied"')).toBe(8);
  });

  it('joining - the real aggregator in required mode: the salt is sealed for the key, and every message is signed', async () => {
    const server = await broker();
    const env = { DB_PATH: join(await folder(), 'a.db'), NATS_URL: server.url, AUTH_MODE: 'required' };
    const { key } = await createKey(
      env,
      '--node',
      NODE_ID,
      '--permissions',
      'publish',
      '--rate-limit',
      '300',
    );
    const aggregator = startAggregator(env);
    onTestFinished(async () => void (await aggregator.stop()));
    await aggregator.ready();

    const keyless = makeLink({ url: server.url, link: { salt: null, hasPresence: false } });
    await keyless.link.start();
    await until('the refusal', () => keyless.link.view().joinProblem !== null);
    expect(keyless.link.view().joinProblem).toMatch(/set FEDERATION_API_KEY/);
    expect(keyless.link.salt).toBeNull();

    const test = makeLink({ url: server.url, link: { salt: null, apiKey: key } });
    addFacts(test.outbox, 6);
    await test.link.start();
    await joined(test);
    expect(test.link.salt).toMatch(/^[0-9a-f]{64}$/);
    expect(test.link.view().ratePerMinute).toBe(300);
    await until('the facts', () => test.outbox.waiting.size === 0);
    await until(
      'the count',
      async () => (await aggregator.metric('aggregator_messages_total', 'outcome="applied"')) === 8,
    );
    expect(await aggregator.metric('aggregator_messages_rejected_total')).toBe(0);
    expect(JSON.stringify(test.lines)).not.toContain(key);
  });

  it.each([
    ['the request', 'publish: { deny: ["truebit.federation.join"] }', /publish to truebit.federation.join/],
    ['the inbox', 'subscribe: { deny: ["_INBOX.>"] }', /subscribe to _INBOX/],
    ['nothing, and nobody answers', '', /no aggregator answers/],
  ])('joining - where the broker forbids %s, everything else goes on', async (_what, rights, problem) => {
    const server = await broker(
      `authorization { users: [ { user: a, password: b, permissions: { ${rights} } } ] }`,
    );
    const test = makeLink({ url: server.url, nats: { user: 'a', password: 'b' } });
    addFacts(test.outbox, 3);
    await test.link.start();
    await until('the facts', () => test.outbox.waiting.size === 0);
    expect(confirmed(test)).toBe(5);
    const view = test.link.view();
    expect(view).toMatchObject({ hasJoined: false, saltFrom: 'setting', forbidden: [], ratePerMinute: 60 });
    expect(view.joinProblem).toMatch(problem);
    expect(view.subscriptions).toBe(1);
    expect(test.lines.filter(({ msg }) => msg.startsWith('join'))).toHaveLength(1);
  });

  it('joining - without a reply it asks again after 5 s to 5 min, and says once that no salt is known', async () => {
    const server = await broker();
    const time = new ManualTime();
    const askedMs: number[] = [];
    let answer: string | null = null;
    await listen(server.url, () => {
      askedMs.push(time.monotonicMs());
      return answer ?? '{}';
    });
    const test = makeLink({
      url: server.url,
      clock: time,
      timers: time,
      random: () => 0.5,
      link: { salt: null, hasPresence: false },
      dial: (parts) => connectOnce('a', natsOptions(server.url), parts),
    });
    // Each reply that cannot be used arms the timer of the next request.
    const settle = () => until('the reply', () => time.timers > 0 || test.link.salt !== null);
    await test.link.start();
    await time.advance(30 * 60_000, settle);
    const waits = askedMs.map((atMs, index) => (atMs - (askedMs[index - 1] ?? atMs)) / 1_000).slice(1);
    expect(waits.length).toBeGreaterThan(8);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(5);
    expect(Math.max(...waits)).toBeLessThanOrEqual(300);
    expect(waits).toEqual(waits.toSorted((one, other) => one - other));
    expect(test.lines.filter(({ msg }) => msg.includes('no salt is known'))).toHaveLength(1);
    answer = joinReply();
    await time.advance(5 * 60_000, settle);
    expect(test.salts).toEqual([SALT]);
  });

  it('joining - each connect asks again; a changed salt is said and passed on, and never beside a setting', async () => {
    const server = await broker();
    let salt = SALT;
    await listen(server.url, () =>
      joinReply({ federationSalt: salt, heartbeatIntervalMs: 15_000, ratePerMinute: 90 }),
    );
    const kept = makeLink({ url: server.url, link: { salt: null, keptSalt: SALT } });
    await kept.link.start();
    await joined(kept);
    expect(kept.salts).toEqual([]);
    expect(kept.link.view()).toMatchObject({
      saltFrom: 'join',
      heartbeatIntervalMs: 15_000,
      ratePerMinute: 90,
    });
    await kept.link.stop();
    salt = OTHER_SALT;
    const changed = makeLink({ url: server.url, link: { salt: null, keptSalt: SALT, rate: 40 } });
    await changed.link.start();
    await joined(changed);
    expect(changed.salts).toEqual([OTHER_SALT]);
    expect(changed.link.view().ratePerMinute).toBe(40);
    expect(changed.lines.filter(({ msg }) => msg.includes('another salt than before'))).toHaveLength(1);
    const set = makeLink({ url: server.url });
    await set.link.start();
    await joined(set);
    expect([set.link.salt, set.salts]).toEqual([SALT, []]);
    expect(set.lines.filter(({ msg }) => msg.includes('another salt than FEDERATION_SALT'))).toHaveLength(1);
  });
});
