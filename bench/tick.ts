// A tick over a million tasks against one over a thousand, in the real program: both run side by side and tick in turn;
// what is compared is the median of each program's own tick times, and main's event-loop delay meanwhile.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAggregator, type Aggregator } from '../test/support/aggregator.ts';
import { startNatsServer } from '../test/support/nats-server.ts';
import { until } from '../test/support/until.ts';
import { fill } from './fill.ts';
import { machine, median } from './machine.ts';

const TICKS = 40;
const SMALL = 1000;
const LARGE = 1_000_000;

async function run(
  databasePath: string,
  natsUrl: string,
): Promise<{ seconds: number[]; delayP99Seconds: number }> {
  const program = startAggregator({ DB_PATH: databasePath, NATS_URL: natsUrl, PUBLISH_INTERVAL: '250' });
  await program.ready();
  const ticks = await until('enough ticks', () => {
    const lines = program.log.filter(({ msg }) => msg === 'tick: statistics made');
    // The first ticks compile and fill caches; they are nobody's steady state.
    return lines.length >= TICKS + 8 ? lines.slice(8) : null;
  });
  const delayP99Seconds = await eventLoopDelay(program);
  await program.stop();
  return { seconds: ticks.map(({ seconds }) => Number(seconds)), delayP99Seconds };
}

function eventLoopDelay(program: Aggregator): Promise<number> {
  return program.metric('nodejs_eventloop_delay_seconds', 'quantile="0.99"');
}

export async function benchTick(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'aggregator-bench-'));
  const broker = await startNatsServer({ storeFolder: join(folder, 'broker') });
  try {
    const sizes = [SMALL, LARGE];
    for (const size of sizes) fill(join(folder, `${size}.db`), size, Date.now());
    const medians = new Map<number, number[]>(sizes.map((size) => [size, []]));
    let delay = 0;
    for (let round = 0; round < 5; round++) {
      for (const size of sizes) {
        const { seconds, delayP99Seconds } = await run(join(folder, `${size}.db`), broker.url);
        medians.get(size)?.push(median(seconds));
        if (size === LARGE) delay = Math.max(delay, delayP99Seconds);
      }
    }
    const small = median(medians.get(SMALL) ?? []) * 1000;
    const large = median(medians.get(LARGE) ?? []) * 1000;
    console.log(`tick  ${machine()}`);
    console.log(
      `  ${SMALL} tasks: ${small.toFixed(2)} ms; ${LARGE} tasks: ${large.toFixed(2)} ms (medians of 5 runs of ${TICKS} ticks)`,
    );
    console.log(
      `  ratio ${(large / small).toFixed(2)} (aim ≤ 1.5); event-loop delay p99 ${(delay * 1000).toFixed(1)} ms (aim ≤ 20)`,
    );
  } finally {
    await broker.stop();
    rmSync(folder, { recursive: true });
  }
}
