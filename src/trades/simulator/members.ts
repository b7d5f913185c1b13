// Reads the members of an object of a scenario strictly: every fault names the member by its path. It knows no member.

import { CodedError } from '../../lib/errors.ts';
import { isObject } from '../../lib/is-object.ts';
import { isDecimal } from './sim-decimal.ts';

/** Longest text of a scenario. */
const TEXT_MAX = 4_096;

/** The error of a member that is wrong: code `settings_invalid`. */
export function wrongMember(path: string, sentence: string): CodedError {
  return new CodedError('settings_invalid', `The scenario is wrong at ${path}: ${sentence}.`);
}

/** The members of one object. Call `end` when all were read: it refuses those that nobody asked for. */
export class Members {
  readonly path: string;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #known = new Set<string>();

  /** Errors: `settings_invalid` if the value is no object. */
  constructor(value: unknown, path: string) {
    if (!isObject(value)) throw wrongMember(path === '' ? 'the top' : path, 'an object must stand here');
    this.path = path;
    this.#values = value;
  }

  /** The path of a member. */
  at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  /** The value of a member as it came; undefined if it is absent. */
  raw(name: string): unknown {
    this.#known.add(name);
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  /** Text that is not empty. */
  text(name: string): string {
    const text = this.optionalText(name);
    if (text === null) throw wrongMember(this.at(name), 'it is missing');
    return text;
  }

  /** Text that is not empty; null if it is absent. */
  optionalText(name: string): string | null {
    const value = this.raw(name);
    if (value === undefined) return null;
    if (typeof value === 'string' && value !== '' && value.length <= TEXT_MAX) return value;
    throw wrongMember(this.at(name), `text of 1 to ${TEXT_MAX} characters must stand here`);
  }

  /** A decimal number, written as text. */
  decimal(name: string, sign: 'any' | 'positive' = 'any'): string {
    return decimalAt(this.raw(name), this.at(name), sign);
  }

  /** One of the words or numbers; null if it is absent. */
  optionalOneOf<const W extends string | number>(name: string, words: readonly W[]): W | null {
    const value = this.raw(name);
    if (value === undefined) return null;
    const word = words.find((each) => each === value);
    if (word === undefined) throw wrongMember(this.at(name), `it must be one of ${words.join(', ')}`);
    return word;
  }

  /** One of the words. */
  oneOf<const W extends string | number>(name: string, words: readonly W[]): W {
    const word = this.optionalOneOf(name, words);
    if (word === null) throw wrongMember(this.at(name), `it is missing: one of ${words.join(', ')}`);
    return word;
  }

  /** A whole number from `min` to `max`, or `standard` if it is absent. */
  whole<S>(name: string, min: number, max: number, standard: S): number | S {
    const value = this.raw(name);
    if (value === undefined) return standard;
    if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    throw wrongMember(this.at(name), `a whole number from ${min} to ${max} must stand here`);
  }

  /** True or false; `standard` if it is absent. */
  truth(name: string, standard: boolean): boolean {
    const value = this.raw(name);
    if (value === undefined) return standard;
    if (typeof value === 'boolean') return value;
    throw wrongMember(this.at(name), 'true or false must stand here');
  }

  /** A time in ms since 1970; `standard` if it is absent. */
  time<S>(name: string, standard: S): number | S {
    const value = this.raw(name);
    return value === undefined ? standard : timeAt(value, this.at(name));
  }

  /** The elements of a list, each read by `read`; none if it is absent. */
  list<T>(name: string, read: (value: unknown, path: string) => T): readonly T[] {
    const value = this.raw(name) ?? [];
    if (!Array.isArray(value)) throw wrongMember(this.at(name), 'a list must stand here');
    return value.map((each: unknown, index) => read(each, `${this.at(name)}[${index}]`));
  }

  /** The members of an object whose names are free, each read by `read`; none if it is absent. */
  table<T>(name: string, read: (value: unknown, path: string) => T): ReadonlyMap<string, T> {
    const value = this.raw(name) ?? {};
    if (!isObject(value)) throw wrongMember(this.at(name), 'an object must stand here');
    return new Map(
      Object.entries(value).map(([key, each]) => [
        key,
        read(each, `${this.at(name)}[${JSON.stringify(key)}]`),
      ]),
    );
  }

  /** Errors: `settings_invalid` if the object has a member that was not read. */
  end(): void {
    for (const name of Object.keys(this.#values)) {
      if (this.#known.has(name)) continue;
      const names = [...this.#known].join(', ');
      throw wrongMember(this.at(name), `no member has this name here; the names are ${names}`);
    }
  }
}

/** Reads decimal text at a path. Errors: `settings_invalid`. */
export function decimalAt(value: unknown, path: string, sign: 'any' | 'positive' = 'any'): string {
  if (typeof value !== 'string' || value.length > TEXT_MAX || !isDecimal(value)) {
    throw wrongMember(path, 'a decimal number in quotes must stand here, for example "0.5"');
  }
  if (sign === 'positive' && !/^[\d.]*[1-9]/.test(value)) throw wrongMember(path, 'it must be above 0');
  return value;
}

/** Reads a time at a path: whole ms, or ISO 8601 with a zone. Returns ms since 1970. Errors: `settings_invalid`. */
export function timeAt(value: unknown, path: string): number {
  const ms = typeof value === 'string' && HAS_ZONE.test(value) ? Date.parse(value) : value;
  if (typeof ms === 'number' && Number.isSafeInteger(ms)) return ms;
  throw wrongMember(path, 'a time must stand here: ms since 1970, or like "2025-01-01T00:00:00.000Z"');
}

/** A time without a zone would mean another moment on another machine. */
const HAS_ZONE = /T.*(Z|[+-]\d\d:\d\d)$/;
