// The reading positions of log files, as they are stored and as they are found again: by what a file holds, never by its
// name. It reads no file.

import { isObject } from '../../lib/is-object.ts';
import type { StoredPosition } from '../domain/source-facts.ts';

/** Positions that are kept. Beyond it those go that no file had for the longest time, and such a file is read again. */
export const LOG_POSITIONS_MAX = 5_000;

/** Where reading of one file stands. */
export interface LogPosition {
  readonly key: string;
  /** SHA-256 of the first 1,024 bytes of the content, in hex. */
  readonly identity: string;
  /** Uncompressed bytes. */
  readonly at: number;
  /** SHA-256 of the 1,024 bytes before `at`, or of fewer at the start; hex. */
  readonly beforeHash: string;
  /** Length and trailer of the gzip file that was read to its end; null for other files. */
  readonly wholeGzip: string | null;
  /** When it was made, in ms since the epoch. */
  readonly atMs: number;
}

/** All positions of the log files. A position belongs to one present file at most. */
export class LogPositions {
  readonly #keyOf: (text: string) => string;
  readonly #positions = new Map<string, LogPosition>();
  readonly #claimed = new Set<string>();
  readonly #unkept: StoredPosition;

  /** `keyOf` is the HMAC under the local key. Stored positions of another form are of no use, and left alone. */
  constructor(stored: readonly StoredPosition[], keyOf: (text: string) => string) {
    this.#keyOf = keyOf;
    this.#unkept = { source: 'logs', key: keyOf('logs'), state: '{}' };
    for (const position of stored) {
      const read = position.source === 'logs' ? parse(position) : null;
      if (read !== null) this.#positions.set(read.key, read);
    }
  }

  /** Stands for the position of a file that is always read from its start. */
  get unkept(): StoredPosition {
    return this.#unkept;
  }

  /** Positions that may belong to files of this identity, the furthest first. */
  of(identity: string): readonly LogPosition[] {
    return [...this.#positions.values()]
      .filter((position) => position.identity === identity)
      .toSorted((a, b) => b.at - a.at);
  }

  isClaimed(key: string): boolean {
    return this.#claimed.has(key);
  }

  /** A present file has this position from now on. */
  claim(key: string): void {
    this.#claimed.add(key);
  }

  /** The file that had it has gone, or has other content: the position may belong to another file. */
  release(key: string): void {
    this.#claimed.delete(key);
  }

  /** Claims a key that no file of this identity has had. Two files may begin alike. */
  newKey(identity: string): string {
    for (let number = 0; ; number += 1) {
      const key = this.#keyOf(`logs ${identity} ${number}`);
      if (this.#positions.has(key) || this.#claimed.has(key)) continue;
      this.#claimed.add(key);
      return key;
    }
  }

  /** The position was stored. */
  set(position: LogPosition): void {
    this.#positions.set(position.key, position);
  }

  /** Keys that have to go so that `key` can be stored. */
  dropFor(key: string): readonly string[] {
    if (this.#positions.has(key) || this.#positions.size < LOG_POSITIONS_MAX) return [];
    const free = [...this.#positions.values()].filter((position) => !this.#claimed.has(position.key));
    return free
      .toSorted((a, b) => a.atMs - b.atMs)
      .slice(0, this.#positions.size + 1 - LOG_POSITIONS_MAX)
      .map((position) => position.key);
  }

  /** The position was removed from the store. */
  remove(key: string): void {
    this.#positions.delete(key);
  }
}

/** The form in which a position is stored. */
export function storedPosition({
  key,
  identity,
  at,
  beforeHash,
  wholeGzip,
  atMs,
}: LogPosition): StoredPosition {
  return { source: 'logs', key, state: JSON.stringify({ identity, at, beforeHash, wholeGzip, atMs }) };
}

function parse({ key, state }: StoredPosition): LogPosition | null {
  const value: unknown = safeParse(state);
  if (!isObject(value)) return null;
  const { identity, at, beforeHash, wholeGzip, atMs } = value;
  if (typeof identity !== 'string' || typeof beforeHash !== 'string') return null;
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || at < 0) return null;
  return {
    key,
    identity,
    at,
    beforeHash,
    wholeGzip: typeof wholeGzip === 'string' ? wholeGzip : null,
    atMs: typeof atMs === 'number' ? atMs : 0,
  };
}

function safeParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
