import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Fleet } from '../../../src/federation/simulator/fleet.ts';
import { agentDelayMs } from '../../../src/federation/simulator/fleet-node.ts';
import { Incidents } from '../../../src/federation/simulator/incidents.ts';
import type { LoadMessage } from '../../../src/federation/simulator/statement.ts';
import { fakeWire } from './fake-wire.ts';

const SUBJECT = 'truebit.nodes.joined';

function message(nodeId: string, text: string): LoadMessage {
  const content = { type: 'node_joined', nodeId } as const;
  return { subject: SUBJECT, payload: Buffer.from(text), atMs: 0, nodeId, content };
}

/** A fleet whose waits end when the test advances its clock. */
function createWorld(nodes = 3) {
  let nowMs = 0;
  let waits: { readonly atMs: number; readonly end: () => void }[] = [];
  const arrived: string[] = [];
  const wire = fakeWire((_subject, payload) => arrived.push(Buffer.from(payload).toString()));
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const wait = (ms: number) =>
    new Promise<void>((resolve) => void waits.push({ atMs: nowMs + ms, end: resolve }));
  const connectionOf = new Map(Array.from({ length: nodes }, (_, number) => [`node-${number}`, number]));
  const fleet = new Fleet(
    { connections: nodes, seed: 1, connectionOf },
    { dial: wire.dial, clock, wait, headersOf: () => null },
  );
  return {
    fleet,
    wire,
    arrived,
    clock,
    wait,
    /** Advances the clock in small steps, and lets everything happen that is due. */
    async pass(ms: number): Promise<void> {
      for (const endMs = nowMs + ms; nowMs < endMs; nowMs = Math.min(endMs, nowMs + 50)) {
        const due = waits.filter(({ atMs }) => atMs <= nowMs);
        waits = waits.filter(({ atMs }) => atMs > nowMs);
        for (const { end } of due) end();
        await turn();
      }
      await turn();
    },
  };
}

async function openWorld(nodes?: number) {
  const world = createWorld(nodes);
  await world.fleet.open(() => undefined);
  return world;
}

