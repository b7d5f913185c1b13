// A user of one run: registers the account, registers it again whenever the session is gone, and ends it at last.

import { setTimeout as delay } from 'node:timers/promises';
import { STRICTEST_POLICY } from '../../../src/trades/client/policy.ts';
import { SecureClient } from '../../../src/trades/client/secure-client.ts';
import type { PlannedAccount } from './plan.ts';

/** Time between two looks whether the session still runs, in ms. */
const LOOK_MS = 500;
const TTL_SECONDS = 3_600;

/** A row of the service's table of accounts. */
export interface AccountSeen {
  readonly account: string;
  readonly label: string;
  readonly readTo: string | null;
}

export class User {
  readonly account: PlannedAccount;
  readonly #sinceMs: number;
  readonly #client: SecureClient;
  registrations = 0;
  /** The client id of its summaries, once seen. */
  accountId = '';
  readToMs = 0;
  #token: string | null = null;

  constructor(account: PlannedAccount, sinceMs: number, enclaveUrl: string) {
    this.account = account;
    this.#sinceMs = sinceMs;
    this.#client = new SecureClient({
      url: enclaveUrl,
      policy: { ...STRICTEST_POLICY, allowsUnattested: true },
      clock: { nowMs: () => Date.now() },
    });
  }

  /** Keeps a session running until the run is over. */
  async live(state: { readonly isOver: boolean }): Promise<void> {
    while (!state.isOver) {
      if (!(await this.#hasSession())) await this.#register();
      await delay(LOOK_MS);
    }
  }

  see(rows: readonly AccountSeen[]): void {
    const row = rows.find(({ label }) => label === this.account.name);
    if (row === undefined) return;
    this.accountId = row.account;
    this.readToMs = row.readTo === null ? 0 : Date.parse(row.readTo);
  }

  async end(): Promise<void> {
    if (this.#token !== null) await this.#client.end(this.#token);
  }

  /** Without an answer the session may still run. */
  async #hasSession(): Promise<boolean> {
    if (this.#token === null) return false;
    try {
      await this.#client.getSummary(this.#token);
      return true;
    } catch (error) {
      return !isGone(error);
    }
  }

  async #register(): Promise<void> {
    const { name, exchange, accountType, apiKey, secret } = this.account;
    try {
      const session = await this.#client.register({
        exchange,
        label: name,
        ttl: TTL_SECONDS,
        sealed: {
          userId: name,
          apiKey,
          secret,
          accountType,
          apiInterval: 2_000,
          since: this.#sinceMs,
        },
      });
      this.#token = session.sessionToken;
      this.registrations += 1;
    } catch {
      // The enclave is being started again: the next look tries once more.
    }
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'not_found';
}
