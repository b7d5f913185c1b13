// The encoding of numbers and of a small module, compared with the specification of WebAssembly by running it.

import { describe, expect, it } from 'vitest';
import { CodeWriter, moduleOf, signedBytes, unsignedBytes } from '../../../src/mining/workers/wasm-writer.ts';

/** Runs a function that writes its one result to the beginning of its memory. */
function run(write: (code: CodeWriter) => void, ...values: readonly number[]): DataView {
  const code = new CodeWriter();
  write(code);
  const module = moduleOf({
    name: 'f',
    parameters: values.length,
    locals: [{ count: 1, type: 'i32' }],
    code: code.bytes,
  });
  const memory = new WebAssembly.Memory({ initial: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory } });
  instance.exports.f(...values);
  return new DataView(memory.buffer);
}

declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (module: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { f(...values: readonly number[]): void } };
};

describe('wasm writer', () => {
  it.each([
    [0, [0]],
    [127, [0x7f]],
    [128, [0x80, 1]],
    [624_485, [0xe5, 0x8e, 0x26]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('encodes %i without a sign', (value, bytes) => {
    expect(unsignedBytes(value)).toEqual(bytes);
  });

  it.each([
    [0, [0]],
    [63, [63]],
    [64, [0xc0, 0]],
    [-1, [0x7f]],
    [-64, [0x40]],
    [-65, [0xbf, 0x7f]],
    [-123_456, [0xc0, 0xbb, 0x78]],
    [2 ** 31, [0x80, 0x80, 0x80, 0x80, 0x78]],
  ])('encodes %i with a sign', (value, bytes) => {
    expect(signedBytes(value)).toEqual(bytes);
  });

  it('a loop runs until its number is 0, and a skipped body not at all', () => {
    const sumTo = (code: CodeWriter) => {
      code.unlessZero(0, () =>
        code.doWhile(() => {
          code.get(1);
          code.get(0);
          code.plain(0x6a);
          code.set(1);
          code.get(0);
          code.number(1);
          code.plain(0x6b);
          code.tee(0);
        }),
      );
      code.number(0);
      code.get(1);
      code.store('i32', 8);
    };
    expect(run(sumTo, 100).getInt32(8, true)).toBe(5050);
    expect(run(sumTo, 0).getInt32(8, true)).toBe(0);
  });

  it('writes four numbers at a time', () => {
    const memory = run((code) => {
      code.number(16);
      code.simdNumber(0xdead_beef);
      code.simdNumber(1);
      code.simd(174);
      code.store('v128', 4);
    });
    expect([16, 20, 24, 28, 32, 36].map((at) => memory.getUint32(at, true))).toEqual([
      0, 0xdead_bef0, 0xdead_bef0, 0xdead_bef0, 0xdead_bef0, 0,
    ]);
  });
});
