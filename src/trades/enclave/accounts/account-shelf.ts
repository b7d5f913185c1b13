// All accounts of the enclave, by id and by the token of their session. It begins and ends nothing.

import type { Account } from './account.ts';
import { tokenHashOf } from './session.ts';

/** How long an account whose session ended is shown, and goes on without its checkpoint, in ms. */
const ENDED_KEPT_MS = 86_400_000;
/** Accounts without a session that are kept; with more, the one that ended first goes, unless it waits to be stored. */
const ENDED_KEPT_MAX = 1_000;

/** The accounts. */
export class AccountShelf {
  readonly #byId = new Map<string, Account>();
  /** By the hash of the token of a running session. */
  readonly #byToken = new Map<string, Account>();

  /** Sessions that run. */
  get running(): number {
    return this.#byToken.size;
  }

  /** True if so many accounts wait for a service beside `runningMax` running ones that no new one is taken. */
  isFull(runningMax: number): boolean {
    return this.#byId.size >= runningMax + ENDED_KEPT_MAX;
  }

  [Symbol.iterator](): Iterator<Account> {
    return this.#byId.values();
  }

  byId(id: string): Account | null {
    return this.#byId.get(id) ?? null;
  }

  /** Null for a token of no running session. */
  byToken(token: string): Account | null {
    const tokenHash = tokenHashOf(token);
    const account = tokenHash === null ? undefined : this.#byToken.get(tokenHash);
    return account?.session?.hasTokenHash(tokenHash ?? '') === true ? account : null;
  }

  /** The account that a session belonged to, also one that ended not long ago. */
  byEarlierToken(token: string): Account | null {
    const running = this.byToken(token);
    if (running !== null) return running;
    const tokenHash = tokenHashOf(token);
    return [...this.#byId.values()].find(({ facts }) => facts?.tokenHash === tokenHash) ?? null;
  }

  /** The accounts with a running session of a user who registered in plain text. */
  byPlainUser(userId: string): readonly Account[] {
    return [...this.#byToken.values()].filter(({ session }) => session?.facts.plainUserId === userId);
  }

  add(account: Account): void {
    this.#byId.set(account.id, account);
  }

  /** A session began. */
  began(account: Account): void {
    const tokenHash = account.session?.facts.tokenHash;
    if (tokenHash !== undefined) this.#byToken.set(tokenHash, account);
  }

  /** A session ended: its token finds nothing any more. */
  ended(account: Account, tokenHash: string): void {
    if (this.#byToken.get(tokenHash) === account) this.#byToken.delete(tokenHash);
  }

  /** Drops accounts that ended long ago and are stored; returns them. */
  forget(nowMs: number): readonly Account[] {
    const ended = [...this.#byId.values()].filter(
      ({ session, unstored, endedAtMs }) => session === null && unstored === 0 && endedAtMs !== null,
    );
    let excess = ended.length - ENDED_KEPT_MAX;
    const gone = ended
      .toSorted((one, other) => (one.endedAtMs ?? 0) - (other.endedAtMs ?? 0))
      .filter(({ endedAtMs }) => excess-- > 0 || nowMs - (endedAtMs ?? 0) >= ENDED_KEPT_MS);
    for (const account of gone) this.#byId.delete(account.id);
    return gone;
  }
}
