// The desk of the accounts: begins and ends sessions, goes on with accounts that a service keeps, and says how all are.
// Polling and sealing are done elsewhere in this folder.

import type { Part } from '../../../lib/part.ts';
import type { AccountRegistration, AccountRow } from '../../domain/account.ts';
import type { OwnAccount, SessionRefusal, Sessions, StartedSession } from '../../domain/enclave-api.ts';
import type { LinkAnswer, LinkQuestion } from '../../domain/enclave-link.ts';
import type { Account } from './account.ts';
import type { AccountDeskOptions, AccountDeskParts } from './account-desk-parts.ts';
import { AccountLoader, type Found } from './account-loader.ts';
import { AccountRunner } from './account-runner.ts';
import { AccountShelf } from './account-shelf.ts';
import { DeskCounters, type DeskCounts } from './desk-counters.ts';
import { LinkedAccounts } from './linked-accounts.ts';
import { PlainUsers } from './plain-users.ts';
import { checkRegistration, type Registrant } from './registrar.ts';
import { newSessionId, newToken, Session, tokenHashOf } from './session.ts';
import { StoreLine } from './store-line.ts';

/** Registrations that are checked at the same time; a further one is refused. */
export const REGISTRATIONS_AT_ONCE_MAX = 64;

const TOO_MANY: SessionRefusal = {
  status: 429,
  code: 'too_many',
  reason: 'The enclave has as many accounts as it takes (MAX_ACCOUNTS).',
};
const BUSY: SessionRefusal = {
  status: 503,
  code: 'busy',
  reason: 'The enclave checks many registrations at the moment; try again in a minute.',
};
const UNKNOWN_TOKEN: SessionRefusal = {
  status: 409,
  code: 'unknown_session',
  reason: 'The earlier session is not known here; register without its token to begin a new account.',
};
const UNREADABLE: SessionRefusal = {
  status: 503,
  code: 'checkpoint_unreadable',
  reason: 'The service keeps a state of this account that this enclave cannot read, so it cannot go on.',
};

interface InMemory {
  readonly type: 'memory';
  readonly account: Account;
}

/** All accounts, from `start` to `stop`. */
export class AccountDesk implements Sessions, Part {
  readonly #options: AccountDeskOptions;
  readonly #parts: AccountDeskParts;
  readonly #shelf = new AccountShelf();
  readonly #counters = new DeskCounters();
  readonly #stores: StoreLine;
  readonly #runner: AccountRunner;
  readonly #loader: AccountLoader;
  readonly #linked: LinkedAccounts;
  readonly #users: PlainUsers;
  #checking = 0;
  /** Sessions begin one after the other. */
  #line: Promise<unknown> = Promise.resolve();

  constructor(options: AccountDeskOptions, parts: AccountDeskParts) {
    this.#options = options;
    this.#parts = parts;
    const [shelf, counters] = [this.#shelf, this.#counters];
    this.#stores = new StoreLine(options, parts);
    const stores = this.#stores;
    this.#runner = new AccountRunner(options, { ...parts, shelf, stores, counters });
    this.#loader = new AccountLoader(options, parts);
    const [runner, loader] = [this.#runner, this.#loader];
    this.#linked = new LinkedAccounts(options, { ...parts, shelf, stores, runner, loader });
    this.#users = new PlainUsers({
      register: (registration) => this.register(registration, null),
      own: (userId) => this.#ownOf(shelf.byPlainUser(userId)[0] ?? null),
      end: async (userId) => {
        await Promise.all(shelf.byPlainUser(userId).map((account) => runner.end(account, 'removed')));
      },
    });
  }

  async start(): Promise<void> {
    this.#runner.start();
  }

  /** Polls no more; sessions stay as they are in their checkpoints. */
  stop(): Promise<void> {
    return this.#runner.stop();
  }

  get isResuming(): boolean {
    return this.#linked.isResuming;
  }

  /** A service is linked. Accounts whose state it may have are compared, and sessions from before a restart go on. */
  linked(): void {
    void this.#inLine(() => this.#linked.linked());
  }

  async register(
    registration: AccountRegistration,
    earlierToken: string | null,
  ): Promise<StartedSession | SessionRefusal> {
    const answer = await this.#register(registration, earlierToken);
    if ('status' in answer) this.#counters.registrationsRefused += 1;
    return answer;
  }

