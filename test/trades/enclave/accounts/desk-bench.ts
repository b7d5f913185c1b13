// An account desk over simulated time, with the real actors, keys and outgoing line, at an exchange and with a service that
// live in memory: what they would do over the network is tested where they are.

import { generateKeyPairSync, sign } from 'node:crypto';
import { Supervisor } from '../../../../src/actors/supervisor.ts';
import { AccountActors } from '../../../../src/trades/actors/account-actors.ts';
import type {
  AccountOptions,
  AccountRegistration,
  Credentials,
  KeyFacts,
} from '../../../../src/trades/domain/account.ts';
import type { StartedSession } from '../../../../src/trades/domain/enclave-api.ts';
import type { Checkpoint, PolledSummary } from '../../../../src/trades/domain/enclave-link.ts';
import {
  type ExchangeCalls,
  ExchangeError,
  type FeedReader,
  type ReadReport,
} from '../../../../src/trades/domain/exchange-calls.ts';
import type { Trade } from '../../../../src/trades/domain/trade.ts';
import { AccountDesk } from '../../../../src/trades/enclave/accounts/account-desk.ts';
import type {
  AccountDeskOptions,
  DeskVenue,
} from '../../../../src/trades/enclave/accounts/account-desk-parts.ts';
import { SealKey } from '../../../../src/trades/enclave/keys/seal-key.ts';
import { Outgoing } from '../../../../src/trades/enclave/link/outgoing.ts';
import { NotLinkedError } from '../../../../src/trades/enclave/link/restores.ts';
import { ManualTime } from '../../../support/manual-time.ts';

const THRESHOLDS = { staleAfterMs: 60_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 };
export const SAFE_KEY: KeyFacts = {
  userId: null,
  canWithdraw: false,
  canTrade: false,
  isIpBound: true,
  expiresAtMs: null,
};
export const OPTIONS: AccountDeskOptions = {
  accountsMax: 10,
  summaryGraceMs: 120_000,
  persistsSessions: false,
  connectorVersion: '0.2.0',
  withMetadata: true,
  canonical: 'rfc8785',
  returnBasis: 'realized_fifo',
};

/** One request that reached the exchange. */
interface Request {
  readonly apiKey: string;
  readonly atMs: number;
}

/** An exchange in memory: one request a read, each answered after `answerMs`. */
export class FakeExchange implements DeskVenue {
  readonly isLocal = true;
  readonly time: ManualTime;
  readonly requests: Request[] = [];
  /** Fills by key. */
  readonly fills = new Map<string, readonly Trade[]>();
  readonly facts = new Map<string, KeyFacts>();
  report: ReadReport = { unpolled: [], unsearched: 0, isIncomplete: false, userId: null };
  /** What the next requests fail with. */
  failures: ExchangeError[] = [];
  priceOf: (asset: string, hourMs: number) => string | null | ExchangeError | Promise<string> = () => '2';
  prices = 0;
  answerMs = 0;
  workMs = 0;
  /** Requests that one read makes. */
  requestsOfRead = 1;
  /** Clients that are lent. */
  loans = 0;
  reachMs: number | null = null;
  /** What ccxt says of how far back fills are served. */
  daysBack: number | null = null;
  atOnce = 0;
  atOnceMax = 0;
  #plannedMs = 0;

  constructor(time: ManualTime) {
    this.time = time;
  }

  async ready(): Promise<void> {}

  async use<T>({ apiKey }: Credentials, _: string, run: (calls: ExchangeCalls) => Promise<T>): Promise<T> {
    const calls = {
      exchange: 'binance',
      isSandbox: false,
      features: { isSymbolRequired: false, pageMax: null, daysBack: this.daysBack, untilDays: null },
      nowMs: () => this.time.nowMs(),
      call: () => this.request(apiKey),
    };
    this.loans += 1;
    try {
      return await run(calls as unknown as ExchangeCalls);
    } finally {
      this.loans -= 1;
    }
  }

  async request(apiKey: string): Promise<readonly Trade[]> {
    this.requests.push({ apiKey, atMs: this.time.nowMs() });
    this.atOnceMax = Math.max(this.atOnceMax, ++this.atOnce);
    if (this.answerMs > 0) await new Promise<void>((resolve) => this.time.after(this.answerMs, resolve));
    this.atOnce -= 1;
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    return this.fills.get(apiKey) ?? [];
  }

  async keyFacts({ apiKey }: Credentials): Promise<KeyFacts> {
    return this.facts.get(apiKey) ?? SAFE_KEY;
  }

  async openPrice(asset: string, hourMs: number): Promise<string | null> {
    this.prices += 1;
    const price = await this.priceOf(asset, hourMs);
    if (price instanceof ExchangeError) throw price;
    return price;
  }

  pollWorkMs(): number {
    return this.workMs;
  }

