import { describe, expect, it } from 'vitest';
import {
  checkBaseTarget,
  checkSubmission,
  deliveryBlock,
  falseProof,
  staleSubmission,
} from '../../../src/mining/domain/checks.ts';
import type { MiningInformation } from '../../../src/mining/domain/information.ts';
import type { Submission } from '../../../src/mining/domain/submission.ts';
import { block, information, submission } from './mining-blocks.ts';

const LARGEST = 2n ** 64n - 1n;

describe('checks', () => {
  it.each<[string, Partial<Submission>, Partial<MiningInformation>]>([
    ['everything equal', {}, {}],
    ['the signature in another case', { generationSignature: '5A'.repeat(32) }, {}],
    ['quality equal to the target', { rawQuality: 400_999n }, { targetQuality: 400n }],
    ['the largest target', { rawQuality: LARGEST }, { targetQuality: LARGEST }],
    ['the greatest level', { compression: 7 }, { targetCompression: 9n }],
    ['the target level', { compression: 3 }, { minimumCompression: 2n, targetCompression: 3n }],
    [
      'quality 0 with base target 2^64 - 1',
      { baseTarget: LARGEST, rawQuality: 5n },
      { baseTarget: LARGEST, targetQuality: 0n },
    ],
  ])('checks - %s is taken', (_name, submitted, of) => {
    expect(checkSubmission(submission(submitted), information(of))).toBeNull();
  });

  it.each<[string, Partial<Submission>, Partial<MiningInformation>, number, string]>([
    ['base target 0', { baseTarget: 0n, height: 1n }, {}, -32001, 'base_target is 0'],
    ['another height', { height: 99n }, {}, -32002, 'has height 100, the submission has 99'],
    ['another signature', { generationSignature: '5b'.repeat(32) }, {}, -32001, 'which is 5a5a'],
    [
      'another base target',
      { baseTarget: 999n },
      {},
      -32001,
      'base_target 999 is not that of the block at height 100, which is 1000',
    ],
    [
      'a level too low',
      { compression: 1 },
      { minimumCompression: 2n, targetCompression: 3n },
      -32001,
      'compression 1 is outside the range of this block, 2 to 3',
    ],
    [
      'a level too high',
      { compression: 4 },
      { targetCompression: 3n },
      -32001,
      'range of this block, 1 to 3',
    ],
    ['level 8', { compression: 8 }, { targetCompression: 9n }, -32001, '1 to 7'],
    ['level 0', { compression: 0 }, {}, -32001, '1 to 1'],
    [
      'a quality above the target',
      { rawQuality: 401_000n },
      { targetQuality: 400n },
      -32001,
      'The quality 401 (raw_quality ÷ base_target) is above the target_quality of this block, 400',
    ],
  ])('checks - %s is refused', (_name, submitted, of, code, text) => {
    const refusal = checkSubmission(submission(submitted), information(of));
    expect(refusal).toMatchObject({ type: 'refused', code });
    expect(refusal?.message).toContain(text);
  });

  it('checks - a wrong height names both heights in its data', () => {
    expect(checkSubmission(submission({ height: LARGEST }), information())?.data).toEqual({
      expected: 100n,
      submitted: LARGEST,
    });
  });

  it('checks - a base target of 0 is refused before any block is known', () => {
    expect(checkBaseTarget(submission({ baseTarget: 0n }))?.code).toBe(-32001);
    expect(checkBaseTarget(submission())).toBeNull();
  });

  it('checks - a stale submission is told which height is current', () => {
    expect(staleSubmission(submission({ height: 99n }), information())).toMatchObject({
      code: -32003,
      message: 'Stale: height 100 is current, the submission is for height 99',
    });
    expect(staleSubmission(submission(), information()).message).toContain(
      'height 100 is current, but with another block_hash',
    );
  });

  it('checks - a false proof names the claimed and the computed quality', () => {
    const refusal = falseProof(submission({ rawQuality: 0n }), 2n ** 63n);
    expect(refusal.code).toBe(-32001);
    expect(refusal.message).toContain('claimed raw_quality 0, computed 9223372036854775808');
  });

  it('checks - a submission of the previous block goes to the current one if its forger made the same work anew', () => {
    const previous = block({ age: 'previous', of: { blockHash: 'h0' } });
    const current = block();
    expect(deliveryBlock(previous, current)).toBe(current);
    expect(deliveryBlock(previous, null)).toBe(previous);
    expect(deliveryBlock(previous, block({ of: { height: 101n } }))).toBe(previous);
    expect(deliveryBlock(previous, block({ of: { generationSignature: '5b'.repeat(32) } }))).toBe(previous);
    expect(deliveryBlock(previous, block({ of: { generationSignature: '5A'.repeat(32) } })).age).toBe(
      'current',
    );
    expect(deliveryBlock(current, previous)).toBe(current);
  });
});
