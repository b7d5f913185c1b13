import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fact } from '../../../src/trades/domain/facts.ts';
import {
  attempted,
  bucket,
  dead,
  delivered,
  job,
  keyUsed,
  NOW_MS,
  openWriter,
  replayed,
  sealed,
} from './facts.ts';

const id = fc.integer({ min: 1, max: 6 });
const fact: fc.Arbitrary<Fact> = fc.oneof(
  // Six ids and three bodies: equal ids are one fact told twice, equal bodies are equal jobs.
  {
    weight: 4,
    arbitrary: id.map((n) =>
      sealed(n, {
        body: `{"body":${n % 3}}`,
        entry: { clientId: `client ${n % 3}` },
        buckets: [bucket(n % 3), bucket((n % 3) + 1)],
        job: n % 2 === 0 ? job(`${n}`) : null,
      }),
    ),
  },
  id.map((n) => delivered(n)),
  id.map((n) => dead(n)),
  id.map((n) => replayed(n)),
  fc.tuple(id, fc.nat(9)).map(([n, attempts]) => attempted(n, attempts, NOW_MS + attempts)),
  id.map((n): Fact => ({ type: 'jobExpired', jobHash: job(`${n}`).jobHash })),
  fc.constantFrom('x', 'y').map((name) => keyUsed(name)),
);
const groups = fc.array(fc.record({ facts: fc.array(fact, { maxLength: 8 }), isRestarted: fc.boolean() }), {
  maxLength: 6,
});

function rowsOf({ database }: ReturnType<typeof openWriter>): unknown {
  const all = (table: string) => database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all();
  return [
    'clients',
    'outbox_rows',
    'bodies',
    'responses',
    'buckets',
    'job_rows',
    'key_rows',
    'settings_kept',
  ].map(all);
}

/** Stores each fact in a transaction of its own. */
function storeSingly({ writer }: ReturnType<typeof openWriter>, facts: readonly Fact[]): void {
  for (const one of facts) writer.commit([{ facts: [one], toldAtMs: NOW_MS }], false);
}

describe('laws of the store', () => {
  it('law - facts in any grouping, with restarts in between, give the same rows', () => {
    fc.assert(
      fc.property(groups, (list) => {
        const single = openWriter();
        let grouped = openWriter();
        for (const { facts, isRestarted } of list) {
          storeSingly(single, facts);
          if (facts.length > 0) grouped.writer.commit([{ facts, toldAtMs: NOW_MS }], false);
          if (!isRestarted) continue;
          grouped.database.close();
          grouped = openWriter(grouped.path);
        }
        expect(rowsOf(grouped)).toEqual(rowsOf(single));
        for (const { database } of [single, grouped]) database.close();
      }),
      { numRuns: 30 },
    );
  });

  it('law - facts of which some come a second time give the same entries, jobs and sums', () => {
    const shown = (opened: ReturnType<typeof openWriter>) => {
      const { jobs, deadLetters, keys } = opened.writer.kept(NOW_MS);
      // A dead letter that is replayed a second time waits behind what came after it.
      const waiting = [...opened.writer.waitingPages()].flat();
      const hours = opened.database.prepare('SELECT * FROM hourly_buckets ORDER BY t, outbox_id').all();
      return { jobs, deadLetters, keys, hours, waiting: waiting.map(({ place: _place, ...entry }) => entry) };
    };
    // Each entry has one life in it: nobody delivers an entry twice, or seals under an id that is taken.
    const life = fc.constantFrom<((n: number) => Fact)[]>(
      [],
      [attempted],
      [attempted, delivered],
      [dead],
      [dead, replayed],
      [dead, replayed, delivered],
    );
    const lives = fc.array(life, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(lives, fc.nat(), fc.nat(), (list, seed, cut) => {
        const facts = interleave(
          list.map((steps, index) => [
            sealed(index + 1, { job: job(`${index}`) }),
            ...steps.map((step) => step(index + 1)),
          ]),
          seed,
        );
        const [once, again] = [openWriter(), openWriter()];
        storeSingly(once, facts);
        storeSingly(again, facts.slice(0, cut % (facts.length + 1)));
        storeSingly(again, facts);
        expect(shown(again)).toEqual(shown(once));
        for (const { database } of [once, again]) database.close();
      }),
      { numRuns: 30 },
    );
  });
});

/** One list that keeps the order of each. */
function interleave(lists: readonly (readonly Fact[])[], seed: number): Fact[] {
  const left = lists.map((list) => [...list]);
  const mixed: Fact[] = [];
  for (
    let turn = seed;
    left.some((list) => list.length > 0);
    turn = (turn * 1_103_515_245 + 12_345) % 2 ** 31
  ) {
    const open = left.filter((list) => list.length > 0);
    const next = open[turn % open.length]?.shift();
    if (next !== undefined) mixed.push(next);
  }
  return mixed;
}
