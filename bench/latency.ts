// From publishing to commit, seen from outside: when each message was written to the socket, and when the position in
// the file had passed it. At a rate that leaves the machine idle, and at half of its maximum.

import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { BenchOptions, Figure } from './figures.ts';
import { runProgram } from './ingest.ts';
import { type Load, makeLoad } from './load.ts';
import { median, quantile } from './machine.ts';
import { publish } from './publisher.ts';
import { openStage, startProgram } from './stage.ts';

const SLOW_PER_SECOND = 100;
const POLL_MS = 1;
/** A newly started program still compiles its code while it works. */
const START_SECONDS = 3;

/** Latencies of all messages in the order in which they were sent, in ms. */
async function latencies(load: Load, perSecond: number): Promise<number[]> {
  const stage = await openStage('jetstream');
  try {
    const program = await startProgram(stage);
    const reader = new Sqlite(join(stage.folder, 'aggregator.db'), { readonly: true });
    const position = reader.prepare('SELECT max(last_seq) FROM ingest_position').pluck();
    const sentAtMs: number[] = [];
    const perChunk = load.messages / load.chunks.length;
    const found: number[] = [];
    const published = publish(stage.port, load, {
      perSecond,
      sending: (chunk) => {
        const until = Math.min(load.messages, Math.round((chunk + 1) * perChunk));
        for (let message = sentAtMs.length; message < until; message++) sentAtMs.push(performance.now());
      },
    });
    while (found.length < load.messages) {
      const committed = Number(position.get());
      const nowMs = performance.now();
      for (let seq = found.length; seq < committed; seq++) found.push(nowMs - (sentAtMs[seq] ?? nowMs));
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    await published;
    reader.close();
    await program.stop();
    return found;
  } finally {
    await stage.close();
  }
}

export async function benchLatency({ isQuick, rounds }: BenchOptions): Promise<readonly Figure[]> {
  const [idle, busy, warm, rates]: [number[][], number[][], number[][], number[]] = [[], [], [], []];
  for (let round = 0; round < rounds; round++) {
    const tasks = isQuick ? 4_000 : 60_000;
    const { perSecond } = await runProgram('jetstream', makeLoad({ tasks, chunk: 150, seed: round }));
    rates.push(perSecond / 2);
    const found = await latencies(makeLoad({ tasks: tasks * 2, chunk: 50, seed: round }), perSecond / 2);
    busy.push(found);
    warm.push(found.slice(Math.min(found.length / 2, (START_SECONDS * perSecond) / 2)));
    idle.push(
      await latencies(makeLoad({ tasks: isQuick ? 30 : 300, chunk: 1, seed: round }), SLOW_PER_SECOND),
    );
  }
  const of = (runs: readonly number[][], share: number) => median(runs.map((run) => quantile(run, share)));
  const aim = { atMost: 300 };
  return [
    { name: 'half of the maximum rate', value: median(rates), unit: '/s', aim: null },
    { name: 'there: median', value: of(busy, 0.5), unit: 'ms', aim: null },
    { name: 'there: p99', value: of(busy, 0.99), unit: 'ms', aim },
    { name: `there: p99 behind the first ${START_SECONDS} s`, value: of(warm, 0.99), unit: 'ms', aim: null },
    { name: `at ${SLOW_PER_SECOND}/s: median`, value: of(idle, 0.5), unit: 'ms', aim: null },
    { name: `at ${SLOW_PER_SECOND}/s: p99`, value: of(idle, 0.99), unit: 'ms', aim },
  ];
}
