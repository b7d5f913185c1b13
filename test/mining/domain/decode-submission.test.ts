import { describe, expect, it } from 'vitest';
import { type LosslessJson, parseLossless } from '../../../src/lib/lossless-json.ts';
import { decodeSubmission, SUBMISSION_MEMBERS } from '../../../src/mining/domain/decode-submission.ts';

const U64 = 'an integer from 0 to 18446744073709551615, without sign, fraction or exponent';
const HEX64 = 'AB'.repeat(32);

const TEXTS: Readonly<Record<string, string>> = {
  block_hash: '"000abc"',
  height: '12345',
  generation_signature: `"${HEX64}"`,
  base_target: '36650387592',
  account_id: `"${'Cd'.repeat(20)}"`,
  seed: `"${'ef'.repeat(32)}"`,
  nonce: '18446744073709551615',
  compression: '1',
  raw_quality: '9223372036854775808',
};

function parse(text: string): LosslessJson {
  return parseLossless(text, { charactersMax: 10_000, depthMax: 10, valuesMax: 100 });
}

/** The parameters with one member's text replaced, or left out for null. */
function params(name?: string, text: string | null = null): LosslessJson {
  const members = Object.entries({ ...TEXTS, ...(name === undefined ? {} : { [name]: text }) });
  return parse(
    `{${members.flatMap(([key, value]) => (value === null ? [] : [`"${key}":${value}`])).join()}}`,
  );
}

function faultOf(value: LosslessJson | undefined): unknown {
  const decoded = decodeSubmission(value);
  if (decoded.type === 'submission') return null;
  expect(decoded.code).toBe(-32600);
  expect(decoded.message).toBe(`Invalid request: ${decoded.data?.['error']}`);
  return decoded.data?.['error'];
}

describe('parameters of submit_nonce', () => {
  const whole = {
    type: 'submission',
    submission: {
      blockHash: '000abc',
      height: 12345n,
      generationSignature: HEX64,
      baseTarget: 36650387592n,
      accountId: 'Cd'.repeat(20),
      seed: 'ef'.repeat(32),
      nonce: 2n ** 64n - 1n,
      compression: 1,
      rawQuality: 2n ** 63n,
    },
  };

  it('parameters of submit_nonce - an object in any order, and an array in the fixed order, keep every digit', () => {
    expect(decodeSubmission(params())).toEqual(whole);
    const inOrder = SUBMISSION_MEMBERS.map((name) => TEXTS[name]);
    expect(decodeSubmission(parse(`[${inOrder.join()}]`))).toEqual(whole);
    const reversed = SUBMISSION_MEMBERS.toReversed().map((name) => `"${name}":${TEXTS[name]}`);
    expect(decodeSubmission(parse(`{${reversed.join()}}`))).toEqual(whole);
  });

  it('parameters of submit_nonce - further members do not count', () => {
    expect(decodeSubmission(params('worker', '{"name":[1]}'))).toEqual(whole);
  });

  it.each([
    ['nonce', null, `nonce is missing: it must be ${U64}`],
    ['seed', null, 'seed is missing: it must be a string of 64 hexadecimal digits'],
    ['height', '-1', `height must be ${U64}`],
    ['height', '1.0', `height must be ${U64}`],
    ['base_target', '1e3', `base_target must be ${U64}`],
    ['nonce', '-0', `nonce must be ${U64}`],
    ['nonce', '1e999', `nonce must be ${U64}`],
    ['raw_quality', '18446744073709551616', `raw_quality must be ${U64}`],
    ['raw_quality', '"7"', `raw_quality must be ${U64}`],
    ['raw_quality', 'null', `raw_quality must be ${U64}`],
    ['compression', '256', 'compression must be an integer from 0 to 255'],
    ['account_id', `"${'a'.repeat(39)}"`, 'account_id must be a string of 40 hexadecimal digits'],
    ['account_id', `"${'a'.repeat(39)}\\n"`, 'account_id must be a string of 40 hexadecimal digits'],
    ['account_id', `"${'g'.repeat(40)}"`, 'account_id must be a string of 40 hexadecimal digits'],
    [
      'generation_signature',
      `"${'0'.repeat(63)}"`,
      'generation_signature must be a string of 64 hexadecimal digits',
    ],
    ['seed', '7', 'seed must be a string of 64 hexadecimal digits'],
    ['block_hash', '""', 'block_hash must be a string of 1 to 128 characters'],
    ['block_hash', `"${'x'.repeat(129)}"`, 'block_hash must be a string of 1 to 128 characters'],
    ['block_hash', '"\\ud800"', 'block_hash must be a string of 1 to 128 characters'],
    ['block_hash', '["a"]', 'block_hash must be a string of 1 to 128 characters'],
  ])('parameters of submit_nonce - %s %s is refused', (name, text, error) => {
    expect(faultOf(params(name, text))).toBe(error);
  });

  it.each([
    ['height', '0'],
    ['compression', '0'],
    ['compression', '255'],
    ['block_hash', `"${'x'.repeat(128)}"`],
    ['block_hash', `"${'\u{1f600}'.repeat(128)}"`],
    ['raw_quality', '0'],
  ])('parameters of submit_nonce - %s %s is taken', (name, text) => {
    expect(faultOf(params(name, text))).toBeNull();
  });

  it('parameters of submit_nonce - a base target of 0 is an invalid submission', () => {
    expect(decodeSubmission(params('base_target', '0'))).toEqual({
      type: 'refused',
      code: -32001,
      message: 'Invalid submission: base_target must be at least 1',
    });
  });

  it('parameters of submit_nonce - neither an object nor an array', () => {
    for (const value of [undefined, null, 'text', parse('7')]) {
      expect(faultOf(value)).toMatch(/^params must be an object, or an array of block_hash, height,/);
    }
    expect(faultOf(parse('[]'))).toBe('block_hash is missing: it must be a string of 1 to 128 characters');
    expect(faultOf(parse('{"__proto__":{"block_hash":"a"}}'))).toMatch(/^block_hash is missing/);
  });
});
