// The memory that questions about nodes take: 864 that differ, then 20,000, all sorted, paged and with uptime strips.
// Much of the memory of a question is outside the JavaScript heap, so the bench measures the whole process.

import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { Aggregator } from '../test/support/aggregator.ts';
import { until } from '../test/support/until.ts';
import type { BenchOptions, Figure } from './figures.ts';
import { heartbeat, pack } from './load.ts';
import { publish } from './publisher.ts';
import { committedUpTo, memoryBytes, openStage, startProgram } from './stage.ts';

const NODES = 300;
/** Transitions of each node in its last 24 h, from which a strip is painted. */
const TRANSITIONS = 20;
const SORTS = ['firstSeen', 'lastSeen', 'nodeId'];
const PAGES = 3;
const STRIPS = 96;
/** Every sort, page and strip once. */
const FEW = SORTS.length * PAGES * STRIPS;
const MANY = 20_000;
const AT_A_TIME = 4;
const MEGABYTE = 1024 * 1024;

/** Asks this number of questions, the first `FEW` of them all different; resolves when the last is answered. */
async function ask(program: Aggregator, count: number): Promise<void> {
  const url = await program.url();
  let next = 0;
  const asker = async () => {
    while (next < count) {
      const question = next++;
      const [sort, page, strip] = [
        SORTS[question % SORTS.length],
        1 + (Math.floor(question / SORTS.length) % PAGES),
        1 + (Math.floor(question / (SORTS.length * PAGES)) % STRIPS),
      ];
      // A search that every node matches makes a question of each round differ from those before.
      const search = question < FEW ? '' : `&q=${'node-'.slice(0, 1 + (Math.floor(question / FEW) % 5))}`;
      const answer = await fetch(
        `${url}/api/federation/nodes?sort=${sort}&strip=${strip}&page=${page}${search}`,
      );
      if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, asker));
}

/** Gives the stored nodes many transitions, as days of operation would. */
function fillTransitions(databasePath: string): void {
  const database = new Sqlite(databasePath);
  const insert = database.prepare(
    `INSERT INTO transitions (node, number, at_ms, observed_ms, from_state, to_state, cause)
     VALUES (?, ?, ?, ?, ?, ?, 'silence')`,
  );
  const nowMs = Date.now();
  database.transaction(() => {
    for (let node = 1; node <= NODES; node++) {
      for (let number = 1; number <= TRANSITIONS; number++) {
        const [from, to] = number % 2 === 1 ? [0, 1] : [1, 0];
        insert.run(node, number, nowMs - number * 1000, number * 1000, from, to);
      }
    }
  })();
  database.close();
}

export async function benchQuestions({ isQuick }: BenchOptions): Promise<readonly Figure[]> {
  const many = isQuick ? 2000 : MANY;
  const stage = await openStage('jetstream');
  try {
    const databasePath = join(stage.folder, 'aggregator.db');
    const ids = Array.from({ length: NODES }, (_, node) => `node-${String(node).padStart(32, '0')}`);
    const filling = await startProgram(stage);
    await publish(stage.port, pack(ids.map(heartbeat), 100));
    await committedUpTo(databasePath, NODES);
    await filling.stop();
    fillTransitions(databasePath);

    const program = await startProgram(stage, { PUBLISH_INTERVAL: '30000' });
    const pid = program.process.pid ?? 0;
    await until(
      'the first tick',
      async () => (await program.metric('aggregator_tick_seconds_count')) > 0,
      60_000,
    );
    const startBytes = memoryBytes(pid, 'VmRSS');
    await ask(program, FEW);
    const fewBytes = memoryBytes(pid, 'VmRSS');
    await ask(program, many);
    const manyBytes = memoryBytes(pid, 'VmRSS');
    const stoppedMs = performance.now();
    const code = await program.stop();
    const stopSeconds = (performance.now() - stoppedMs) / 1000;
    return [
      { name: 'resident memory at the start', value: startBytes / MEGABYTE, unit: 'MB', aim: null },
      {
        name: `more behind ${FEW} questions about nodes`,
        value: (fewBytes - startBytes) / MEGABYTE,
        unit: 'MB',
        aim: { atMost: 60 },
      },
      {
        name: `more behind ${many} further ones`,
        value: (manyBytes - startBytes) / MEGABYTE,
        unit: 'MB',
        aim: { atMost: 100 },
      },
      { name: 'SIGTERM until it has ended', value: stopSeconds, unit: 's', aim: { atMost: 5 } },
      { name: 'exit code', value: code ?? -1, unit: '', aim: { atMost: 0, atLeast: 0 } },
    ];
  } finally {
    await stage.close();
  }
}
