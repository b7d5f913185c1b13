// The checks that the desk has asked for. One that finds the queue full, or is dropped although it is wanted, is asked
// for again until it ends, because an answer was given on the promise that it is finished.

import type { Timer, Timers } from '../../lib/timers.ts';
import type { Entry } from '../domain/facts.ts';
import type { ProofChecker, ProofClaim, ProofOrigin, ProofOutcome } from '../domain/proof-check.ts';

/** How long after a full queue a check is asked for again, in ms. */
const ASK_AGAIN_MS = 1000;

/** Checks that are asked for again at a time: half of them the best claims, half those that were put off first. */
const ASKED_AGAIN_MAX = 512;

/** What {@link RunningChecks} need of the desk. */
export interface RunningChecksParts {
  readonly checker: ProofChecker;
  readonly timers: Timers;
  /** False if the entry is not checked any longer. */
  isWanted(entry: Entry): boolean;
  /** Called with the end of each check, unless it was dropped. */
  ended(entry: Entry, outcome: CheckEnd): void;
}

/** What a check found. */
export type CheckEnd = Extract<ProofOutcome, { type: 'holds' | 'fails' }>;

/** Checks by the id of their entry. It has as many as the books have entries in the state `checking`. */
export class RunningChecks {
  readonly #parts: RunningChecksParts;
  readonly #running = new Map<number, Promise<ProofOutcome>>();
  readonly #postponed = new Map<number, Entry>();
  #timer: Timer | null = null;
  #isStopped = false;
  #postponements = 0;

  constructor(parts: RunningChecksParts) {
    this.#parts = parts;
  }

  /** Times that a check was put off because the queue was full. */
  get postponements(): number {
    return this.#postponements;
  }

  /** The check of this entry; undefined if none runs. */
  of(id: number): Promise<ProofOutcome> | undefined {
    return this.#running.get(id);
  }

  start(entry: Entry): void {
    if (this.#isStopped) return;
    const check = this.#parts.checker.check(claimOf(entry), originOf(entry)).then((outcome) => {
      if (this.#running.get(entry.id) === check) this.#running.delete(entry.id);
      // A check that is dropped while it is wanted shared its place with one that was withdrawn.
      if (outcome.type === 'full' || outcome.type === 'dropped') this.#postpone(entry);
      else if (!this.#isStopped) this.#parts.ended(entry, outcome);
      return outcome;
    });
    this.#running.set(entry.id, check);
  }

  /** The check is not wanted any longer; the outcome of one that is under way is told, and changes nothing. */
  withdraw(entry: Entry): void {
    this.#postponed.delete(entry.id);
    if (this.#running.delete(entry.id)) this.#parts.checker.withdraw(claimOf(entry), originOf(entry));
  }

  /** No check is asked for and no end is told from now on. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #postpone(entry: Entry): void {
    if (this.#isStopped || !this.#parts.isWanted(entry)) return;
    this.#postponements++;
    this.#postponed.set(entry.id, entry);
    this.#timer ??= this.#parts.timers.after(ASK_AGAIN_MS, () => this.#askAgain());
  }

  #askAgain(): void {
    this.#timer = null;
    const wanted: Entry[] = [];
    for (const [id, entry] of this.#postponed) {
      if (this.#parts.isWanted(entry)) wanted.push(entry);
      else this.#postponed.delete(id);
    }
    for (const entry of nextOf(wanted)) {
      this.#postponed.delete(entry.id);
      this.start(entry);
    }
    if (this.#postponed.size > 0) {
      this.#timer = this.#parts.timers.after(ASK_AGAIN_MS, () => this.#askAgain());
    }
  }
}

function claimOf({ submission }: Entry): ProofClaim {
  const { accountId, seed, nonce, compression, height, generationSignature, rawQuality } = submission;
  return { accountId, seed, nonce, compression, height, generationSignature, rawQuality };
}

function originOf({ address, blockHash, pocTime }: Entry): ProofOrigin {
  return { address, blockHash, pocTime };
}

/** Liars claim small times: an honest claim has its turn by its age. `wanted` are in the order in which they were put off. */
function nextOf(wanted: readonly Entry[]): ReadonlySet<Entry> {
  const byTime = wanted.toSorted((one, other) =>
    one.pocTime < other.pocTime ? -1 : Number(one.pocTime > other.pocTime),
  );
  const best = new Set(byTime.slice(0, ASKED_AGAIN_MAX / 2));
  const oldest = wanted.filter((entry) => !best.has(entry)).slice(0, ASKED_AGAIN_MAX / 2);
  return new Set([...best, ...oldest]);
}
