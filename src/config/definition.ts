// Defines a setting: its kind, its default, its meaning, and whether it is a secret. A program puts its settings into a
// table of these definitions; `read-settings.ts` reads any such table. This file knows no particular setting and reads
// nothing.

import { type Kind, trueOrFalse } from './kinds.ts';
import { slipIn } from './slips.ts';

/** One setting; its key in the table is its name. `T` is the type of its value. */
export interface Definition<T> {
  readonly kind: Kind<NonNullable<T>>;
  /** The value if the setting is unset; null if another setting or the machine then decides. */
  readonly unset: T;
  /** The default in words. */
  readonly default: string;
  readonly meaning: string;
  /** True if the value must never be shown, not even if it is wrong. */
  readonly secret: boolean;
}

/** The settings of a program by name, in the order of its documentation. */
export type SettingTable = Readonly<Record<string, Definition<unknown>>>;

/** The names of a table's settings. */
export type NameIn<T extends SettingTable> = keyof T & string;

/** The parsed values by name; null for an unset setting without a fixed default. */
export type ValuesOf<T extends SettingTable> = {
  readonly [N in NameIn<T>]: T[N] extends Definition<infer V> ? V : never;
};

/** Defines a setting with a default. */
export function setting<T extends string | number>(
  kind: Kind<T>,
  unset: NoInfer<T>,
  meaning: string,
): Definition<T> {
  return { kind, unset, default: String(unset), meaning, secret: false };
}

/** Defines a setting that is on or off. */
export function onOff(kind: Kind<boolean>, unset: boolean, meaning: string): Definition<boolean> {
  return { kind, unset, default: unset ? 'on' : 'off', meaning, secret: false };
}

/** Defines a setting of a file that is `true` or `false`. */
export function truth(unset: boolean, meaning: string): Definition<boolean> {
  return { kind: trueOrFalse, unset, default: String(unset), meaning, secret: false };
}

/** Defines a setting whose default is written as `text`, which the kind must allow. */
export function settingAs<T extends string | number | object>(
  kind: Kind<T>,
  text: string,
  meaning: string,
): Definition<T> {
  const unset = kind.parse(text);
  if (unset === undefined) throw new TypeError(`${text} is no default: allowed is ${kind.allowed}`);
  return { kind, unset, default: text, meaning, secret: false };
}

/** Defines a setting without a fixed default; `text` describes what happens if it is unset. */
export function optional<T>(kind: Kind<NonNullable<T>>, text: string, meaning: string): Definition<T | null> {
  return { kind, unset: null, default: text, meaning, secret: false };
}

/** Defines a secret setting without a fixed default; its value is never shown. */
export function secret<T>(kind: Kind<NonNullable<T>>, text: string, meaning: string): Definition<T | null> {
  return { ...optional<T>(kind, text, meaning), secret: true };
}

/** One row of the settings table in the documentation. */
export interface SettingRow<N extends string = string> {
  readonly name: N;
  readonly default: string;
  readonly allowed: string;
  readonly meaning: string;
  readonly secret: boolean;
}

/** Returns every setting of a table, in its order. */
export function rowsOf<T extends SettingTable>(table: T): readonly SettingRow<NameIn<T>>[] {
  return entriesOf(table).map(([name, definition]) => ({
    name,
    default: definition.default,
    allowed: definition.kind.allowed,
    meaning: definition.meaning,
    secret: definition.secret,
  }));
}

/** Returns names and definitions of a table, in its order. */
export function entriesOf<T extends SettingTable>(
  table: T,
): readonly (readonly [NameIn<T>, Definition<unknown>])[] {
  return Object.entries(table) as [NameIn<T>, Definition<unknown>][];
}

const SHOWN_CHARACTERS_MAX = 100;

/** The value as a sentence for the operator may show it: quoted and shortened, or `(not shown)` for a secret. */
export function shownValue({ kind, secret: isSecret }: Definition<unknown>, text: string): string {
  // The operator may have pasted a whole key instead of its path.
  if (isSecret || kind.mayHoldSecret?.(text) === true || text.includes('-----')) return '(not shown)';
  return JSON.stringify(
    text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text,
  );
}

/** The fault in a setting's text, worded to follow its name; undefined if there is none. */
export function faultIn(name: string, { kind }: Definition<unknown>, text: string): string | undefined {
  const slip = slipIn(name, text, kind.nature ?? 'other');
  if (slip !== undefined) return slip;
  return kind.parse(text) === undefined ? (kind.explain?.(text) ?? `allowed is ${kind.allowed}`) : undefined;
}

/** A table whose names have `P` before them. */
export type UnderKeys<P extends string, T> = { readonly [K in keyof T & string as `${P}${K}`]: T[K] };

/** The definitions with `start` before their names, for the keys of a block in a settings file. */
export function under<
  const P extends string,
  T extends Readonly<Record<string, Definition<never> | Definition<unknown>>>,
>(start: P, keys: T): UnderKeys<P, T> {
  return Object.fromEntries(Object.entries(keys).map(([name, key]) => [start + name, key])) as UnderKeys<
    P,
    T
  >;
}
