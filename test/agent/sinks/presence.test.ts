import { describe, expect, it } from 'vitest';
import { Presence } from '../../../src/agent/sinks/presence.ts';
import { ManualTime } from '../../support/manual-time.ts';

function setUp(isAutomatic = true) {
  const time = new ManualTime();
  let wakes = 0;
  let random = 0.5;
  const presence = new Presence(
    { nodeId: 'node-1', place: { continent: null, location: null }, isAutomatic },
    {
      clock: time,
      timers: time,
      random: () => random,
      counts: () => ({ active: 0, total: 0, received: 0, completed: 0, failed: 0, invoices: 0 }),
      isSourceReadable: () => true,
      wake: () => (wakes += 1),
    },
  );
  return {
    time,
    presence,
    wakes: () => wakes,
    randomIs: (share: number) => (random = share),
    advance: (ms: number) => time.advance(ms, () => Promise.resolve()),
    /** Sends what is wanted, as confirmed or not. */
    send: (isConfirmed: boolean) => {
      const types = presence.wanted(false);
      for (const type of types) presence.take(type);
      if (isConfirmed) for (const type of types) presence.confirmed(type);
      return types;
    },
  };
}

describe('presence', () => {
  it('presence - node_joined once per start, as soon as it is confirmed; a heartbeat with each connection', () => {
    const { presence, send } = setUp();
    expect(presence.wanted(false)).toEqual([]);
    presence.beat();
    expect(send(false)).toEqual(['node_joined', 'heartbeat']);
    presence.rest();
    presence.beat();
    expect(send(true)).toEqual(['node_joined', 'heartbeat']);
    presence.rest();
    presence.beat();
    expect(send(true)).toEqual(['heartbeat']);
  });

  it('presence - a heartbeat that could not be sent is replaced by the next, and gone with the connection', async () => {
    const { presence, advance, send, time } = setUp();
    presence.beat();
    send(true);
    await advance(300_000);
    expect(presence.wanted(false)).toEqual(['heartbeat']);
    presence.rest();
    expect(presence.wanted(false)).toEqual([]);
    await advance(300_000);
    expect([presence.wanted(false), time.timers]).toEqual([[], 0]);
  });

  it.each([
    [0, 27_000],
    [0.5, 30_000],
    [0.9999999, 33_000],
  ])('presence - with random %d the next heartbeat comes after %d ms', async (share, ms) => {
    const { presence, advance, send, randomIs } = setUp();
    randomIs(share);
    presence.beat();
    send(true);
    await advance(ms - 1);
    expect(presence.wanted(false)).toEqual([]);
    await advance(1);
    expect(presence.wanted(false)).toEqual(['heartbeat']);
  });

  it('presence - another interval holds from the next heartbeat on; a test of the broker is one heartbeat', async () => {
    const { presence, advance, send } = setUp();
    presence.beat();
    expect(presence.wanted(true)).toEqual(['heartbeat']);
    send(true);
    presence.intervalMs = 15_000;
    await advance(30_000);
    send(true);
    await advance(15_000);
    expect(send(true)).toEqual(['heartbeat']);
  });

  it('presence - the text is made when it is sent', async () => {
    const { presence, time, advance } = setUp();
    presence.beat();
    await advance(600_000);
    const { timestamp } = JSON.parse(presence.take('heartbeat')) as { timestamp: string };
    expect(time.nowMs() - Date.parse(timestamp)).toBeLessThan(300_000);
  });

  it('presence - where the owner hands it over, the newest of each type is sent, and nothing else', () => {
    const { presence, wakes } = setUp(false);
    presence.beat();
    expect(presence.wanted(false)).toEqual([]);
    const before = wakes();
    presence.put('heartbeat', 'one');
    presence.put('heartbeat', 'two');
    presence.put('node_joined', 'joined');
    expect(wakes()).toBe(before + 3);
    expect(presence.wanted(false)).toEqual(['node_joined', 'heartbeat']);
    expect(presence.take('heartbeat')).toBe('two');
    presence.leave();
    expect(presence.wanted(false)).toEqual(['node_joined']);
  });

  it('presence - at the end it leaves', () => {
    const { presence, send, time } = setUp();
    presence.beat();
    send(true);
    presence.leave();
    expect(send(true)).toEqual(['node_left']);
    expect(time.timers).toBe(0);
  });
});
