// The desk of accounts with the real client and readers of the exchange, at its simulated server. The service lives in
// memory. Time passes by itself and when the test says so; the exchange has the same clock.

import { generateKeyPairSync, sign } from 'node:crypto';
import { Supervisor } from '../../../../src/actors/supervisor.ts';
import { systemTimers, type Timers } from '../../../../src/lib/timers.ts';
import { AccountActors } from '../../../../src/trades/actors/account-actors.ts';
import type { AccountOptions } from '../../../../src/trades/domain/account.ts';
import type {
  OwnAccount,
  SessionRefusal,
  StartedSession,
} from '../../../../src/trades/domain/enclave-api.ts';
import type { SummaryPayload } from '../../../../src/trades/domain/summary.ts';
import { AccountDesk } from '../../../../src/trades/enclave/accounts/account-desk.ts';
import type { AccountDeskOptions } from '../../../../src/trades/enclave/accounts/account-desk-parts.ts';
import type { Venue } from '../../../../src/trades/enclave/exchanges/venue.ts';
import { Venues } from '../../../../src/trades/enclave/exchanges/venues.ts';
import { feedFor } from '../../../../src/trades/enclave/feeds/feed-for.ts';
import { SealKey } from '../../../../src/trades/enclave/keys/seal-key.ts';
import { Outgoing } from '../../../../src/trades/enclave/link/outgoing.ts';
import { type ExchangeSim, startExchangeSim } from '../../../../src/trades/simulator/exchange-sim.ts';
import type { ExchangeName, ScenarioInput } from '../../../../src/trades/simulator/scenario.ts';
import { until } from '../../../support/until.ts';
import { FakeService, OPTIONS, registrationOf } from '../accounts/desk-bench.ts';
import { BEGIN_MS } from './account-stage.ts';
import { PushedTime } from './pushed-time.ts';

const THRESHOLDS = { staleAfterMs: 60_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 };
const POLL_WAIT_MS = 15_000;
/** The interval of accounts whose options name none. */
const INTERVAL_MS = 60_000;

/** Longest wait of a request for its turn, in ms; an answer is waited for longer. */
const TURN_WAIT_MAX_MS = 9_000;

/** How a stage is made. */
export interface DeskStageOptions {
  readonly scenario?: Partial<ScenarioInput>;
  readonly desk?: Partial<AccountDeskOptions>;
}

/** The key of the account with this number, from 0. */
export const keyOf = (index: number) => ({
  apiKey: `planted-key-${index}`,
  secret: Buffer.from(`planted-secret-${index}`).toString('base64'),
});

/** A desk; `restart` makes another one, as after a kill, with the same seal key, exchange and service. */
export class DeskStage {
  readonly time: PushedTime;
  readonly service = new FakeService();
  readonly lines: string[] = [];
  readonly sim: ExchangeSim;
  desk: AccountDesk;
  readonly #exchange: ExchangeName;
  readonly #options: AccountDeskOptions;
  readonly #keys = new SealKey(new Uint8Array(32).fill(9), false);
  readonly #privateKey = generateKeyPairSync('ed25519').privateKey;
  #venues: Venues;
  #outgoing = new Outgoing();

  private constructor(
    exchange: ExchangeName,
    sim: ExchangeSim,
    time: PushedTime,
    options: AccountDeskOptions,
  ) {
    this.#exchange = exchange;
    this.time = time;
    this.sim = sim;
    this.#options = options;
    this.#venues = this.#makeVenues();
    this.desk = this.#makeDesk();
  }

