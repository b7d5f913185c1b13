// The values that a settings file gives, each with its place, by the table of the file's keys. It is plain look-up:
// `file-reader.ts` fills it.

import type { Definition } from './definition.ts';
import type { FilePlace } from './yaml-tree.ts';

/**
 * The keys of a file: their definitions by path. `upstream.url` is the key `url` in the block `upstream`; `[]` stands
 * for every element of a list, so `backups[].url` is the key `url` of each block in the list `backups`.
 */
export type FileTable = Readonly<Record<string, Definition<unknown>>>;

/** The type of a key's value. */
export type FileValue<T extends FileTable, N extends keyof T> =
  T[N] extends Definition<infer V> ? NonNullable<V> : never;

/** A value that the file gives. */
export interface Given<V> {
  readonly value: V;
  /** The path of the key with the numbers of the elements: `backups[0].url`. */
  readonly path: string;
  /** Where the key stands. */
  readonly place: FilePlace;
  /** The text as written, without quotes. It may be a secret. */
  readonly text: string;
}

/** What a file gives. A path may have `[]`; then `at` has a number for each. */
export class FileValues<T extends FileTable> {
  readonly #given = new Map<string, Given<unknown>>();
  readonly #wrong = new Set<string>();
  readonly #nulls = new Set<string>();
  readonly #blocks = new Map<string, { readonly place: FilePlace; readonly elements: number }>();

  /** Adds a value. For the reader only. */
  add(given: Given<unknown>): void {
    this.#given.set(given.path, given);
  }

  /** Adds a block or a list, which may be empty. For the reader only. */
  addBlock(path: string, place: FilePlace, elements: number): void {
    this.#blocks.set(path, { place, elements });
  }

  /** Adds a key with a written null. For the reader only. */
  addNull(path: string): void {
    this.#nulls.add(path);
  }

  /** Adds a key whose value is wrong, and told as a mistake already. For the reader only. */
  addWrong(path: string): void {
    this.#wrong.add(path);
  }

  /** True if the file does not give the key at all, or as null. */
  lacks(name: keyof T & string, ...at: readonly number[]): boolean {
    const path = pathAt(name, at);
    return !this.#given.has(path) && !this.#wrong.has(path);
  }

  /** True if the file gives the key as null: the default, unless null has a meaning of its own. */
  isNull(name: keyof T & string, ...at: readonly number[]): boolean {
    return this.#nulls.has(pathAt(name, at));
  }

  /** The value of a key; undefined if the file does not give it, or gives a wrong one. */
  get<const N extends keyof T & string>(
    name: N,
    ...at: readonly number[]
  ): Given<FileValue<T, N>> | undefined {
    return this.#given.get(pathAt(name, at)) as Given<FileValue<T, N>> | undefined;
  }

  /** Where a block or a list stands; undefined if the file has none. */
  placeOf(block: string, ...at: readonly number[]): FilePlace | undefined {
    return this.#blocks.get(pathAt(block, at))?.place;
  }

  /** Number of elements of a list; 0 if the file has none. */
  count(list: string): number {
    return this.#blocks.get(list)?.elements ?? 0;
  }

  /** Every value, in the order of the file. */
  all(): readonly Given<unknown>[] {
    return [...this.#given.values()];
  }
}

/** The path with the numbers in the places of its `[]`. */
export function pathAt(name: string, at: readonly number[]): string {
  let index = 0;
  return name.replaceAll('[]', () => `[${at[index++] ?? 0}]`);
}
