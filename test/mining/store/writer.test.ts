import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { capacityTib } from '../../../src/mining/domain/capacity.ts';
import { account, commit, entry, information, judged, NOW_MS, openWriter, submitted } from './facts.ts';

const rows = (database: ReturnType<typeof openWriter>['database']) =>
  database.prepare('SELECT * FROM submissions').all();

describe('the writer', () => {
  it('writer - the view has exact unsigned digits, in the command line of sqlite3 too', () => {
    const { database, writer, path } = openWriter();
    const quality = 2n ** 64n - 1n;
    commit(writer, submitted(quality, 'waiting', { height: 2n ** 63n, pocTime: 9n, atMs: NOW_MS + 5 }));
    expect(rows(database)).toEqual([
      {
        id: 16777217,
        account_id: account(1),
        machine_id: 'm',
        height: '9223372036854775808',
        block_hash: 'hash',
        raw_quality: '18446744073709551615',
        poc_time: 9,
        verdict: 'waiting',
        timestamp: '2026-01-15T10:30:00.005Z',
      },
    ]);
    const shell = execFileSync(process.env['SQLITE3_BIN'] ?? 'sqlite3', [
      path,
      'SELECT raw_quality, height FROM submissions; SELECT best_raw_quality FROM rounds',
    ]);
    expect(shell.toString()).toBe('18446744073709551615|9223372036854775808\n18446744073709551615\n');
  });

  it('writer - the best submission of a pair for a block is kept, and a row for each pair and block', () => {
    const { database, writer } = openWriter();
    commit(writer, submitted(300n, 'waiting'), submitted(200n, 'waiting'), submitted(250n, 'held'));
    commit(
      writer,
      submitted(7n, 'held', { machineId: 'other' }),
      submitted(8n, 'held', { accountId: account(2) }),
    );
    commit(writer, submitted(900n, 'held', { blockHash: 'next', height: 1001n }));
    expect(rows(database)).toMatchObject([
      { machine_id: 'm', account_id: account(1), raw_quality: '200' },
      { machine_id: 'other', account_id: account(1), raw_quality: '7' },
      { machine_id: 'm', account_id: account(2), raw_quality: '8' },
      { block_hash: 'next', raw_quality: '900' },
    ]);
    expect(database.prepare('SELECT best_raw_quality FROM rounds').pluck().all()).toEqual(['7', '900']);
  });

  it('writer - a false claim takes the place of a true submission only until it is checked', () => {
    const { database, writer } = openWriter();
    commit(writer, submitted(400n, 'checking'), judged(400n, 'waiting'), judged(400n, 'accepted'));
    commit(writer, submitted(0n, 'checking'));
    expect(rows(database)).toMatchObject([{ raw_quality: '0', verdict: 'checking' }]);
    const best = () => writer.statistics.snapshot(NOW_MS).bests.map(({ rawQuality }) => rawQuality);
    expect(best()).toEqual([400n]);
    commit(writer, submitted(300n, 'checking'), judged(0n, 'false'));
    expect(rows(database)).toMatchObject([{ raw_quality: '300', verdict: 'checking' }]);
    expect(best()).toEqual([400n]);
    commit(writer, judged(300n, 'waiting'));
    expect(rows(database)).toMatchObject([{ raw_quality: '300', verdict: 'waiting' }]);
    expect(best()).toEqual([300n]);
    expect(database.prepare('SELECT count(*) FROM rival_rows').pluck().get()).toBe(0);
  });

  it('writer - a false claim alone stays visible, counts for nothing, and gives way to any other', () => {
    const { database, writer } = openWriter();
    commit(writer, information(1000n), submitted(5n, 'checking'), judged(5n, 'false'));
    expect(rows(database)).toMatchObject([{ raw_quality: '5', verdict: 'false' }]);
    expect(writer.statistics.snapshot(NOW_MS).pairs).toMatchObject([
      { submissions24h: 0, capacityTib: 0, outcomes: { failedProofs: 1, verified: 0 } },
    ]);
    commit(writer, submitted(900n, 'held'));
    expect(rows(database)).toMatchObject([{ raw_quality: '900', verdict: 'held' }]);
    expect(writer.statistics.snapshot(NOW_MS).pairs).toMatchObject([{ submissions24h: 1 }]);
  });

  it('writer - a claim whose block passed before its check counts for nothing', () => {
    const { writer } = openWriter();
    commit(writer, information(1000n), submitted(5n, 'checking'), judged(5n, 'expired'));
    const { bests, pairs } = writer.statistics.snapshot(NOW_MS);
    expect([bests, pairs[0]?.capacityTib]).toEqual([[], 0]);
  });

  it('writer - the same submission again changes nothing', () => {
    const { database, writer } = openWriter();
    commit(writer, submitted(5n, 'checking'), submitted(5n, 'checking'), judged(5n, 'waiting'));
    commit(writer, judged(5n, 'accepted'), submitted(5n, 'held'), judged(5n, 'accepted'));
    expect(rows(database)).toMatchObject([{ raw_quality: '5', verdict: 'accepted' }]);
    expect(writer.statistics.snapshot(NOW_MS).pairs).toMatchObject([
      {
        submissions24h: 1,
        outcomes: { forwarded: 1, accepted: 1, rejected: 0, verified: 1, failedProofs: 0 },
      },
    ]);
  });

  it('writer - what the upstream refused is forwarded and rejected, what was refused with it is neither', () => {
    const { writer } = openWriter();
    commit(
      writer,
      submitted(5n, 'waiting'),
      submitted(6n, 'held', { blockHash: 'b' }),
      submitted(7n, 'not_assigned', { blockHash: 'c' }),
    );
    commit(writer, judged(5n, 'not_assigned', { text: '' }), judged(6n, 'not_assigned', { blockHash: 'b' }));
    expect(writer.statistics.snapshot(NOW_MS).pairs).toMatchObject([
      { outcomes: { forwarded: 1, accepted: 0, rejected: 1 } },
    ]);
  });

  it('writer - the text of a refused account is shown until it is accepted', () => {
    const { writer } = openWriter();
    const refusal = () => writer.statistics.snapshot(NOW_MS).accounts.map((known) => known.refusal);
    commit(writer, submitted(5n, 'waiting'), judged(5n, 'not_assigned', { text: 'not assigned' }));
    expect(refusal()).toEqual(['not assigned']);
    commit(writer, submitted(4n, 'waiting'), judged(4n, 'accepted'));
    expect(refusal()).toEqual([null]);
  });

  it('writer - the entries of the last 3 blocks, the informations, the clock and the next id survive', () => {
    const { database, writer, path } = openWriter();
    const entries = [1, 2, 3, 4].map((id) => entry(id, { blockHash: `hash${id}` }));
    for (const one of entries) commit(writer, { type: 'entry', entry: one });
    commit(writer, { type: 'entry', entry: entry(9, { upstream: 'second', state: 'held' }) });
    commit(
      writer,
      { type: 'entriesGone', ids: [9] },
      { type: 'entry', entry: entry(4, { blockHash: 'hash4', state: 'delivered' }) },
    );
    const told = { targetQuality: 2n ** 64n - 1n, baseTarget: 2n ** 63n, text: '{"a":1e400}' };
    writer.commit([{ facts: [information(5n), information(6n, told)], observedMs: 77 }], true);
    database.close();
    const again = openWriter(path).writer.kept();
    expect(again).toMatchObject({ nextEntryId: 10, observedMs: 77 });
    expect(again.entries).toEqual([
      entries[1],
      entries[2],
      entry(4, { blockHash: 'hash4', state: 'delivered' }),
    ]);
    expect(again.informations).toMatchObject([
      { upstream: 'pool', isActive: true, information: { height: 6n, ...told } },
    ]);
  });

  it('writer - a commit names the machines that it heard, with their stored state', () => {
    const { writer } = openWriter();
    const seen = { type: 'seen', atMs: NOW_MS, machineId: 'm', address: '10.0.0.1', polls: 3 } as const;
    expect(writer.commit([{ facts: [seen], observedMs: 50 }], false).signs).toEqual([
      { number: 1, nodeId: 'm', lifeAtMs: NOW_MS, leftAtMs: 0, heardObservedMs: 50, state: null },
    ]);
    const moment = { nodeId: 'm', atMs: NOW_MS, observedMs: 60, cause: 'silence' } as const;
    commit(
      writer,
      { type: 'transitions', facts: [{ ...moment, from: null, to: 'online' }] },
      { type: 'transitions', facts: [{ ...moment, from: 'online', to: 'stale' }] },
    );
    expect(writer.commit([{ facts: [seen], observedMs: 70 }], false).signs).toMatchObject([
      { number: 1, heardObservedMs: 70, state: 'stale' },
    ]);
  });

  it('writer - a failed commit changes nothing, and can be repeated', () => {
    const { database, writer } = openWriter();
    const facts = [submitted(5n, 'waiting'), information(1000n), { type: 'entry', entry: entry(1) } as const];
    database.exec("CREATE TRIGGER refuse BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'no'); END");
    expect(() => commit(writer, ...facts)).toThrow('no');
    expect([rows(database), writer.statistics.snapshot(NOW_MS).pairs]).toEqual([[], []]);
    database.exec('DROP TRIGGER refuse');
    commit(writer, ...facts);
    expect(rows(database)).toHaveLength(1);
    expect(writer.statistics.snapshot(NOW_MS)).toMatchObject({ uniqueMiners: 1, uniqueMachines: 1 });
  });

  it('writer - the capacity of a pair is that of its window', () => {
    const { writer } = openWriter();
    const at = (height: bigint, rawQuality: bigint) =>
      submitted(rawQuality, 'held', { height, blockHash: `hash${height}` });
    for (let height = 1000n; height <= 1035n; height++) commit(writer, at(height, height));
    const capacity = (height: bigint) => {
      commit(writer, information(height));
      return writer.statistics.snapshot(NOW_MS).pairs[0]?.capacityTib;
    };
    const span = (from: bigint, to: bigint) =>
      capacityTib(Array.from({ length: Number(to - from) + 1 }, (_, index) => from + BigInt(index)));
    expect(capacity(1035n)).toBe(span(1006n, 1035n));
    expect(capacity(1036n)).toBe(span(1006n, 1035n));
    expect(capacity(1050n)).toBe(span(1020n, 1035n));
    expect(capacity(1066n)).toBe(0);
  });

  it('writer - a machine that stops is listed for 24 hours, and does not come back with a restart', () => {
    const { writer, path } = openWriter();
    commit(
      writer,
      information(1000n),
      submitted(2n ** 42n, 'checking'),
      judged(2n ** 42n, 'waiting'),
      judged(2n ** 42n, 'accepted'),
    );
    const shown = (kept: typeof writer, afterMs: number) => {
      const { machines, accounts, pairs, uniqueMachines } = kept.statistics.snapshot(NOW_MS + afterMs);
      const outcomes = pairs.map(({ outcomes: { accepted }, capacityTib }) => [accepted, capacityTib]);
      return [machines.length, accounts.length, outcomes, uniqueMachines];
    };
    const day = 86_400_000;
    expect(shown(writer, day - 1)).toEqual([1, 1, [[1, 1]], 1]);
    expect(shown(writer, day)).toEqual([0, 0, [], 1]);
    const again = openWriter(path, { nowMs: NOW_MS + day }).writer;
    expect(shown(again, day)).toEqual([0, 0, [], 1]);
    // It polls again: the machine is back, and its account with its next submission.
    commit(again, { type: 'seen', atMs: NOW_MS + day, machineId: 'm', address: '10.0.0.1', polls: 1 });
    expect(shown(again, day)).toEqual([1, 0, [], 1]);
  });
});
