// How inputs are made: real messages with members or bytes changed, unusual JSON texts, raw bytes. All of it depends on
// the random numbers given.

import type { Random } from '../src/lib/random.ts';
import { CANARIES } from '../test/support/canaries.ts';

type Members = Record<string, unknown>;

const NAMES = `
  version type nodeId timestamp data taskIdHash invoiceIdHash chainId taskType operation status
  success cached executionTimeBucket gasUsedBucket stepsComputedBucket memoryUsedBucket
  activeTasksBucket totalTasksBucket continentBucket locationBucket privateKey wallet error_data
  __proto__ constructor toString toJSON then
`.split(/\s+/);

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  -0,
  -1,
  1.5,
  1e21,
  2 ** 53,
  5e-324,
  'unknown',
  'offline',
  'online',
  'completed',

  '',
  ' ',
  '0',
  '1',
  '1.0',
  '1.',
  '2.0',
  '<100ms',
  '>1m',
  '1-10',
  'EU',
  '48.0,11.5',
  '-0.1,-0.1',
  '90.1,0',
  '48.0,11.5\n',
  'ab'.repeat(8),
  'AB'.repeat(32),
  'ab'.repeat(33),
  'abc',
  'n'.repeat(64),
  'n'.repeat(65),

  'wasm',
  'docker',
  'a\u0000b',
  '\ud800',
  '\u202e',
  'ﬀ',
  'İ',
  'K',
  '1'.repeat(400),
  ':'.repeat(64),
  '::',
  '1::',
  '.'.repeat(64),
  '@'.repeat(64),
  '0x',
  '0x'.repeat(32),
  '1.'.repeat(32),
  'a:'.repeat(32),
  ...Object.values(CANARIES),
  [],
  {},
  [[]],
  { a: 1 },
  [null],
  { toString: 1 },
];

/** Any value of JSON, mostly a small one. */
export function anyValue(random: Random, depth = 0): unknown {
  const kind = random.below(depth > 3 ? 6 : 10);
  if (kind < 5) return random.pick(VALUES);
  if (kind === 5) return anyText(random);
  if (kind === 6) return Array.from({ length: random.below(6) }, () => anyValue(random, depth + 1));
  if (kind < 9) {
    const names = Array.from({ length: random.below(6) }, () =>
      random.chance(0.7) ? random.pick(NAMES) : anyText(random),
    );
    return Object.fromEntries(names.map((name) => [name, anyValue(random, depth + 1)]));
  }
  return random.below(2 ** 32) / (random.chance(0.5) ? 1 : 7);
}

export function anyText(random: Random): string {
  const length = random.chance(0.05) ? random.below(3000) : random.below(70);
  const top = random.pick([16, 128, 256, 0x3000, 0x1_0000]);
  return String.fromCharCode(...Array.from({ length }, () => random.below(top)));
}

export function anyBytes(random: Random): Uint8Array {
  const length = random.chance(0.02) ? random.below(40_000) : random.below(300);
  return Uint8Array.from({ length }, () => random.below(256));
}

/** A copy of the message with up to four members set, removed, moved, or wrapped. */
export function withMembersChanged(random: Random, message: Members): Members {
  const top: Members = { ...message };
  for (let change = random.below(4); change >= 0; change--) {
    const data = top['data'];
    const isInside = typeof data === 'object' && data !== null && !Array.isArray(data) && random.chance(0.7);
    const at: Members = isInside ? { ...(data as Members) } : top;
    const name = random.chance(0.6) ? random.pick([...Object.keys(at), 'data']) : random.pick(NAMES);
    const kind = random.below(8);
    if (kind === 0) delete at[name];
    else if (kind === 1) at[name] = [at[name]];
    else if (kind === 2) at[name] = JSON.stringify(at[name]);
    else if (kind === 3) at[name] = { ...at, more: at[name] };
    // `__proto__` too becomes a member, as it does in JSON.parse.
    else
      Object.defineProperty(at, name, {
        value: anyValue(random),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    if (isInside) top['data'] = at;
  }
  return top;
}

/** A copy with up to five places flipped, cut out, doubled, or replaced by a piece of `other`. */
export function withBytesChanged(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  let changed = Buffer.from(bytes);
  for (let change = random.below(5); change >= 0; change--) {
    const from = random.below(changed.length + 1);
    const to = Math.min(changed.length, from + random.below(12));
    const piece = other.subarray(random.below(other.length + 1)).subarray(0, random.below(24));
    const put = [
      () => anyBytes(random).subarray(0, 4),
      () => piece,
      () => changed.subarray(from, to),
      () => new Uint8Array(),
      () => Uint8Array.of(random.below(256)),
    ][random.below(5)];
    const keepFrom = random.chance(0.5) ? to : from;
    changed = Buffer.concat([
      changed.subarray(0, from),
      put?.() ?? new Uint8Array(),
      changed.subarray(keepFrom),
    ]);
  }
  return random.chance(0.1) ? changed.subarray(0, random.below(changed.length + 1)) : changed;
}
