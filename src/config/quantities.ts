// Kinds of settings that are a duration or a size: `30s`, `1h30m`, `2GiB`, or a bare number in the setting's own unit. The
// result is always a number in that unit. It never rounds: text that is no whole number of the unit is a mistake.

import type { Kind } from './kinds.ts';
import { slipInQuantity } from './slips.ts';

/** A measure: its units, each as a multiple of the smallest, from the greatest to the smallest. */
interface Measure {
  readonly name: string;
  readonly units: Readonly<Record<string, number>>;
  /** True if several units may follow one another, the greater first: `1h30m`. */
  readonly isChain: boolean;
  /** Texts that are shown as examples if they fit the setting. */
  readonly examples: readonly string[];
}

const TIME: Measure = {
  name: 'duration',
  units: { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 },
  isChain: true,
  examples: ['30s', '5m', '72h', '30d', '500ms'],
};

const SIZE: Measure = {
  name: 'size',
  units: {
    TiB: 2 ** 40,
    TB: 1e12,
    GiB: 2 ** 30,
    GB: 1e9,
    MiB: 2 ** 20,
    MB: 1e6,
    KiB: 2 ** 10,
    kB: 1e3,
    B: 1,
  },
  isChain: false,
  examples: ['512MiB', '2GiB', '500MB', '64KiB'],
};

/** A unit in which a setting counts: its words in sentences, its measure, and its size in the measure's smallest unit. */
interface OwnUnit {
  readonly words: string;
  readonly measure: Measure;
  readonly size: number;
}

const OWN_UNITS = {
  milliseconds: { words: 'milliseconds', measure: TIME, size: 1 },
  seconds: { words: 'seconds', measure: TIME, size: 1_000 },
  minutes: { words: 'minutes', measure: TIME, size: 60_000 },
  hours: { words: 'hours', measure: TIME, size: 3_600_000 },
  days: { words: 'days', measure: TIME, size: 86_400_000 },
  bytes: { words: 'bytes', measure: SIZE, size: 1 },
  MiB: { words: 'MiB', measure: SIZE, size: 2 ** 20 },
} as const satisfies Readonly<Record<string, OwnUnit>>;

/** The units in which a setting or an option may count. */
export type QuantityUnit = keyof typeof OWN_UNITS;

/** Which values a quantity may have, in its own unit; both ends belong to it. */
export interface QuantityRange {
  readonly unit: QuantityUnit;
  readonly min: number;
  readonly max: number;
  /** True: a bare number may have decimals, and so may the result. Default false. */
  readonly hasDecimals?: boolean;
}

const BARE_WHOLE = /^(0|[1-9][0-9]{0,15})$/;
const BARE_DECIMAL = /^(0|[1-9][0-9]{0,15})(\.[0-9]{1,9})?$/;

/** A duration or a size from `min` to `max`, as a number of `unit`. */
export function quantity(unit: QuantityUnit, min: number, max: number): Kind<number> {
  return kindOf({ unit, min, max });
}

/** As {@link quantity}, or 0, which means `zeroMeans`. `0s` and `0B` are 0 too. */
export function quantityOrZero(
  zeroMeans: string,
  unit: QuantityUnit,
  min: number,
  max: number,
): Kind<number> {
  const positive = kindOf({ unit, min, max });
  return {
    ...positive,
    allowed: `0 (${zeroMeans}) or ${positive.allowed}`,
    parse: (text) => (parseQuantity(text, { unit, min: 0, max: 0 }) === 0 ? 0 : positive.parse(text)),
  };
}

/** Returns the number in the range's unit; undefined if the text is not allowed. */
export function parseQuantity(text: string, range: QuantityRange): number | undefined {
  const { min, max, hasDecimals = false } = range;
  const bare = hasDecimals ? BARE_DECIMAL : BARE_WHOLE;
  const value = bare.test(text) ? Number(text) : inUnit(text, OWN_UNITS[range.unit], hasDecimals);
  return value !== undefined && value >= min && value <= max ? value : undefined;
}

