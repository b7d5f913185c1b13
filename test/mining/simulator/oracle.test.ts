import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BlockPlan } from '../../../src/mining/simulator/block-plan.ts';
import { FAULT_NAMES } from '../../../src/mining/simulator/fault-names.ts';
import { MinerPlan } from '../../../src/mining/simulator/miner-plan.ts';
import { expectBlock, keyOf, type OracleMode } from '../../../src/mining/simulator/oracle.ts';
import type { RecordLine } from '../../../src/mining/simulator/received.ts';
import { verifyRecord } from '../../../src/mining/simulator/verify-record.ts';
import { HashedPlot } from './hashed-plot.ts';
import { idealRecord, type IdealOptions, type SubmissionLine } from './ideal-record.ts';

const COUNT = 25;
const blocks = new BlockPlan({ seed: 7, blockMs: 30_000, faults: FAULT_NAMES });
const miners = new MinerPlan({
  seed: 7,
  miners: 30,
  liars: 0.25,
  repeaters: 0.1,
  stale: 0.2,
  nat: 0.2,
  accounts: 5,
  nonces: 8,
  createPlot: (place) => new HashedPlot(place),
});

const expectations = { pool: expectAll('pool'), wallet: expectAll('wallet') };

function expectAll(mode: OracleMode) {
  return Array.from({ length: COUNT }, (_none, index) => expectBlock({ blocks, miners, mode }, index));
}

function verify(lines: readonly RecordLine[], mode: OracleMode = 'pool', kills: readonly number[] = []) {
  const expected = expectations[mode];
  return verifyRecord({ mode, blocks, expected, lines, completeFrom: 0, completeTo: COUNT, kills });
}

const ideal = (more: Partial<IdealOptions> = {}) =>
  idealRecord({ blocks, miners, count: COUNT, mode: 'pool', ...more });

const isSubmission = (line: RecordLine): line is SubmissionLine => line.type === 'submission';

/** The record with one line replaced: the first accepted one after `skipped` others for which `wanted` is true. */
function planted(
  change: (line: SubmissionLine) => readonly RecordLine[],
  wanted: (line: SubmissionLine) => boolean = ({ verdict }) => verdict === 'accepted',
): readonly RecordLine[] {
  const lines = ideal();
  const at = lines.findLastIndex((line) => isSubmission(line) && wanted(line));
  const line = lines[at];
  if (line === undefined || !isSubmission(line)) throw new Error('The record has no such line.');
  return lines.toSpliced(at, 1, ...change(line));
}

describe('oracle', () => {
  it.each(['pool', 'wallet'] as const)(
    'finds nothing to say of an aggregator that does all right for a %s',
    (mode) => {
      const verified = verify(ideal({ mode }), mode);
      expect(verified.faults).toEqual([]);
      const lanes = expectations[mode].flatMap((block) => block.lanes);
      expect(verified.required).toBe(lanes.filter(({ required }) => required !== null).length);
      expect(verified.required).toBeGreaterThan(mode === 'pool' ? 40 : 20);
      expect(verified.repeated).toBe(0);
    },
  );

  it('sees a filter that is off', () => {
    const { faults } = verify(ideal({ isFilterOff: true }));
    expect(faults.length).toBeGreaterThan(5);
    expect(faults[0]).toMatch(/ came after .*, which is better\.$/);
  });

  it('sees a lie', () => {
    const { faults } = verify(ideal({ isCredulous: true }));
    expect(faults[0]).toMatch(/ is no true submission of block 0\.$/);
  });

  it('sees one retry that is lost', () => {
    const { faults } = verify(planted(() => []));
    expect(faults).toEqual([expect.stringMatching(/ was not accepted\.$/)]);
    const unserved = planted((line) => [{ ...line, verdict: 'unserved', fault: 'html', isAnswered: false }]);
    expect(verify(unserved).faults).toEqual([expect.stringMatching(/ was not accepted\.$/)]);
  });

  it('sees one wrong verdict', () => {
    const refused = planted((line) => [{ ...line, verdict: 'refused', code: -32001 }]);
    expect(verify(refused).faults).toEqual([
      expect.stringMatching(/ has the verdict refused -32001, not accepted\.$/),
      expect.stringMatching(/ was not accepted\.$/),
    ]);
    const accepted = planted(
      (line) => [{ ...line, verdict: 'accepted', code: null, fault: null }],
      ({ code }) => code === -32007 || code === -5,
    );
    expect(verify(accepted).faults).toEqual([expect.stringMatching(/ has the verdict accepted , not -/)]);
  });

  it('sees one that came twice, and excuses it after a lost answer, a failed attempt or a kill', () => {
    const again = planted((line) => [line, { ...line, atMs: line.atMs + 500 }]);
    expect(verify(again).faults).toEqual([expect.stringMatching(/ came again without a reason\.$/)]);
    expect(verify(again).repeated).toBe(1);
    const lost = planted((line) => [{ ...line, fault: 'lost', isAnswered: false }, line]);
    expect(verify(lost).faults).toEqual([]);
    const failed = planted((line) => [{ ...line, verdict: 'unserved', fault: 'reset' }, line]);
    expect(verify(failed).faults).toEqual([]);
    const last = ideal().findLast(isSubmission);
    expect(verify(again, 'pool', [(last?.atMs ?? 0) + 100]).faults).toEqual([]);
    expect(verify(again, 'pool', [(last?.atMs ?? 0) + 20_000]).faults).toHaveLength(1);
  });

  it('sees what comes after its block has passed', () => {
    const stale = planted((line) => [line]).toSpliced(-1, 0);
    const first = stale.find(isSubmission);
    if (first === undefined) throw new Error('The record is empty.');
    const at = stale.findIndex(
      (line) => isSubmission(line) && line.submission?.blockHash !== first.blockHash,
    );
    const next = stale[at] as SubmissionLine;
    const late: SubmissionLine = {
      ...first,
      atMs: next.atMs + 20_000,
      blockHash: next.blockHash,
      height: next.height,
      verdict: 'refused',
      code: -32002,
    };
    expect(verify(stale.toSpliced(at, 0, late)).faults).toEqual([
      expect.stringMatching(/ is stale: block 0 ended [\d.]+ ms before\.$/),
      expect.stringMatching(/ came again without a reason\.$/),
    ]);
  });

  it('sees what comes after a refusal about the block or the account', () => {
    for (const codes of [
      [-32003, -32002],
      [-32007, -5],
    ]) {
      const lines = planted(
        (line) => {
          const more = { ...line, atMs: line.atMs + 5_000 };
          return [line, more];
        },
        ({ code }) => code !== null && codes.includes(code),
      );
      expect(verify(lines).faults).toContainEqual(
        expect.stringMatching(/ came 5000 ms after a refusal with -/),
      );
    }
  });

  it('sees a submission that cannot be read, a strange block, and a missing one', () => {
    const unread = planted((line) => [line, { ...line, submission: null, verdict: 'refused', code: -8 }]);
    expect(verify(unread).faults).toEqual([
      expect.stringMatching(/^A submission at \d+(\.\d+)? cannot be read \(-8\)\.$/),
    ]);
    const strange: RecordLine = { type: 'block', atMs: 9e9, block: { height: 1n, blockHash: 'x' } };
    expect(verify([...ideal(), strange]).faults).toEqual([
      'The record has block x, which is not in the plan.',
    ]);
    const lines = ideal().filter(
      (line) => line.type !== 'block' || line.block.blockHash !== blocks.at(3).block.blockHash,
    );
    expect(verify(lines).faults).toContain('Block 3 is missing in the record.');
  });
});