  /** Starts an exchange with accounts of which each has a key. `ends`: what the test must call after it. */
  static async start(
    exchange: ExchangeName,
    accounts: ScenarioInput['accounts'],
    ends: (() => Promise<void>)[],
    options: DeskStageOptions = {},
  ): Promise<DeskStage> {
    const time = new PushedTime(BEGIN_MS);
    const sim = await startExchangeSim(
      exchange,
      {
        latencyMs: 0,
        accounts,
        keys: accounts.map(({ name }, index) => ({ ...keyOf(index), account: name })),
        ...options.scenario,
      },
      { clock: time },
    );
    ends.push(() => sim.stop());
    const stage = new DeskStage(exchange, sim, time, { ...OPTIONS, ...options.desk });
    ends.push(() => stage.#stop());
    await stage.desk.start();
    return stage;
  }

  get venue(): Venue {
    return this.#venues.venue(this.#exchange, false);
  }

  /** Payloads of the summaries that the service stored. */
  get summaries(): readonly SummaryPayload[] {
    return this.service.summaries.map(({ body }) => JSON.parse(body) as SummaryPayload);
  }

  try(
    index: number,
    options: Partial<AccountOptions> = {},
    more: { readonly ttlSeconds?: number; readonly earlierToken?: string } = {},
  ): Promise<StartedSession | SessionRefusal> {
    const { ttlSeconds = 86_400, earlierToken = null } = more;
    const credentials = keyOf(index);
    return this.desk.register(
      registrationOf(credentials.apiKey, {
        credentials,
        ttlSeconds,
        options: { exchange: this.#exchange, apiIntervalMs: INTERVAL_MS, ...options },
      }),
      earlierToken,
    );
  }

  async register(...parameters: Parameters<DeskStage['try']>): Promise<string> {
    const session = await this.try(...parameters);
    if ('status' in session) throw new Error(`${session.code}: ${session.reason}`);
    return session.sessionToken;
  }

  own(token: string): OwnAccount {
    const own = this.desk.own(token);
    if (own === null) throw new Error('no such session');
    return own;
  }

  /** Waits until one more poll of the account has ended, after the time that it is planned for. */
  async nextPoll(token: string, afterMs = 2 * INTERVAL_MS): Promise<OwnAccount> {
    const before = this.own(token).account.lastPollAtMs;
    if (before !== null) this.time.push(afterMs);
    return until(
      'a poll',
      () => {
        const own = this.own(token);
        return own.account.lastPollAtMs === before ? null : own;
      },
      POLL_WAIT_MS,
    );
  }

  /** The enclave is killed and started again. */
  async restart(): Promise<void> {
    await this.#stop();
    this.service.unlink(this.#outgoing);
    this.#outgoing = new Outgoing();
    this.#venues = this.#makeVenues();
    this.desk = this.#makeDesk();
    await this.desk.start();
    this.desk.linked();
  }

  async #stop(): Promise<void> {
    await this.#venues.stop();
    await this.desk.stop();
  }

  #makeVenues(): Venues {
    const log = { info: this.#note, warn: this.#note };
    return new Venues(
      { exchangeUrls: new Map([[this.#exchange, this.sim.url]]) },
      { clock: this.time, timers: this.#venueTimers(), log },
    );
  }

  /** What requests wait for their turn passes at once; what they wait for an answer does not. */
  #venueTimers(): Timers {
    return {
      after: (delayMs, run) =>
        delayMs > TURN_WAIT_MAX_MS
          ? systemTimers.after(delayMs, run)
          : systemTimers.after(0, () => {
              this.time.push(delayMs);
              run();
            }),
      every: systemTimers.every,
    };
  }

  #makeDesk(): AccountDesk {
    const { service } = this;
    service.link(this.#outgoing);
    const supervisor = new Supervisor(THRESHOLDS, { facts: () => undefined, failed: () => undefined });
    return new AccountDesk(this.#options, {
      actors: new AccountActors(supervisor),
      venues: this.#venues,
      feedFor,
      keys: this.#keys,
      signer: {
        keyId: 'key',
        sign: async (text) => sign(null, Buffer.from(text), this.#privateKey).toString('base64'),
      },
      outgoing: this.#outgoing,
      restores: { restore: service.restore, restoreAll: () => service.restoreAll() },
      clock: this.time,
      timers: this.time,
      random: () => 0.5,
      log: { info: this.#note, warn: this.#note, error: this.#note },
    });
  }

  readonly #note = (line: string): void => void this.lines.push(line);
}
