import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeSim, type NodeSimOptions } from '../../../src/agent/simulator/node-sim.ts';
import { NODE_FAULTS } from '../../../src/agent/simulator/node-writer.ts';
import { ManualTime } from '../../support/manual-time.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-node-sim-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const settled = () => Promise.resolve();

function startSim(more: Partial<NodeSimOptions>) {
  const time = new ManualTime();
  const told: string[] = [];
  const sim = new NodeSim(
    {
      folder,
      seed: 1,
      nodes: 1,
      ratePerMinute: 60,
      tasks: Infinity,
      history: 5,
      faults: [],
      inputCharacters: 100,
      ...more,
    },
    {
      clock: time,
      timers: time,
      ended: () => void told.push('ended'),
      failed: () => void told.push('failed'),
    },
  );
  return { sim, time, told };
}

function eventText(settings: { readonly AGENT_EVENTS: string } | undefined, wallet: string): string {
  return readFileSync(settings?.AGENT_EVENTS.replace('*', wallet) ?? '', 'utf8');
}

/** The wallet of the only node of a plan with seed 1. */
const WALLET = /0x[0-9a-fA-F]{40}/;

describe('node-sim', () => {
  it('node-sim - the files hold the past at the start, and grow with the time', async () => {
    const { sim, time } = startSim({});
    await sim.start();
    const atStart = sim.written;
    expect(atStart).toBeGreaterThan(10);
    await time.advance(10_000, settled);
    expect(sim.written).toBeGreaterThan(atStart * 2);
    await sim.stop();
    expect(time.timers).toBe(0);
  });

  it.each([1, 2, 3])(
    'node-sim - with every fault it ends by itself, and the event file is whole, seed %i',
    async (seed) => {
      const { sim, time, told } = startSim({ seed, tasks: 60, faults: NODE_FAULTS });
      await sim.start();
      await time.advance(70_000, settled);
      expect(told).toEqual(['ended']);
      await sim.stop();
      const [path = ''] = readFilesIn(folder);
      const wallet = WALLET.exec(path)?.[0] ?? '';
      const document = eventText(sim.settings[0], wallet).replace(/^\u{feff}/u, '');
      const parsed = JSON.parse(document) as unknown[] | { readonly records: unknown[] };
      expect((Array.isArray(parsed) ? parsed : parsed.records).length).toBeGreaterThan(60);
    },
  );

  it('node-sim - of several nodes each has its own folder', async () => {
    const { sim } = startSim({ nodes: 2 });
    await sim.start();
    await sim.stop();
    expect(sim.folders).toEqual([join(folder, 'node-1'), join(folder, 'node-2')]);
    expect(sim.folders.every((each) => existsSync(join(each, 'build', 'datadb')))).toBe(true);
  });

  it('node-sim - a folder that goes away ends it, and says so once', async () => {
    const { sim, time, told } = startSim({});
    await sim.start();
    rmSync(folder, { recursive: true, force: true });
    await time.advance(10_000, settled);
    expect(told).toEqual(['failed']);
    await sim.stop();
  });
});

function readFilesIn(path: string): readonly string[] {
  return globSync(join(path, '**', '*-eventDB.json'));
}