/** Describes the allowed values, worded to follow "allowed is". */
export function allowedQuantity(range: QuantityRange): string {
  const { unit, min, max, hasDecimals = false } = range;
  const { measure, words, size } = OWN_UNITS[unit];
  const examples = measure.examples.filter((example) => parseQuantity(example, range) !== undefined);
  const such = examples.length === 0 ? '' : ` such as ${examples.slice(0, 2).join(' or ')}`;
  const number = hasDecimals ? 'a number' : 'a whole number';
  const end = (value: number) => {
    const text = quantityText(value * size, measure);
    // `8 (8d)` behind "a whole number of days" would say nothing more.
    return text === null || text.startsWith(String(value)) ? String(value) : `${value} (${text})`;
  };
  return `a ${measure.name}${such}, or ${number} of ${words}, from ${end(min)} to ${end(max)}`;
}

/** Explains what is wrong with a text and what to write; undefined if the allowed values say enough. */
export function explainQuantity(text: string, range: QuantityRange): string | undefined {
  const { measure, words, size } = OWN_UNITS[range.unit];
  const slip = slipInQuantity(text, measure.name === 'size' ? 'size' : 'duration');
  if (slip !== undefined) return slip;
  const exact = exactOf(text, measure);
  if (exact === undefined || range.hasDecimals === true || exact % BigInt(size) === 0n) return undefined;
  return `this is no whole number of ${words}; allowed is ${allowedQuantity(range)}`;
}

function kindOf(range: QuantityRange): Kind<number> {
  return {
    allowed: allowedQuantity(range),
    form: 'quantity',
    parse: (text) => parseQuantity(text, range),
    explain: (text) => explainQuantity(text, range),
  };
}

function inUnit(text: string, { measure, size }: OwnUnit, hasDecimals: boolean): number | undefined {
  const exact = exactOf(text, measure);
  if (exact === undefined) return undefined;
  if (exact % BigInt(size) === 0n) return Number(exact / BigInt(size));
  return hasDecimals ? Number(exact) / size : undefined;
}

const PART = /([0-9]{1,16})(?:\.([0-9]{1,9}))?([A-Za-z]+)/y;

/** The quantity in the smallest unit of the measure; undefined if the text is none or is no whole number of it. */
function exactOf(text: string, measure: Measure): bigint | undefined {
  const names = Object.keys(measure.units);
  let [sum, at, last] = [0n, 0, -1];
  while (at < text.length) {
    PART.lastIndex = at;
    const [part, whole = '', decimals = '', unit = ''] = PART.exec(text) ?? [];
    const place = names.indexOf(unit);
    // Each unit once, the greater first. Decimals make only a single part clear.
    if (part === undefined || place <= last) return undefined;
    if (last !== -1 && !measure.isChain) return undefined;
    if (decimals !== '' && part.length < text.length) return undefined;
    const scaled = BigInt(whole + decimals) * BigInt(measure.units[unit] ?? 0);
    const divisor = 10n ** BigInt(decimals.length);
    if (scaled % divisor !== 0n) return undefined;
    sum += scaled / divisor;
    at += part.length;
    last = place;
  }
  return text === '' ? undefined : sum;
}

/** The shortest text of a quantity in at most two units, or null if it needs more. */
function quantityText(smallest: number, { units, isChain }: Measure): string | null {
  const entries = Object.entries(units);
  const single = entries.find(([, size]) => smallest >= size && smallest % size === 0);
  if (!isChain) return single === undefined || single[1] === 1 ? null : `${smallest / single[1]}${single[0]}`;
  let rest = smallest;
  const parts = entries.flatMap(([name, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? [] : [`${count}${name}`];
  });
  return parts.length <= 2 && rest === 0 ? parts.join('') : null;
}