  reserve(workMs: number, notBeforeMs: number): number {
    const atMs = Math.max(notBeforeMs, this.#plannedMs);
    if (workMs > 0) this.#plannedMs = atMs + workMs;
    return atMs;
  }

  /** Reads with one request. */
  readonly reader = (): FeedReader<unknown> => ({
    initial: () => ({ reads: 0 }),
    read: async (calls, state, span, sink) => {
      let all: readonly Trade[] = [];
      for (let index = 0; index < this.requestsOfRead; index++)
        all = (await calls.call('fills', {})) as readonly Trade[];
      const fills = all.filter(({ timestampMs }) => timestampMs >= span.fromMs && timestampMs < span.toMs);
      sink.take(fills, 'spot');
      return { state, report: this.report };
    },
    spanMaxMs: 7 * 86_400_000,
    reachMs: this.reachMs,
    overlapMs: 1_000,
  });
}

/** A service in memory: it stores while it is linked. */
export class FakeService {
  readonly checkpoints = new Map<string, Checkpoint>();
  readonly summaries: PolledSummary[] = [];
  isLinked = false;

  link(outgoing: Outgoing): void {
    this.isLinked = true;
    outgoing.linked(async ({ number, summary, checkpoint }) => {
      if (summary !== null) this.summaries.push(summary);
      if (checkpoint !== null && (this.checkpoints.get(checkpoint.accountId)?.turn ?? 0) < checkpoint.turn)
        this.checkpoints.set(checkpoint.accountId, checkpoint);
      outgoing.answered(number, 'stored');
    });
  }

  unlink(outgoing: Outgoing): void {
    this.isLinked = false;
    outgoing.unlinked();
  }

  restore = async (accountId: string): Promise<Checkpoint | null> => {
    if (!this.isLinked) throw new NotLinkedError();
    return this.checkpoints.get(accountId) ?? null;
  };

  restoreAll = async function* (this: FakeService): AsyncGenerator<readonly Checkpoint[]> {
    if (!this.isLinked) throw new NotLinkedError();
    yield [...this.checkpoints.values()];
  };
}

export const OPTIONS_OF_ACCOUNT: AccountOptions = {
  exchange: 'binance',
  accountType: 'spot',
  isSandbox: false,
  apiIntervalMs: 60_000,
  retriesMax: 0,
  sinceMs: null,
  symbols: [],
};

export function registrationOf(
  apiKey: string,
  more: Partial<Omit<AccountRegistration, 'options'>> & { readonly options?: Partial<AccountOptions> } = {},
): AccountRegistration {
  return {
    label: 'label',
    credentials: { apiKey, secret: 'planted-secret' },
    ttlSeconds: 86_400,
    ...more,
    options: { ...OPTIONS_OF_ACCOUNT, ...more.options },
  };
}

/** A desk; `restart` makes another one, as after a kill, with the same keys, exchange and service. */
export class DeskBench {
  readonly time = new ManualTime();
  readonly exchange = new FakeExchange(this.time);
  readonly service = new FakeService();
  readonly keys = new SealKey(new Uint8Array(32).fill(9), false);
  readonly lines: string[] = [];
  readonly options: AccountDeskOptions;
  outgoing = new Outgoing();
  desk: AccountDesk;
  readonly #privateKey = generateKeyPairSync('ed25519').privateKey;

  constructor(options: Partial<AccountDeskOptions> = {}, isLinked = true) {
    this.options = { ...OPTIONS, ...options };
    if (isLinked) this.service.link(this.outgoing);
    this.desk = this.#desk();
  }

  #desk(): AccountDesk {
    const { exchange, keys, outgoing, service, time } = this;
    const supervisor = new Supervisor(THRESHOLDS, { facts: () => undefined, failed: () => undefined });
    const log = (line: string) => void this.lines.push(line);
    const desk = new AccountDesk(this.options, {
      actors: new AccountActors(supervisor),
      venues: {
        refusal: async (account) =>
          ['binance', 'okx'].includes(account.exchange) ? null : 'There is no exchange with this id.',
        venue: () => exchange,
      },
      feedFor: () => exchange.reader(),
      keys,
      signer: {
        keyId: 'key',
        sign: async (text) => sign(null, Buffer.from(text), this.#privateKey).toString('base64'),
      },
      outgoing,
      restores: { restore: (id) => service.restore(id), restoreAll: () => service.restoreAll() },
      clock: time,
      timers: time,
      random: () => 0.5,
      log: { info: log, warn: log, error: log },
    });
    void desk.start();
    return desk;
  }

  /** The enclave is killed and started again. */
  async restart(): Promise<void> {
    await this.desk.stop();
    const { isLinked } = this.service;
    this.service.unlink(this.outgoing);
    this.outgoing = new Outgoing();
    if (isLinked) this.service.link(this.outgoing);
    this.desk = this.#desk();
    if (isLinked) this.desk.linked();
    await this.settle();
  }

  settle = async (): Promise<void> => {
    await new Promise<void>((resolve) => void setImmediate(resolve));
  };

  advance(byMs: number): Promise<void> {
    return this.time.advance(byMs, this.settle);
  }

  async register(...parameters: Parameters<typeof registrationOf>): Promise<StartedSession> {
    const session = await this.desk.register(registrationOf(...parameters), null);
    if ('status' in session) throw new Error(`${session.code}: ${session.reason}`);
    return session;
  }
}
