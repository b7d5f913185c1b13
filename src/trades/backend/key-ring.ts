// The public keys whose summaries are taken: read from files and from the service's list, and read again when a summary
// names a key that is not known. It judges no signature.

import { readFileSync, statSync } from 'node:fs';
import type { Log } from '../../io/log.ts';
import type { Clock } from '../../lib/clock.ts';
import { counted } from '../../lib/counted.ts';
import { errorCode } from '../../lib/error-code.ts';
import { CodedError } from '../../lib/errors.ts';
import { getText } from '../../lib/http-get.ts';
import { advance, isWithin, pace } from '../../lib/pace.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { readVerificationKeys, type VerificationKeys } from '../domain/verification-key.ts';
import type { IngestKey } from './messages.ts';

/** Where keys come from. */
export type KeySource =
  /** A JWK set, a JWK, or PEM. An optional file may be absent. */
  | { readonly type: 'file'; readonly path: string; readonly isOptional: boolean }
  /** An `http://` or `https://` address of a JWK set. */
  | { readonly type: 'address'; readonly url: string };

/** How a refresh ended. `failed`: a source that is needed could not be read. */
export type RefreshOutcome = 'changed' | 'same' | 'failed';

/** Size of a key file or of a list of keys, in bytes; larger ones are not read. */
export const KEYS_BYTES_MAX = 1_048_576;
const FETCH_TIMEOUT_MS = 3_000;
/** Refreshes from an address: 50 a second, 500 at once. Further summaries with unknown keys wait for the next one together. */
const REFRESHES = pace(50, 1_000, 500);

/** What a {@link KeyRing} needs. */
export interface KeyRingParts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Pick<Timers, 'after'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** The keys are others than before. */
  changed(keys: readonly IngestKey[]): void;
}

/** The keys of all sources. */
export class KeyRing implements Part {
  readonly #sources: readonly KeySource[];
  readonly #parts: KeyRingParts;
  readonly #refreshes = { changed: 0, same: 0, failed: 0 };
  readonly #bySource = new Map<KeySource, VerificationKeys>();
  #keys: readonly IngestKey[] = [];
  #version = 0;
  /** When the pace allows the next refresh. */
  #dueMs = 0;
  #running: Promise<unknown> = Promise.resolve();
  /** A refresh that has not begun: summaries that arrive now wait for it. */
  #next: Promise<RefreshOutcome> | null = null;
  #wait: { readonly timer: Timer; readonly end: () => void } | null = null;
  #isStopped = false;
  #isFailing = false;

  constructor(sources: readonly KeySource[], parts: KeyRingParts) {
    this.#sources = sources;
    this.#parts = parts;
  }

