// The attempts under way of one delivery: how many may be, in all and for one account and block. It sends nothing.

/** Attempts under way for one account and block of a pool: the outstanding submission, and one that it replaced. */
const ATTEMPTS_PER_ACCOUNT_MAX = 2;

/** Counts attempts, and waits for their ends. */
export class Attempts {
  readonly #concurrency: number;
  readonly #perKey: number;
  readonly #byKey = new Map<string, number>();
  readonly #attempts = new Set<Promise<void>>();
  #underWay = 0;

  /** `isPerAccount` is true for a pool. A wallet's better submission waits for nothing but a free attempt. */
  constructor(concurrency: number, isPerAccount: boolean) {
    this.#concurrency = concurrency;
    this.#perKey = isPerAccount ? ATTEMPTS_PER_ACCOUNT_MAX : concurrency;
  }

  get underWay(): number {
    return this.#underWay;
  }

  get isFull(): boolean {
    return this.#underWay >= this.#concurrency;
  }

  /** True if one more attempt may begin for this key. */
  mayBegin(key: string): boolean {
    return !this.isFull && this.#countOf(key) < this.#perKey;
  }

  /** An attempt for this key begins; `work` resolves with its end, and must not reject. */
  begin<Result>(key: string, work: Promise<Result>, ended: (result: Result) => void): void {
    this.#underWay++;
    this.#byKey.set(key, this.#countOf(key) + 1);
    const attempt = this.#follow(key, work, ended).finally(() => this.#attempts.delete(attempt));
    this.#attempts.add(attempt);
  }

  /** Resolves when the attempts that are under way now have ended. */
  async ends(): Promise<void> {
    await Promise.all(this.#attempts);
  }

  async #follow<Result>(key: string, work: Promise<Result>, ended: (result: Result) => void): Promise<void> {
    const result = await work;
    this.#underWay--;
    const left = this.#countOf(key) - 1;
    if (left === 0) this.#byKey.delete(key);
    else this.#byKey.set(key, left);
    ended(result);
  }

  #countOf(key: string): number {
    return this.#byKey.get(key) ?? 0;
  }
}
