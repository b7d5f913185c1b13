import { describe, expect, it } from 'vitest';
import { isLosslessObject, parseLossless } from '../../../src/lib/lossless-json.ts';
import { differs, readInformation } from '../../../src/mining/domain/read-information.ts';

const SIGNATURE = 'a'.repeat(64);
const GOOD: Readonly<Record<string, string>> = {
  generation_signature: `"${SIGNATURE}"`,
  base_target: '36650387592',
  height: '12345',
  block_hash: '"h1"',
};

/** Members as JSON text; undefined leaves one out. */
function read(change: Readonly<Record<string, string | undefined>> = {}) {
  const members = Object.entries({ ...GOOD, ...change }).filter(([, text]) => text !== undefined);
  const text = `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
  const value = parseLossless(text, { charactersMax: 1_000_000, depthMax: 50, valuesMax: 100_000 });
  if (!isLosslessObject(value)) throw new Error('not an object');
  return { text, read: readInformation(value) };
}

function taken(change: Readonly<Record<string, string | undefined>> = {}) {
  const { read: judged } = read(change);
  if (judged.type !== 'taken') throw new Error(judged.reason);
  return judged.information;
}

describe('information', () => {
  it('information - absent levels and levels of 0 count as 1, and stay as they came in the text', () => {
    expect(taken()).toMatchObject({ targetQuality: null, minimumCompression: 1n, targetCompression: 1n });
    const zeros = taken({ minimum_compression_level: '0', target_compression_level: '0' });
    expect(zeros).toMatchObject({ minimumCompression: 1n, targetCompression: 1n });
    expect(zeros.text).toContain('"minimum_compression_level":0');
    expect(taken({ minimum_compression_level: '0', target_compression_level: '3' })).toMatchObject({
      minimumCompression: 1n,
      targetCompression: 3n,
    });
  });

  it('information - every member and digit is passed through as it came', () => {
    const more = {
      target_quality: '18446744073709551615',
      fee: '0.00010000',
      warnings: '["a","b"]',
      counter: '123456789012345678901234567890',
      nested: '{"deep":[1.50,1e3,-0]}',
    };
    const { text, read: judged } = read(more);
    expect(judged).toMatchObject({ type: 'taken', information: { targetQuality: 2n ** 64n - 1n, text } });
  });

  it.each([
    ['a short signature', { generation_signature: `"${'a'.repeat(63)}"` }],
    ['a long signature', { generation_signature: `"${'a'.repeat(65)}"` }],
    ['a signature that is not hex', { generation_signature: `"${'g'.repeat(64)}"` }],
    ['no signature', { generation_signature: undefined }],
    ['a signature with a line break', { generation_signature: `"${'a'.repeat(63)}\\n"` }],
    ['an empty hash', { block_hash: '""' }],
    ['a hash that is a number', { block_hash: '1' }],
    ['a hash that no submission may name', { block_hash: `"${'h'.repeat(129)}"` }],
    ['a hash that has no form in UTF-8', { block_hash: '"\\ud800"' }],
    ['base target 0', { base_target: '0' }],
    ['a base target that is text', { base_target: '"1"' }],
    ['base target 2^64', { base_target: '18446744073709551616' }],
    ['no height', { height: undefined }],
    ['a negative height', { height: '-1' }],
    ['a fractional height', { height: '1.0' }],
    ['a minimum above the target', { minimum_compression_level: '3', target_compression_level: '2' }],
    ['a minimum above an absent target', { minimum_compression_level: '2' }],
    ['a level that is text', { target_compression_level: '"2"' }],
    ['a target quality that is text', { target_quality: '"2"' }],
    ['more than 64 KiB', { warnings: `"${'w'.repeat(65_536)}"` }],
    ['more than 64 KiB in UTF-8', { warnings: `"${'ä'.repeat(33_000)}"` }],
  ])('information - %s is refused', (_, change) => {
    expect(read(change).read).toMatchObject({ type: 'refused' });
  });

  it('information - 2^64 - 1 and an upper-case signature are taken', () => {
    const most = '18446744073709551615';
    const signature = `"${'A'.repeat(64)}"`;
    expect(taken({ base_target: most, height: most, generation_signature: signature })).toMatchObject({
      baseTarget: 2n ** 64n - 1n,
      height: 2n ** 64n - 1n,
      generationSignature: 'A'.repeat(64),
    });
  });

  it('information - unknown members never count as a change', () => {
    expect(differs(taken({ counter: '1' }), taken({ counter: '2' }))).toBe(false);
    expect(differs(taken(), taken({ target_quality: '5' }))).toBe(true);
    expect(differs(taken(), taken({ base_target: '5' }))).toBe(true);
  });
});
