// The connection over hours, in virtual time and with a real broker: away, refusing logins, silent; and how little the
// log says of it.

import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Dial } from '../../../src/agent/sinks/channel.ts';
import { connectOnce } from '../../../src/io/nats.ts';
import { freePort } from '../../support/free-port.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';
import { addFacts, listen, makeLink, natsOptions, type TestLink } from './link-fixture.ts';
import { startProxy } from './tcp-proxy.ts';

const MINUTE_MS = 60_000;

/** Dials that are under way, and when each began. */
class Dials {
  readonly startedMs: number[] = [];
  readonly #time: ManualTime;
  #underWay = 0;

  constructor(time: ManualTime) {
    this.#time = time;
  }

  through(dial: Dial): Dial {
    return async (parts) => {
      this.startedMs.push(this.#time.monotonicMs());
      this.#underWay += 1;
      try {
        return await dial(parts);
      } finally {
        this.#underWay -= 1;
      }
    };
  }

  /** Resolves when no dial is under way, nothing is sent, and what followed from that was done. */
  async settle(isSending: () => boolean): Promise<void> {
    do {
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    } while (this.#underWay > 0 || isSending());
  }
}

/** Random numbers by a seed, so that a failure can be repeated. */
function randomBy(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

function timed(url: string, nats: Parameters<typeof natsOptions>[1] = {}) {
  const time = new ManualTime();
  const dials = new Dials(time);
  const dial = dials.through((parts) => connectOnce('truebit-agent', natsOptions(url, nats), parts));
  const test = makeLink({ url, clock: time, timers: time, random: randomBy(7), dial });
  const wire = { isHeld: false };
  const settle = () => dials.settle(() => !wire.isHeld && test.link.isSending);
  return { wire, time, dials, test, settle, advance: (ms: number) => time.advance(ms, settle) };
}

/** The greatest number of lines with one sentence within a minute. */
function mostLinesInAMinute({ lines }: TestLink): number {
  let most = 0;
  for (const { msg, atMs } of lines) {
    const cause = msg.split('(')[0];
    const within = lines.filter(
      (other) => other.msg.split('(')[0] === cause && other.atMs >= atMs && other.atMs < atMs + MINUTE_MS,
    );
    most = Math.max(most, within.length);
  }
  return most;
}

describe('connection', () => {
  it('connection - S11, S18: away for 30 min, refusing logins for 10, with 10,000 facts waiting', async () => {
    const port = await freePort();
    const { test, dials, time, advance, settle } = timed(`nats://127.0.0.1:${port}`, {
      user: 'agent',
      password: 'right horse',
    });
    addFacts(test.outbox, 10_000);
    await test.link.start();
    await advance(30 * MINUTE_MS);
    expect(test.link.view()).toMatchObject({ isConnected: false, reason: expect.stringMatching(/refused/i) });
    const gaps = dials.startedMs.map((atMs, index) => atMs - (dials.startedMs[index - 1] ?? atMs));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(MINUTE_MS);
    expect(dials.startedMs.length).toBeGreaterThan(30);

    const folder = await mkdtemp(join(tmpdir(), 'sinks-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const configurationFile = join(folder, 'nats.conf');
    const users = (password: string) => `authorization { user: agent, password: "${password}" }`;
    writeFileSync(configurationFile, users('wrong horse'));
    const refusing = await startNatsServer({ port, configurationFile });
    await advance(10 * MINUTE_MS);
    expect(test.link.view().isConnected).toBe(false);
    expect(test.link.view().reason).toMatch(/authorization/i);
    await refusing.stop();

    writeFileSync(configurationFile, users('right horse'));
    const server = await startNatsServer({ port, configurationFile });
    onTestFinished(() => server.stop());
    const backMs = time.monotonicMs();
    await advance(MINUTE_MS);
    expect(test.link.view()).toMatchObject({ isConnected: true, reason: null });
    expect((dials.startedMs.at(-1) ?? Infinity) - backMs).toBeLessThanOrEqual(MINUTE_MS);
    await until('the heartbeat', () => test.link.view().lastHeartbeatMs !== null);
    await settle();
    const joined = test.link.messageCounts().filter(({ type }) => type === 'node_joined');
    expect(joined).toEqual([{ type: 'node_joined', outcome: 'confirmed', count: 1 }]);

    expect(mostLinesInAMinute(test)).toBe(1);
    // Forty minutes of one outage are not forty lines either.
    expect(test.lines.length).toBeLessThan(10);
    expect(JSON.stringify(test.lines)).not.toContain('horse');
  });

  it('connection - a broker that takes connections and ends them at once is not dialled more often than one that is away', async () => {
    const server = await startNatsServer({});
    onTestFinished(() => server.stop());
    const proxy = await startProxy(server.port);
    const { test, dials, advance } = timed(proxy.url);
    // The first thing after CONNECT and PING is the subscription.
    proxy.fromClient = (chunk) => (chunk.includes('SUB') ? 0 : null);
    await test.link.start();
    await advance(30 * MINUTE_MS);
    expect(test.link.view().isConnected).toBe(false);
    expect(dials.startedMs.length).toBeLessThan(120);
    expect(mostLinesInAMinute(test)).toBe(1);
  });

  it('connection - a broker that answers no PING opens the breaker; one heartbeat tries, and success closes it', async () => {
    const server = await startNatsServer({});
    onTestFinished(() => server.stop());
    const proxy = await startProxy(server.port);
    const listener = await listen(server.url);
    const { test, time, wire, advance, settle } = timed(proxy.url);
    await test.link.start();
    await until('the end of the join', () => test.link.view().joinProblem !== null && !test.link.isSending);
    proxy.hold(true);
    wire.isHeld = true;
    addFacts(test.outbox, 100);
    test.link.wake();
    const handed = () => listener.heard.length;
    const before = handed();
    const heldMs = time.monotonicMs();
    await until('the breaker to open', async () => {
      await advance(500);
      return test.link.view().breaker === 'open';
    });
    expect(time.monotonicMs() - heldMs).toBeGreaterThanOrEqual(25_000);
    // A round of up to five in the second, then one message at a time.
    expect(handed() - before).toBeLessThanOrEqual(5 + 4);
    expect(test.link.view().breaker).toBe('open');
    expect(test.outbox.taken.size).toBe(0);
    const silentFrom = handed();
    await advance(47_000);
    test.link.wake();
    await settle();
    expect(handed()).toBe(silentFrom);
    // 60 s ± 20 %, then one heartbeat, which fails too.
    await until('one heartbeat', async () => {
      await advance(1_000);
      return handed() > silentFrom;
    });
    expect(test.link.view().breaker).toBe('trying');
    await advance(5_000);
    expect(test.link.view().breaker).toBe('open');
    expect(listener.heard.slice(silentFrom).map(({ subject }) => subject)).toEqual(['truebit.heartbeat']);
    proxy.hold(false);
    wire.isHeld = false;
    const openMs = time.monotonicMs();
    await until('the breaker to close', async () => {
      await advance(1_000);
      return test.link.view().breaker === 'closed';
    });
    expect(time.monotonicMs() - openMs).toBeLessThanOrEqual(73_000);
    await until('the facts', async () => {
      await advance(1_000);
      return test.outbox.waiting.size === 0;
    });
    expect(mostLinesInAMinute(test)).toBe(1);
  });

  it('connection - heartbeats keep to their interval, a tenth more or less, and say offline when no source can be read', async () => {
    const server = await startNatsServer({});
    onTestFinished(() => server.stop());
    const listener = await listen(server.url);
    const { test, time, advance } = timed(server.url);
    await test.link.start();
    await until('the first heartbeat', () => test.link.view().lastHeartbeatMs !== null);
    const beats: number[] = [];
    let last = test.link.view().lastHeartbeatMs;
    test.isReadable = false;
    for (let step = 0; step < 3_000; step++) {
      await advance(100);
      await until('the round', () => test.link.waitingPresence === 0);
      const confirmed = test.link.view().lastHeartbeatMs;
      if (confirmed !== last) beats.push(time.nowMs());
      last = confirmed;
    }
    const gaps = beats.map((atMs, index) => atMs - (beats[index - 1] ?? atMs)).slice(1);
    expect(gaps.length).toBeGreaterThan(6);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(26_500);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(33_500);
    const statuses = listener
      .of('truebit.heartbeat')
      .map(({ payload }) => (JSON.parse(payload) as { data: { status: string } }).data.status);
    expect([...new Set(statuses)]).toEqual(['online', 'offline']);
  });

  it('connection - a disk that cannot be written stops sending, with one line, and it goes on by itself', async () => {
    const server = await startNatsServer({});
    onTestFinished(() => server.stop());
    const { test, advance } = timed(server.url);
    test.outbox.problem = Object.assign(new Error('/secret/path is full'), { code: 'SQLITE_FULL' });
    addFacts(test.outbox, 3);
    await test.link.start();
    await until('the connection', () => test.link.view().isConnected);
    await advance(50_000);
    expect(test.link.messageCounts()).toEqual([]);
    const said = test.lines.filter(({ level }) => level === 'error');
    expect(said.map(({ fields }) => fields)).toEqual([{ reason: 'SQLITE_FULL' }]);
    test.outbox.problem = null;
    await until('the facts', async () => {
      await advance(1_000);
      return test.outbox.waiting.size === 0;
    });
  });

  it('connection - a node that has opted out connects to nothing', async () => {
    const test = makeLink({
      url: 'nats://127.0.0.1:1',
      link: { isEnabled: false },
      dial: () => {
        throw new Error('dialled');
      },
    });
    await test.link.start();
    test.link.wake();
    expect(test.link.view()).toMatchObject({ isConnected: false, reason: null });
    await test.link.stop();
  });
});
