// The delay of main's event loop under all kinds of load at once: messages at full speed, a tick a second, readers over
// HTTP, and retention in every commit.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions, Figure } from './figures.ts';
import { fill } from './fill.ts';
import { makeLoad } from './load.ts';
import { median } from './machine.ts';
import { publish } from './publisher.ts';
import { committedUpTo, openStage, startProgram } from './stage.ts';

const DAY_MS = 86_400_000;
const READ_EVERY_MS = 50;
const PATHS = ['/api/federation/network-stats', '/api/federation/nodes', '/metrics', '/readyz'];

async function delayP99Ms({ isQuick }: BenchOptions, seed: number): Promise<number> {
  const stage = await openStage('jetstream');
  const folder = mkdtempSync(join(tmpdir(), 'aggregator-bench-'));
  try {
    const databasePath = join(folder, 'aggregator.db');
    // Twice as old as RETENTION_DAYS, so that every commit prunes.
    fill(databasePath, isQuick ? 20_000 : 200_000, Date.now() - 60 * DAY_MS);
    const program = await startProgram(stage, { DB_PATH: databasePath });
    const url = await program.url();
    const over = new AbortController();
    const reading = (async () => {
      for (let turn = 0; !over.signal.aborted; turn++) {
        await (await fetch(`${url}${PATHS[turn % PATHS.length]}`)).arrayBuffer();
        await new Promise((resolve) => setTimeout(resolve, READ_EVERY_MS));
      }
    })();
    let messages = 0;
    for (let part = 0; part < (isQuick ? 1 : 3); part++) {
      const load = makeLoad({ tasks: isQuick ? 10_000 : 100_000, chunk: 150, seed: seed * 3 + part });
      messages += load.messages;
      await publish(stage.port, load);
    }
    await committedUpTo(databasePath, messages);
    over.abort();
    await reading;
    const seconds = await program.metric('nodejs_eventloop_delay_seconds', 'quantile="0.99"');
    await program.stop();
    return seconds * 1000;
  } finally {
    await stage.close();
    rmSync(folder, { recursive: true });
  }
}

export async function benchLoop(options: BenchOptions): Promise<readonly Figure[]> {
  const found: number[] = [];
  for (let round = 0; round < options.rounds; round++) found.push(await delayP99Ms(options, round));
  return [
    {
      name: "main's event-loop delay, p99",
      value: median(found),
      unit: 'ms',
      aim: { atMost: 10 },
      note: found.map((ms) => ms.toFixed(1)).join(' '),
    },
  ];
}