describe('oracle, by the vectors', () => {
  // Later steps name a block whose table was evicted; no miner of the simulation does.
  const steps = 7;
  const sequences = (
    JSON.parse(readFileSync(fileURLToPath(new URL('../vectors.json', import.meta.url)), 'utf8')) as {
      readonly filter_sequences: Readonly<Record<OracleMode, readonly FilterStep[]>>;
    }
  ).filter_sequences;

  it.each(['pool', 'wallet'] as const)(
    'forwarding exactly as the sequence for a %s says is right',
    (mode) => {
      expect(
        order(
          mode,
          sequences[mode].slice(0, steps).filter(({ forwarded }) => forwarded),
        ),
      ).toEqual([]);
    },
  );

  it.each(['pool', 'wallet'] as const)(
    'forwarding more than the sequence for a %s says is a fault',
    (mode) => {
      const sequence = sequences[mode].slice(0, steps);
      const surplus = sequence.filter(({ forwarded }) => !forwarded);
      expect(surplus.length).toBeGreaterThan(1);
      for (const more of surplus) {
        const forwarded = sequence.filter((step) => step.forwarded || step === more);
        expect(order(mode, forwarded)).toEqual([expect.stringMatching(/ came (again|after) /)]);
      }
    },
  );
});

interface FilterStep {
  readonly account: string;
  readonly block_hash: string;
  readonly raw_quality: string;
  readonly forwarded: boolean;
}

/** What the comparison says of a record with these submissions, in one run of three blocks. */
function order(mode: OracleMode, steps: readonly FilterStep[]): readonly string[] {
  const hashes = ['h1', 'h2', 'h3', 'h4'];
  const quiet = new BlockPlan({ seed: 1, blockMs: 30_000, faults: [] });
  const lines = steps.map((step, at): SubmissionLine => {
    const block = quiet.at(hashes.indexOf(step.block_hash)).block;
    const { height, blockHash, generationSignature, baseTarget } = block;
    const accountId = step.account.toLowerCase().repeat(40);
    const rawQuality = BigInt(step.raw_quality);
    const work = { blockHash, height, generationSignature, baseTarget };
    const submission = { ...work, accountId, seed: '', nonce: rawQuality, compression: 1, rawQuality };
    const verdict = { verdict: 'accepted', code: null, fault: null, isAnswered: true } as const;
    return { type: 'submission', atMs: at, submission, blockHash, height, ...verdict };
  });
  const expected = hashes.map((_hash, index) => ({
    planned: quiet.at(index),
    allowed: new Set(lines.flatMap(({ submission }) => (submission === null ? [] : [keyOf(submission)]))),
    late: new Set<string>(),
    lanes: [],
  }));
  return verifyRecord({ mode, blocks: quiet, expected, lines, completeFrom: 0, completeTo: 0, kills: [] })
    .faults;
}
