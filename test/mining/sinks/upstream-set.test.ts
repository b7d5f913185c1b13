import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { systemTimers } from '../../../src/lib/timers.ts';
import type { UpstreamOptions } from '../../../src/mining/sinks/upstream-client.ts';
import { UpstreamSet } from '../../../src/mining/sinks/upstream-set.ts';
import { until } from '../../support/until.ts';
import { ACCEPTED, information, methodOf, refusal, SUBMISSION } from '../support/upstream-server.ts';
import { answeringServer, type Behaviour, json } from '../../support/http-servers.ts';
import { type SetUp, setOf, upstreamOf } from '../support/upstream-set.ts';

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function server(behaviour: Behaviour, port = 0) {
  const made = await answeringServer(behaviour, port);
  cleanups.push(() => made.close());
  return made;
}

async function running(upstreams: readonly UpstreamOptions[], options: SetUp = {}, hanging = 0) {
  const made = setOf(upstreams, options);
  cleanups.push(async () => {
    await made.set.stop();
    made.supervisor.stop();
    expect(made.time.timers).toBe(0);
  });
  await made.set.start();
  await made.settled(hanging);
  return made;
}

const HANG: Behaviour = () => undefined;
const HTML = json('<html>front</html>');
/** Information for one method, something else for the other. */
const both =
  (info: Behaviour, submit: Behaviour): Behaviour =>
  (seen, response, nth) =>
    (methodOf(seen) === 'get_mining_info' ? info : submit)(seen, response, nth);
const hashOf = async ({ set }: ReturnType<typeof setOf>) => (await set.answer())?.blockHash ?? null;