  async #register(
    registration: AccountRegistration,
    earlierToken: string | null,
  ): Promise<StartedSession | SessionRefusal> {
    if (this.#checking >= REGISTRATIONS_AT_ONCE_MAX) return BUSY;
    this.#checking += 1;
    try {
      const registrant = await checkRegistration(registration, this.#parts);
      if ('status' in registrant) return registrant;
      return await this.#inLine(() => this.#begin(registration, registrant, earlierToken));
    } finally {
      this.#checking -= 1;
    }
  }

  #inLine<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#line.then(run);
    this.#line = result.catch(() => undefined);
    return result;
  }

  async #begin(
    registration: AccountRegistration,
    registrant: Registrant,
    earlierToken: string | null,
  ): Promise<StartedSession | SessionRefusal> {
    const account = await this.#account(registration, registrant, earlierToken);
    if ('status' in account) return account;
    if (account.session !== null) await this.#runner.replace(account);
    else if (this.#isFull(account)) return TOO_MANY;
    // Its latest session may still be sealing the open hour.
    await account.alone(async () => undefined);
    if (account.facts !== null || account.turn > 0)
      this.#loader.resume(account, { nowMs: registrant.exchangeNowMs, servedMs: registrant.servedMs });
    if (account.id !== registrant.accountId)
      this.#stores.giveAlias(registrant.accountId, account, this.#parts.clock.nowMs());
    const token = newToken();
    const session = this.#session(registration, registrant, token);
    this.#runner.begin(account, session);
    this.#counters.registrations += 1;
    this.#endOthers(account, registration.plainUserId);
    const { id: sessionId, expiresAtMs, warnings, keyExpiresAtMs } = session.facts;
    return { sessionId, sessionToken: token, expiresAtMs, warnings, keyExpiresAtMs };
  }

  /** A user without a token has one account. Sessions begin one after the other, so the others are earlier ones. */
  #endOthers(account: Account, plainUserId: string | undefined): void {
    if (plainUserId === undefined) return;
    for (const other of this.#shelf.byPlainUser(plainUserId))
      if (other !== account) void this.#runner.end(other, 'removed');
  }

  #isFull({ id }: Account): boolean {
    const isNew = this.#shelf.byId(id) === null;
    return (
      this.#shelf.running >= this.#options.accountsMax ||
      (isNew && this.#shelf.isFull(this.#options.accountsMax))
    );
  }

  #session(
    { label, options, credentials, ttlSeconds, plainUserId }: AccountRegistration,
    { facts, warnings }: Registrant,
    token: string,
  ): Session {
    const tokenHash = tokenHashOf(token);
    if (tokenHash === null) throw new TypeError('a new token has the form of a token');
    return new Session(
      {
        id: newSessionId(),
        tokenHash,
        label,
        options,
        plainUserId: plainUserId ?? null,
        userId: facts.userId,
        warnings,
        keyExpiresAtMs: facts.expiresAtMs,
        expiresAtMs: this.#parts.clock.nowMs() + ttlSeconds * 1_000,
      },
      credentials,
    );
  }

  /** The account of the registration: from memory, from the service, or a new one. */
  async #account(
    registration: AccountRegistration,
    registrant: Registrant,
    earlierToken: string | null,
  ): Promise<Account | SessionRefusal> {
    const { exchange, accountType, isSandbox } = registration.options;
    if (earlierToken !== null && registrant.facts.userId === null) {
      const earlier = this.#shelf.byEarlierToken(earlierToken);
      const isSamePlace =
        earlier?.place.exchange === exchange &&
        earlier.place.accountType === accountType &&
        earlier.place.isSandbox === isSandbox;
      return isSamePlace ? earlier : UNKNOWN_TOKEN;
    }
    const first = await this.#find(registrant.accountId);
    const found = first.found.type === 'alias' ? await this.#find(first.found.accountId) : first;
    if ('account' in found.found) return found.found.account;
    return this.#made(found.id, found.found, registration, registrant);
  }

  async #find(id: string): Promise<{ readonly id: string; readonly found: Found | InMemory }> {
    const account = this.#shelf.byId(id);
    return { id, found: account === null ? await this.#loader.find(id) : { type: 'memory', account } };
  }

  #made(
    id: string,
    found: Found,
    { options }: AccountRegistration,
    { exchangeNowMs, servedMs }: Registrant,
  ): Account | SessionRefusal {
    if (found.type === 'state') return this.#loader.known(id, found);
    if (found.type === 'unreadable' || found.type === 'alias') return UNREADABLE;
    const { exchange, accountType, isSandbox, sinceMs, symbols } = options;
    const collection = { sinceMs, nowMs: exchangeNowMs, servedMs, symbols };
    return this.#loader.fresh(id, { exchange, accountType, isSandbox }, collection, found.type === 'nothing');
  }

  own(sessionToken: string): OwnAccount | null {
    return this.#ownOf(this.#shelf.byToken(sessionToken));
  }

  #ownOf(account: Account | null): OwnAccount | null {
    const { session, judge, book } = account ?? {};
    if (account === null || session == null || judge == null || book === undefined) return null;
    if (this.#parts.clock.nowMs() >= session.facts.expiresAtMs) return null;
    return {
      sessionExpiresAtMs: session.facts.expiresAtMs,
      metrics: book.metrics(),
      summary: book.summary(),
      account: {
        state: judge.node,
        reason: judge.reason,
        exchangeCode: judge.exchangeCode,
        lastPollAtMs: account.lastPollAtMs,
        keyExpiresAtMs: session.facts.keyExpiresAtMs,
        isLocal: account.venue.isLocal,
        unpolledMarkets: book.coverage.unpolled.map(({ symbol }) => symbol),
      },
    };
  }

  async end(sessionToken: string): Promise<boolean> {
    const account = this.#shelf.byToken(sessionToken);
    if (account === null) return false;
    await this.#runner.end(account, 'removed');
    return true;
  }

  /** Answers a question of the service. */
  answer(question: LinkQuestion): Promise<LinkAnswer> {
    return this.#users.answer(question);
  }

  /** Every account, as people see it. */
  rows(): readonly AccountRow[] {
    return [...this.#shelf].flatMap((account) => account.row() ?? []);
  }

  /** Summaries that the service has not stored. */
  get unstoredSummaries(): number {
    return this.#stores.unstoredSummaries;
  }

  /** Counts since the start. */
  get counts(): DeskCounts {
    const { late, latenessMs } = this.#runner.lateness;
    const { polls, ...counts } = this.#counters;
    return { ...counts, polls: { ...polls }, pollsLate: late, latenessSeconds: latenessMs / 1_000 };
  }
}
