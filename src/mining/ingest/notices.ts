// Texts with which the upstream refused accounts. Each is given once to the account's next submission of the block, and
// shown until the account is next accepted.

/** Accounts with a text; the oldest goes first. */
export const NOTICES_MAX = 10_000;

/** Characters of a text that are kept. */
export const NOTICE_CHARACTERS_MAX = 500;

interface Notice {
  readonly blockHash: string;
  readonly text: string;
  isTold: boolean;
}

/** One text for each account, the last one. Accounts are in lower case. */
export class Notices {
  readonly #byAccount = new Map<string, Notice>();

  add(account: string, blockHash: string, text: string): void {
    this.#byAccount.delete(account);
    this.#byAccount.set(account, { blockHash, text: text.slice(0, NOTICE_CHARACTERS_MAX), isTold: false });
    for (const oldest of this.#byAccount.keys()) {
      if (this.#byAccount.size <= NOTICES_MAX) return;
      this.#byAccount.delete(oldest);
    }
  }

  /** The text for this account and block, the first time; null afterwards. */
  take(account: string, blockHash: string): string | null {
    const notice = this.#byAccount.get(account);
    if (notice === undefined || notice.blockHash !== blockHash || notice.isTold) return null;
    notice.isTold = true;
    return notice.text;
  }

  /** The upstream accepted a submission of this account. */
  clear(account: string): void {
    this.#byAccount.delete(account);
  }

  /** The texts that are shown, by account. They are the upstream's. */
  shown(): ReadonlyMap<string, string> {
    return new Map(Array.from(this.#byAccount, ([account, { text }]) => [account, text]));
  }
}