describe('upstream set - one upstream', () => {
  it('upstream set - a new block is known within a second while a miner is active, a counter is no change', async () => {
    const a = await server(information(5, 'h5', ',"counter":1'));
    const one = await running([upstreamOf('a', a.url)]);
    await one.pass(3);
    expect(a.seen).toHaveLength(4);
    expect(one.refreshes).toEqual(['a', 'a', 'a', 'a']);
    expect(one.told()).toEqual(['a 5:h5 new active', 'a probing>ready well']);
    a.behave(information(5, 'h5', ',"counter":2'));
    await one.pass(1);
    expect(one.set.fresh()?.text).toContain('"counter":2');
    expect(one.told()).toEqual([]);
    a.behave(information(6, 'h6'));
    await one.pass(1);
    expect(await hashOf(one)).toBe('h6');
    a.behave(information(6, 'h6', ',"target_quality":9'));
    await one.pass(1);
    expect(one.told()).toEqual(['a 6:h6 new active', 'a 6:h6 active']);
    expect(one.set.statuses).toMatchObject([
      { name: 'a', state: 'ready', height: 6n, blockChanges: 1, informationAgeMs: 0, isActive: true },
    ]);
    expect(one.set.active).toMatchObject({ name: 'a', mode: 'pool', blockTimeSeconds: 120 });
  });

  it('upstream set - without miners it is asked on demand, by all at the same time once', async () => {
    const a = await server(information(5, 'h5'));
    const one = await running([upstreamOf('a', a.url)], { isMinerActive: false });
    await one.pass(5);
    expect(await hashOf(one)).toBe('h5');
    expect(a.seen).toHaveLength(1);
    a.behave(information(6, 'h6'));
    await one.pass(1);
    expect(one.set.fresh()).toBeNull();
    const all = await Promise.all(Array.from({ length: 500 }, () => hashOf(one)));
    expect(new Set(all)).toEqual(new Set(['h6']));
    expect(a.seen).toHaveLength(2);
    await one.pass(9);
    expect(a.seen).toHaveLength(2);
    await one.pass(1);
    expect(a.seen).toHaveLength(3);
  });

  it('upstream set - without miners one that fails is asked once in 10 s too, and at once for a miner', async () => {
    const a = await server(information(5, 'h5'));
    const one = await running([upstreamOf('a', a.url)], { isMinerActive: false });
    a.behave(json('', 502));
    await one.pass(30);
    expect(one.set.statuses).toMatchObject([{ state: 'down' }]);
    expect(a.seen).toHaveLength(4);
    a.behave(information(6, 'h6'));
    await one.pass(1);
    expect(a.seen).toHaveLength(4);
    expect(await hashOf(one)).toBe('h6');
  });

  it('upstream set - the previous block is found for one refresh, then no more', async () => {
    const a = await server(information(5, 'h5'));
    const one = await running([upstreamOf('a', a.url)]);
    a.behave(information(6, 'h6'));
    await one.pass(1);
    expect(one.set.find('h6')).toMatchObject({ upstream: 'a', mode: 'pool', age: 'current' });
    expect(one.set.find('h5')).toMatchObject({ age: 'previous', information: { height: 5n } });
    await one.pass(1);
    expect(one.set.find('h5')).toMatchObject({ age: 'previous' });
    await one.pass(1);
    expect(one.set.find('h5')).toBeNull();
    expect(one.set.find('other')).toBeNull();
  });

  it('upstream set - S8: an upstream that alternates each second changes once', async () => {
    const a = await server((seen, response, nth) =>
      information(nth % 2 === 1 ? 5 : 6, nth % 2 === 1 ? 'a' : 'b')(seen, response, nth),
    );
    const one = await running([upstreamOf('a', a.url)]);
    const hashes = [await hashOf(one)];
    for (let second = 0; second < 60; second++) {
      await one.pass(1);
      hashes.push(await hashOf(one));
    }
    expect(hashes).toEqual(['a', ...Array.from({ length: 60 }, () => 'b')]);
    expect(one.set.statuses).toMatchObject([{ alternationsRefused: 29, blockChanges: 1 }]);
  });

  it('upstream set - S9: each reorganisation reaches the miners within 3 s, wherever in the second it comes', async () => {
    for (const offset of [0, 0.3, 0.6, 0.9]) {
      const a = await server(information(5, 'a'));
      const one = await running([upstreamOf('a', a.url)]);
      await one.pass(10 + offset);
      for (const [height, hash] of [
        [5, 'b'],
        [4, 'c'],
        [5, 'b'],
        [5, 'd'],
      ] as const) {
        a.behave(information(height, hash));
        await one.pass(3);
        expect(await hashOf(one)).toBe(hash);
        await one.pass(7);
      }
      expect(one.set.find('a')).toBeNull();
    }
  });

  it('upstream set - S11: HTML for 20 s is an outage; miners have the last information, nothing is accepted', async () => {
    const a = await server(both(information(5, 'h5'), ACCEPTED));
    const one = await running([upstreamOf('a', a.url)]);
    await one.pass(1);
    one.told();
    a.behave(HTML);
    for (let second = 0; second < 20; second++) {
      await one.pass(1);
      expect(await hashOf(one)).toBe('h5');
      expect(await one.set.submit('a', SUBMISSION)).toMatchObject({ type: 'temporary', isConnection: false });
    }
    expect(one.set.statuses[0]?.staleServed).toBe(15);
    a.behave(both(information(5, 'h5'), ACCEPTED));
    await one.pass(2);
    expect(await one.set.submit('a', SUBMISSION)).toMatchObject({ type: 'accepted', rawQuality: 400n });
    const reason = 'HTTP status 200 with a body that is not JSON';
    expect(one.told()).toEqual([
      `a ready>degraded ${reason}`,
      `a degraded>down ${reason}`,
      'a back',
      'a down>ready well',
    ]);
  });

  it('upstream set - an information is given for 30 s, then none', async () => {
    const a = await server(information(5, 'h5'));
    const one = await running([upstreamOf('a', a.url)]);
    await a.close();
    await one.pass(30);
    expect(await hashOf(one)).toBe('h5');
    await one.pass(1);
    expect(await hashOf(one)).toBeNull();
    expect(one.set.active.information?.blockHash).toBe('h5');
    expect(one.set.statuses).toMatchObject([
      {
        state: 'down',
        informationAgeMs: 31_000,
        lastError: { text: 'get_mining_info: the connection was refused' },
        alarms: [],
      },
    ]);
  });

  it('upstream set - S16: with a dead upstream the start is at once, and so is each answer', async () => {
    const a = await answeringServer(information(5, 'h5'));
    await a.close();
    const one = await running([upstreamOf('a', a.url)]);
    expect(await hashOf(one)).toBeNull();
    await one.pass(20);
    expect(await hashOf(one)).toBeNull();
    expect(one.told()).toEqual(['a probing>down the connection was refused']);
    await server(information(5, 'h5'), a.port);
    await one.pass(2);
    expect(await hashOf(one)).toBe('h5');
    expect(one.told()).toEqual(['a 5:h5 new active', 'a back from away', 'a down>ready well']);
  });

  it('upstream set - S16: of an upstream that hangs a miner waits for less than 2 s', async () => {
    const a = await server(HANG);
    const one = await running([upstreamOf('a', a.url)], {}, 1);
    const answers: string[] = [];
    const ask = async (word: string) => answers.push(`${word} ${await hashOf(one)} at ${one.at()}`);
    void ask('first');
    await one.pass(1, 1);
    void ask('second');
    await one.pass(1.5, 1);
    void ask('third');
    await one.pass(0, 1);
    expect(answers).toEqual(['first null at 1.8', 'second null at 1.8', 'third null at 2.5']);
    const { promise, resolve } = Promise.withResolvers<number>();
    void one.set.refresh().then(() => resolve(one.at()));
    await one.pass(2, 1);
    expect(await promise).toBe(4.5);
    a.behave(information(5, 'h5'));
    await one.pass(2, 1);
    await one.settled();
    expect(one.set.statuses[0]).toMatchObject({
      lastError: { text: 'get_mining_info: no whole answer in time' },
    });
    expect(await hashOf(one)).toBe('h5');
  });

  it('upstream set - S18: a cookie that comes 5 s after the first 401 is used at the next refresh', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cookie-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, '.cookie');
    writeFileSync(path, '__cookie__:stale');
    const needing =
      (cookie: string): Behaviour =>
      (seen, response, nth) =>
        (seen.headers.authorization === `Basic ${Buffer.from(cookie).toString('base64')}`
          ? information(5, 'h5')
          : json('', 401))(seen, response, nth);
    const a = await server(needing('__cookie__:stale'));
    const one = await running([upstreamOf('a', a.url, { auth: { type: 'cookie', path }, mode: 'wallet' })]);
    await one.pass(1);
    one.told();
    a.behave(needing('__cookie__:fresh'));
    await one.pass(6);
    const login = 'it does not accept the login: correct rpc_auth or auth_token of this upstream';
    expect(one.set.statuses).toMatchObject([
      { state: 'degraded', alarms: [`get_mining_info: HTTP status 401; ${login}`] },
    ]);
    rmSync(path);
    await one.pass(1);
    expect(one.set.statuses[0]?.alarms).toEqual([
      'get_mining_info: HTTP status 401; the cookie file cannot be read (ENOENT)',
    ]);
    writeFileSync(path, '__cookie__:fresh');
    await one.pass(1);
    expect(one.told()).toEqual([
      `a operator get_mining_info: HTTP status 401; ${login}`,
      'a ready>degraded HTTP status 401',
      'a back from away',
    ]);
    expect(one.set.statuses).toMatchObject([{ alarms: [], informationAgeMs: 0 }]);
  });

  it('upstream set - S19: 503 to half of the calls misses no block', async () => {
    let height = 5;
    const a = await server((seen, response, nth) =>
      (nth % 2 === 0 ? json('Work queue depth exceeded', 503) : information(height, `h${height}`))(
        seen,
        response,
        nth,
      ),
    );
    const one = await running([upstreamOf('a', a.url)]);
    for (; height < 20; height++) {
      await one.pass(4);
      expect(await hashOf(one)).toBe(`h${height}`);
    }
    expect(one.told().filter((event) => event.includes('>'))).toEqual([
      'a probing>ready well',
      'a ready>degraded HTTP status 503',
    ]);
  });

  it.each([
    ['429', json('', 429)],
    ['-32006', refusal(-32006)],
  ])(
    'upstream set - after %s the interval of all questions doubles up to 10 s, and halves again later',
    async (_, busy) => {
      const a = await server(information(5, 'h5'));
      const one = await running([upstreamOf('a', a.url)]);
      a.behave(busy);
      await one.pass(200);
      const before = a.seen.length;
      for (let second = 0; second < 100; second++) {
        one.set.notify();
        void one.set.refresh();
        void one.set.answer();
        await one.pass(1);
      }
      expect(a.seen.length - before).toBe(10);
      expect(one.set.statuses).toMatchObject([{ fetchIntervalMs: 10_000 }]);
      a.behave(information(6, 'h6'));
      await one.pass(10);
      expect(await hashOf(one)).toBe('h6');
      await one.pass(200);
      expect(one.set.statuses).toMatchObject([{ fetchIntervalMs: 1_000 }]);
    },
  );

  it('upstream set - a failure is kept for a second', async () => {
    const a = await server(HTML);
    const one = await running([upstreamOf('a', a.url)], { isMinerActive: false });
    const asked = () => a.seen.length;
    expect(asked()).toBe(1);
    for (let tenth = 0; tenth < 9; tenth++) {
      await one.pass(0.1);
      await Promise.all([one.set.answer(), one.set.refresh()]);
      one.set.notify();
    }
    expect(asked()).toBe(1);
    await one.pass(0.1);
    expect(asked()).toBe(2);
  });

  it('upstream set - a notice refreshes at once, at most once a second; a refresh joins or waits for the next', async () => {
    const a = await server(information(5, 'h5'));
    const one = await running([upstreamOf('a', a.url)]);
    await one.pass(10.4);
    const asked = a.seen.length;
    a.behave(information(6, 'h6'));
    one.set.notify();
    await one.settled();
    expect(a.seen).toHaveLength(asked + 1);
    expect(await hashOf(one)).toBe('h6');
    a.behave(information(7, 'h7'));
    for (let time = 0; time < 100; time++) one.set.notify();
    const ends: number[] = [];
    for (let time = 0; time < 100; time++) void one.set.refresh().then(() => ends.push(one.at()));
    await one.settled();
    expect(a.seen).toHaveLength(asked + 1);
    await one.pass(0.9);
    expect(a.seen).toHaveLength(asked + 1);
    await one.pass(0.1);
    expect(a.seen).toHaveLength(asked + 2);
    expect(new Set(ends)).toEqual(new Set([11.4]));
    expect(ends).toHaveLength(100);
    expect(await hashOf(one)).toBe('h7');
    await one.pass(3);
    expect(a.seen).toHaveLength(asked + 5);
  });

  it('upstream set - what the operator must do is shown until the method works', async () => {
    const a = await server(both(information(5, 'h5'), refusal(-32601, '<b>no such method</b>')));
    const one = await running([upstreamOf('a', a.url)]);
    one.told();
    expect(await one.set.submit('a', SUBMISSION)).toMatchObject({ type: 'operator', code: -32601 });
    await one.pass(3);
    const advice = 'it does not know the method: give the address of a PoCX pool or wallet';
    expect(one.told()).toEqual([
      `a operator submit_nonce: error -32601; ${advice}`,
      'a ready>degraded error -32601',
    ]);
    a.behave(both(information(5, 'h5'), json('', 503)));
    await one.set.submit('a', SUBMISSION);
    expect(one.set.statuses[0]?.alarms).toEqual([
      `submit_nonce: error -32601: <b>no such method</b>; ${advice}`,
    ]);
    a.behave(both(information(5, 'h5'), refusal(-32007)));
    expect(await one.set.submit('a', SUBMISSION)).toMatchObject({ type: 'refused', about: 'account' });
    expect(one.set.statuses[0]?.alarms).toEqual([]);
    await one.pass(31);
    expect(one.told()).toEqual(['a degraded>ready well']);
    expect(await one.set.submit('b', SUBMISSION)).toMatchObject({ type: 'temporary' });
  });

  it('upstream set - an unfit information counts as none', async () => {
    const a = await server(information(5, 'h5'));
    const one = await running([upstreamOf('a', a.url)]);
    one.told();
    a.behave(json('{"result":{"generation_signature":"00","base_target":1,"height":6,"block_hash":"h6"}}'));
    await one.pass(3);
    expect(await hashOf(one)).toBe('h5');
    const reason = 'its information has no generation_signature of 64 hex digits';
    expect(one.told()).toEqual([`a ready>degraded ${reason}`, `a degraded>down ${reason}`]);
  });

  it.each([
    [10_000, 'h5'],
    [31_000, null],
    [-5_000, null],
  ])('upstream set - the information from before a restart, %i ms old', async (agoMs, given) => {
    const a = await server(HTML);
    const first = await running([upstreamOf('a', (await server(information(5, 'h5'))).url)]);
    const restored = { information: first.set.fresh()!, agoMs };
    const one = await running([upstreamOf('a', a.url)], { restored });
    expect(await hashOf(one)).toBe(given);
    expect(one.set.find('h5')).toMatchObject({ age: 'current' });
    // A block that was replaced before the restart does not come back at once.
    a.behave(information(4, 'h4'));
    await one.pass(1);
    expect(one.set.find('h4')).toBeNull();
    await one.pass(1);
    expect(await hashOf(one)).toBe('h4');
    expect(one.set.find('h5')).toMatchObject({ age: 'previous' });
  });
});