  /** The number of keys, and how refreshes ended since the start. */
  get counts(): { readonly keys: number; readonly refreshes: Readonly<Record<RefreshOutcome, number>> } {
    return { keys: this.#keys.length, refreshes: { ...this.#refreshes } };
  }

  /** Grows with every change of the keys. */
  get version(): number {
    return this.#version;
  }

  /** Reads the files. Addresses are asked when a key is needed. Errors: `settings_invalid`. */
  start(): Promise<void> {
    for (const source of this.#sources) {
      if (source.type !== 'file') continue;
      const keys = readKeyFile(source.path);
      if (typeof keys !== 'string') this.#bySource.set(source, keys);
      else if (!(source.isOptional && keys === 'ENOENT'))
        return Promise.reject(new CodedError('settings_invalid', sentenceOf(source.path, keys)));
    }
    this.#collect();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    this.#wait?.timer.cancel();
    this.#wait?.end();
    return Promise.resolve();
  }

  /** Reads all sources again. Whoever calls before it begins shares it. Never rejects. */
  refresh(): Promise<RefreshOutcome> {
    this.#next ??= this.#begin();
    return this.#next;
  }

  async #begin(): Promise<RefreshOutcome> {
    await this.#running;
    await this.#pause();
    this.#next = null;
    if (this.#isStopped) return 'failed';
    const running = this.#read();
    this.#running = running;
    const outcome = await running;
    this.#refreshes[outcome] += 1;
    return outcome;
  }

  /** Waits until the pace allows a refresh; files may be read at any pace. */
  async #pause(): Promise<void> {
    if (this.#isStopped || this.#sources.every(({ type }) => type === 'file')) return;
    const { clock, timers } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (!isWithin(REFRESHES, this.#dueMs, nowMs)) {
      const waitMs = Math.ceil(this.#dueMs - REFRESHES.toleranceMs - nowMs);
      await new Promise<void>((end) => {
        this.#wait = { timer: timers.after(waitMs, end), end };
      });
      this.#wait = null;
    }
    this.#dueMs = advance(REFRESHES, this.#dueMs, clock.monotonicMs());
  }

  async #read(): Promise<RefreshOutcome> {
    const problems = new Map<KeySource, string>();
    for (const source of this.#sources) {
      const keys = source.type === 'file' ? readKeyFile(source.path) : await fetchKeys(source.url);
      if (typeof keys === 'string') problems.set(source, keys);
      // A file that is gone takes its keys with it; a service that is away does not.
      if (typeof keys !== 'string') this.#bySource.set(source, keys);
      else if (source.type === 'file' && keys === 'ENOENT') this.#bySource.delete(source);
    }
    const isChanged = this.#collect();
    const failing = [...problems].filter(([source]) => this.#isNeeded(source));
    this.#tell(failing.map(([source, problem]) => sentenceOf(placeOf(source), problem)));
    return isChanged ? 'changed' : failing.length > 0 ? 'failed' : 'same';
  }

  /** An address beside a key file may be away: the file alone then decides. */
  #isNeeded(source: KeySource): boolean {
    if (source.type === 'file') return !source.isOptional;
    return !this.#sources.some((other) => other.type === 'file' && this.#bySource.has(other));
  }

  /** True if the keys have changed. */
  #collect(): boolean {
    const all = new Map<string, IngestKey>();
    for (const keys of this.#bySource.values()) {
      for (const [kid, { x, provenance }] of keys) {
        // A file knows only the key; the list of the service also says what it signs.
        const known = all.get(kid)?.provenance ?? null;
        all.set(kid, { kid, x, provenance: provenance ?? known });
      }
    }
    const next = [...all.values()].toSorted((a, b) => (a.kid < b.kid ? -1 : 1));
    if (JSON.stringify(next) === JSON.stringify(this.#keys)) return false;
    this.#keys = next;
    this.#version += 1;
    this.#parts.log.info(`keys: summaries of ${counted(next.length, 'key')} are taken`);
    this.#parts.changed(next);
    return true;
  }

  /** One line when it begins to fail, one when it works again. */
  #tell(problems: readonly string[]): void {
    if (problems.length > 0 && !this.#isFailing)
      for (const problem of problems) this.#parts.log.warn(`keys: ${problem}`);
    if (problems.length === 0 && this.#isFailing)
      this.#parts.log.info('keys: every source can be read again');
    this.#isFailing = problems.length > 0;
  }
}

function placeOf(source: KeySource): string {
  return source.type === 'file' ? source.path : 'the address of the JWK set';
}

function sentenceOf(place: string, problem: string): string {
  return `${place} gives no keys (${problem}): name with --keys a JWK set or PEM file with an Ed25519 key, or the address of such a set.`;
}

/** The keys of a file, or why there are none. */
function readKeyFile(path: string): VerificationKeys | string {
  try {
    const found = statSync(path);
    if (!found.isFile()) return 'it is no regular file';
    if (found.size > KEYS_BYTES_MAX) return 'it is too large';
    return keysOrNone(readFileSync(path, 'utf8'));
  } catch (error) {
    return errorCode(error) ?? 'it cannot be read';
  }
}

async function fetchKeys(url: string): Promise<VerificationKeys | string> {
  try {
    const { status, text } = await getText(url, FETCH_TIMEOUT_MS, false, KEYS_BYTES_MAX);
    return status === 200 ? keysOrNone(text) : `HTTP ${status}`;
  } catch (error) {
    return errorCode(error) ?? 'it does not answer';
  }
}

function keysOrNone(text: string): VerificationKeys | string {
  const keys = readVerificationKeys(text);
  return keys.size === 0 ? 'it has no Ed25519 key' : keys;
}