describe('loadtest fleet', () => {
  it.each([
    [0, 0.999, 999],
    [0, 0, 0],
    [3, 0.5, 4000],
    [6, 0.5, 30_000],
    [100, 0.5, 30_000],
  ])(
    'loadtest fleet - after %i failures and with the share %d an agent waits %i ms',
    (failures, share, ms) => {
      expect(agentDelayMs(failures, share)).toBeCloseTo(ms);
    },
  );

  it('loadtest fleet - opens one connection per node, and tells the progress', async () => {
    const { fleet, wire } = createWorld(120);
    const progress: number[] = [];
    await fleet.open((connected) => progress.push(connected));
    expect(wire.dialled()).toBe(120);
    expect(fleet.connected).toBe(120);
    expect(progress).toHaveLength(120);
    expect(progress.at(-1)).toBe(120);
  });

  it('loadtest fleet - what the broker answers is confirmed, once each, and measured', async () => {
    const { fleet, arrived } = await openWorld();
    for (const text of ['a', 'b', 'c']) fleet.send(message('node-1', text));
    await fleet.flush();
    expect(arrived).toEqual(['a', 'b', 'c']);
    const { confirmed, resent, latency, lostUnplanned, brokerVersion } = fleet.report();
    expect({ confirmed, resent: resent.size, lostUnplanned }).toEqual({
      confirmed: 3,
      resent: 0,
      lostUnplanned: 0,
    });
    expect(latency.count).toBe(3);
    expect(brokerVersion).toBe('2.10.0');
  });

  it('loadtest fleet - after a cut only what is unconfirmed is sent again, in its order, before what waited', async () => {
    const { fleet, wire, arrived, pass } = await openWorld();
    fleet.send(message('node-0', 'confirmed'));
    await fleet.flush();
    wire.isSilent = true;
    fleet.send(message('node-0', 'first'));
    await turn();
    fleet.send(message('node-0', 'second'));
    await turn();
    fleet.cut();
    fleet.send(message('node-0', 'third'));
    wire.isSilent = false;
    await pass(1100);
    // `second` waited for the answer to `first`, so it was never published before the cut.
    expect(arrived).toEqual(['confirmed', 'first', 'first', 'second', 'third']);
    expect(await Promise.race([fleet.settle(1000), pass(200).then(() => 'late')])).toBe(true);
    const { confirmed, resent, outages } = fleet.report();
    expect(confirmed).toBe(4);
    expect(resent).toEqual(new Map([[SUBJECT, 1]]));
    expect(outages).toMatchObject([{ lost: 3, lostAgain: 0, awayMs: 0 }]);
    expect(outages[0]?.backAfterMs).toHaveLength(3);
    for (const ms of outages[0]?.backAfterMs ?? []) expect(ms).toBeLessThanOrEqual(1050);
  });

  it('loadtest fleet - flush waits for connected nodes only', async () => {
    const { fleet, wire } = await openWorld();
    wire.isSilent = true;
    fleet.send(message('node-0', 'a'));
    let isFlushed = false;
    const flushed = fleet.flush().then(() => (isFlushed = true));
    await turn();
    expect(isFlushed).toBe(false);
    fleet.cut();
    await flushed;
    expect(isFlushed).toBe(true);
  });

  it('loadtest fleet - while the broker is away attempts fail without being made, and returns are spread', async () => {
    const { fleet, wire, pass } = await openWorld(100);
    fleet.cut(60_000);
    await pass(59_900);
    expect(wire.dialled()).toBe(100);
    expect(fleet.connected).toBe(0);
    await pass(61_000);
    expect(fleet.connected).toBe(100);
    const [outage] = fleet.report().outages;
    const arrivals = outage?.arrivalsMs ?? [];
    expect(arrivals).toHaveLength(100);
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(30_000);
    expect(outage?.lostAgain).toBe(0);
  });

  it('loadtest fleet - a connection that is lost without a cut is counted, and one lost again after its return', async () => {
    const { fleet, wire, pass } = await openWorld();
    wire.endAll();
    await pass(1100);
    expect(fleet.report()).toMatchObject({ lostUnplanned: 3, outages: [] });
    fleet.cut();
    await pass(1100);
    wire.endAll();
    await pass(1100);
    expect(fleet.report().outages).toMatchObject([{ lost: 3, lostAgain: 3 }]);
  });

  it('loadtest fleet - what the broker forbids ends the run', async () => {
    const { fleet, wire } = await openWorld();
    wire.refuse('permissions violation');
    await expect(fleet.flush()).rejects.toThrow('permissions violation');
  });

  it('loadtest fleet - a broker that cannot be reached ends the opening, and does not come back after the end', async () => {
    const { fleet, wire, pass } = createWorld();
    wire.isDown = true;
    await expect(fleet.open(() => undefined)).rejects.toThrow('connection refused');
    fleet.close();
    const opened = await openWorld();
    opened.fleet.close();
    await opened.pass(5000);
    await pass(100);
    expect(opened.wire.dialled()).toBe(3);
    expect(opened.fleet.connected).toBe(0);
  });

  it('loadtest fleet - settle gives up after its time', async () => {
    const { fleet, wire, pass } = await openWorld();
    wire.isDown = true;
    fleet.cut();
    const settled = fleet.settle(5000);
    await pass(5200);
    expect(await settled).toBe(false);
    fleet.close();
  });

  it('loadtest fleet - a restart waits for the answers, pauses, and then runs the command once', async () => {
    const { fleet, wire, clock, wait, pass, arrived } = await openWorld();
    const commands: { readonly command: string; readonly atMs: number }[] = [];
    const incidents = new Incidents(fleet, [{ type: 'restart', atMs: 100 }], {
      seed: 1,
      clock,
      wait,
      restartCommand: 'restart it',
      runCommand: async (command) => {
        commands.push({ command, atMs: clock.monotonicMs() });
        wire.endAll();
        return 0;
      },
    });
    await incidents.pass(99);
    expect(commands).toEqual([]);
    fleet.send(message('node-0', 'before'));
    const passed = incidents.pass(100);
    await pass(1000);
    await passed;
    await incidents.pass(Infinity);
    expect(arrived).toEqual(['before']);
    expect(commands).toHaveLength(1);
    expect(commands[0]?.atMs).toBeGreaterThanOrEqual(250);
    expect(fleet.report()).toMatchObject({ lostUnplanned: 0, outages: [{ lost: 3 }] });
    fleet.close();
  });

  it('loadtest fleet - a cut waits until all nodes are back from the one before, and then comes', async () => {
    const { fleet, clock, wait, pass, wire } = await openWorld();
    const cuts = [0, 10].map((atMs) => ({ type: 'cut', atMs, awayMs: 0 }) as const);
    const parts = { seed: 1, clock, wait, restartCommand: null, runCommand: async () => 0 };
    const incidents = new Incidents(fleet, cuts, parts);
    const passed = incidents.pass(10);
    await pass(60);
    await passed;
    expect(fleet.report().outages).toHaveLength(1);
    const last = incidents.pass(Infinity);
    await pass(3000);
    await last;
    expect(fleet.report().outages).toMatchObject([
      { lost: 3, backAfterMs: { length: 3 } },
      { lost: 3, backAfterMs: { length: 3 } },
    ]);
    wire.isDown = true;
    const late = new Incidents(fleet, cuts, parts);
    await Promise.all([late.pass(Infinity), pass(15_000)]);
    expect(fleet.report().outages).toMatchObject([{}, {}, { lost: 3, backAfterMs: [] }, { lost: 0 }]);
    fleet.close();
  });

  it('loadtest fleet - a restart command that fails makes the run worthless', async () => {
    const { fleet, clock, wait, pass } = await openWorld();
    const parts = { seed: 1, clock, wait, restartCommand: 'false', runCommand: async () => 3 };
    const passed = new Incidents(fleet, [{ type: 'restart', atMs: 0 }], parts).pass(0);
    const failure = passed.catch((error: unknown) => error);
    await pass(400);
    expect(await failure).toMatchObject({ message: expect.stringContaining('exit code 3') });
    fleet.close();
  });
});