it("upstream set - with the machine's own clock a reorganisation is adopted by the second refresh", async () => {
  const a = await server(information(5, 'a'));
  const changed: string[] = [];
  const set = new UpstreamSet(
    [upstreamOf('a', a.url)],
    { ttlMs: 5_000, timeoutMs: 30_000, choose: 'order' },
    {
      clock: systemClock,
      timers: systemTimers,
      isMinerActive: () => true,
      judge: () => ({ state: 'ready', tell: () => [] }),
      dismissed: () => undefined,
      restored: () => null,
      informationChanged: (_, { blockHash }) => void changed.push(blockHash),
      stateChanged: () => undefined,
      operatorNeeded: () => undefined,
      back: () => undefined,
      refreshed: () => undefined,
      activeChanged: () => undefined,
    },
  );
  await set.start();
  await until('the first block', () => changed.length === 1);
  a.behave(information(4, 'c'));
  await until('the reorganisation', () => changed.length === 2);
  await set.stop();
  expect(changed).toEqual(['a', 'c']);
  expect(a.seen).toHaveLength(3);
});

describe('upstream set - fallbacks', () => {
  it('upstream set - S1: a fallback serves within 3 s, and the first one again after a minute of health', async () => {
    for (const offset of [0, 0.5, 0.99]) {
      const a = await server(information(5, 'a5'));
      const b = await server(information(7, 'b7'));
      const two = await running([upstreamOf('a', a.url), upstreamOf('b', b.url, { mode: 'wallet' })]);
      await two.pass(20 + offset);
      expect(b.seen.length).toBeLessThan(7);
      two.told();
      await a.close();
      await two.pass(3);
      expect(await hashOf(two)).toBe('b7');
      expect(two.set.active).toMatchObject({ name: 'b', mode: 'wallet' });
      expect(two.set.find('a5')).toMatchObject({ upstream: 'a', age: 'current' });
      expect(two.told()).toEqual([
        'a ready>degraded the connection was refused',
        'a degraded>down the connection was refused',
        expect.stringMatching(/^active a>b at 2[123]$/),
      ]);
      await server(information(6, 'a6'), a.port);
      await two.pass(57);
      expect(await hashOf(two)).toBe('b7');
      await two.pass(10);
      expect(await hashOf(two)).toBe('a6');
      expect(two.told()).toEqual([
        'a 6:a6 new',
        'a back from away',
        'a down>ready well',
        expect.stringMatching(/^active b>a at 8\d$/),
      ]);
    }
  });

  it('upstream set - each upstream has its own blocks (S2)', async () => {
    const a = await server(information(5, 'a5'));
    const b = await server(information(5, 'b5'));
    const two = await running([upstreamOf('a', a.url), upstreamOf('b', b.url)]);
    await two.pass(1);
    expect([two.set.find('a5')?.upstream, two.set.find('b5')?.upstream]).toEqual(['a', 'b']);
    expect(two.set.informationOf('b')?.blockHash).toBe('b5');
    expect(two.set.informationOf('c')).toBeNull();
    await two.set.submit('b', SUBMISSION);
    expect(a.seen.filter((one) => methodOf(one) === 'submit_nonce')).toHaveLength(0);
    expect(b.seen.filter((one) => methodOf(one) === 'submit_nonce')).toHaveLength(1);
  });

  it('upstream set - the newest: the greatest height serves, and equal heights change nothing', async () => {
    const a = await server(information(5, 'a5'));
    const b = await server(information(5, 'b5'));
    const two = await running([upstreamOf('a', a.url), upstreamOf('b', b.url)], { choose: 'newest' });
    await two.pass(2);
    expect(await hashOf(two)).toBe('a5');
    b.behave(information(6, 'b6'));
    await two.pass(1);
    expect(await hashOf(two)).toBe('b6');
    a.behave(information(6, 'a6'));
    await two.pass(5);
    expect(await hashOf(two)).toBe('b6');
    a.behave(information(7, 'a7'));
    await two.pass(1);
    expect(await hashOf(two)).toBe('a7');
  });

  it('upstream set - other upstreams while it runs', async () => {
    const a = await server(information(5, 'a5'));
    const b = await server(information(5, 'b5'));
    const c = await server(information(5, 'c5'));
    const two = await running([upstreamOf('a', a.url), upstreamOf('b', b.url)]);
    await two.pass(3);
    two.told();
    const asked = a.seen.length;
    await two.set.replace([upstreamOf('a', a.url), upstreamOf('b', c.url), upstreamOf('d', b.url)]);
    await two.settled();
    expect(two.told().toSorted()).toEqual([
      'b 5:c5 new',
      'b probing>ready well',
      'd 5:b5 new',
      'd probing>ready well',
    ]);
    expect(a.seen).toHaveLength(asked);
    await two.set.replace([upstreamOf('a', c.url), upstreamOf('d', b.url)]);
    await two.settled();
    expect(two.told()).toEqual(['a 5:c5 new active', 'a probing>ready well']);
    expect(await hashOf(two)).toBe('c5');
    await two.set.replace([upstreamOf('e', a.url), upstreamOf('d', b.url)], 'newest');
    await two.settled();
    expect(two.told()[0]).toBe('active a>d at 3');
    await two.set.replace([upstreamOf('d', b.url)]);
    await two.settled();
    const askedLater = a.seen.length;
    await two.pass(5);
    expect(a.seen).toHaveLength(askedLater);
    expect(two.set.statuses.map(({ name }) => name)).toEqual(['d']);
    await expect(two.set.replace([])).rejects.toThrow(RangeError);
    await expect(two.set.replace([upstreamOf('e', 'no url')])).rejects.toThrow(TypeError);
    expect(two.set.statuses.map(({ name }) => name)).toEqual(['d']);
  });
});
