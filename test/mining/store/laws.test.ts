import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fact, VERDICTS } from '../../../src/mining/domain/facts.ts';
import type { StatisticsSnapshot } from '../../../src/mining/domain/statistics.ts';
import type { MiningWriter } from '../../../src/mining/store/writer.ts';
import { account, information, judged, NOW_MS, openWriter, submitted } from './facts.ts';

const QUALITIES = [0n, 1n, 5n, 2n ** 63n, 2n ** 64n - 1n];

const miner = fc.record({
  machineId: fc.constantFrom('a', 'b'),
  accountId: fc.constantFrom(account(1), account(2)),
  height: fc.constantFrom(1000n, 1001n, 1002n),
  rawQuality: fc.constantFrom(...QUALITIES),
  verdict: fc.constantFrom(...VERDICTS),
  atMs: fc.integer({ min: NOW_MS - 5_000, max: NOW_MS }),
});
const fact: fc.Arbitrary<Fact> = fc.oneof(
  {
    weight: 4,
    arbitrary: miner.map((told) =>
      submitted(told.rawQuality, told.verdict, { ...told, blockHash: `hash${told.height}` }),
    ),
  },
  {
    weight: 4,
    arbitrary: miner.map(({ rawQuality, verdict, height, ...told }) =>
      judged(rawQuality, verdict, { ...told, blockHash: `hash${height}`, text: 'text' }),
    ),
  },
  fc.constantFrom(1000n, 1001n, 1002n).map((height) => information(height, { blockHash: `hash${height}` })),
);
/** Facts in groups; after a group the program may start again. */
const groups = fc.array(fc.record({ facts: fc.array(fact, { maxLength: 12 }), isRestarted: fc.boolean() }), {
  maxLength: 6,
});

/** What is stored, without the numbers of rows. */
function rowsOf({ database }: ReturnType<typeof openWriter>): unknown {
  const all = (sql: string) => database.prepare(sql).all();
  return [
    all('SELECT * FROM submissions ORDER BY id'),
    all('SELECT * FROM rounds ORDER BY id'),
    all('SELECT * FROM rival_rows'),
    all('SELECT * FROM outcome_hours'),
    all('SELECT * FROM pairs'),
    all('SELECT account_id, refusal FROM accounts ORDER BY number'),
  ];
}

function statisticsOf(writer: MiningWriter): StatisticsSnapshot {
  const snapshot = writer.statistics.snapshot(NOW_MS);
  return { ...snapshot, bests: snapshot.bests.toSorted((a, b) => Number(a.height - b.height)) };
}

describe('laws of the store', () => {
  it('law - facts in any grouping, with restarts in between, give the same rows and the same statistics', () => {
    fc.assert(
      fc.property(groups, (list) => {
        const single = openWriter();
        for (const { facts } of list)
          for (const one of facts) single.writer.commit([{ facts: [one], observedMs: 0 }], false);
        let grouped = openWriter();
        for (const { facts, isRestarted } of list) {
          grouped.writer.commit([{ facts, observedMs: 0 }], false);
          if (!isRestarted) continue;
          grouped.database.close();
          grouped = openWriter(grouped.path);
        }
        expect(rowsOf(grouped)).toEqual(rowsOf(single));
        expect(statisticsOf(grouped.writer)).toEqual(statisticsOf(single.writer));
        const restarted = openWriter(single.path);
        expect(statisticsOf(restarted.writer)).toEqual(statisticsOf(single.writer));
        for (const { database } of [single, grouped, restarted]) database.close();
      }),
      { numRuns: 40 },
    );
  });

  it('law - a false claim changes nothing of what counts', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...QUALITIES.slice(1)), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        (honest, at) => {
          const told = (isLied: boolean) => {
            const opened = openWriter();
            const facts: Fact[] = honest.flatMap((raw) => [
              submitted(raw, 'checking'),
              judged(raw, 'waiting'),
            ]);
            const place = at % (facts.length + 1);
            if (isLied) facts.splice(place, 0, submitted(0n, 'checking'));
            if (isLied) facts.push(judged(0n, 'false'));
            for (const one of [information(1000n), ...facts])
              opened.writer.commit([{ facts: [one], observedMs: 0 }], false);
            const { pairs, ...rest } = statisticsOf(opened.writer);
            const rows = opened.database.prepare('SELECT * FROM submissions').all();
            opened.database.close();
            return { rows, rest, counted: pairs.map(({ outcomes: _outcomes, ...pair }) => pair) };
          };
          expect(told(true)).toEqual(told(false));
        },
      ),
      { numRuns: 30 },
    );
  });
});
