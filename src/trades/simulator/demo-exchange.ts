// The demonstration of a simulated exchange: two accounts with some days of fills behind them, and new fills every few
// seconds while it runs. Keys and secrets are made up: they open nothing but this server.

import type { Clock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { DemoDesk, demoPrice } from './demo-desk.ts';
import type { ExchangeSim } from './exchange-sim.ts';
import type { AccountInput, ScenarioInput, SimMarket } from './scenario.ts';
import type { ExchangeRules } from './sim-wire.ts';

const HOUR_MS = 3_600_000;
/** How long the accounts have been trading when the demonstration starts. */
const PAST_MS = 3 * 24 * HOUR_MS;
/** Time between two fills of the past. */
const PAST_STEP_MS = 2 * HOUR_MS;
/** Time between two new fills of an account. */
const NEW_STEP_MS = 5_000;
/** New fills of an account until it trades no more: some days' worth. */
const DEMO_FILLS_MAX = 50_000;
/** Markets that an account trades. */
const MARKETS_MAX = 2;
const QUOTE_BALANCE = '10000';

/** An account of the demonstration, and what registers it. */
export interface DemoAccount {
  readonly name: string;
  readonly apiKey: string;
  readonly secret: string;
  /** How `register-user` names what is polled. */
  readonly accountType: 'spot' | 'futures';
}

interface Desk extends DemoAccount {
  readonly desk: DemoDesk;
  readonly markets: readonly SimMarket[];
}

/** The accounts, their scenario, and the fills to come. */
export class DemoExchange implements Part {
  readonly accounts: readonly DemoAccount[];
  readonly scenario: ScenarioInput;
  readonly #desks: readonly Desk[];
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #timers: Timers;
  #sim: Pick<ExchangeSim, 'addFills'> | null = null;
  #timer: Timer | null = null;
  #rounds = 0;

  constructor(
    rules: ExchangeRules,
    parts: { readonly clock: Pick<Clock, 'nowMs'>; readonly timers: Timers },
  ) {
    this.#clock = parts.clock;
    this.#timers = parts.timers;
    this.#desks = desksOf(rules);
    this.accounts = this.#desks.map(({ name, apiKey, secret, accountType }) => ({
      name,
      apiKey,
      secret,
      accountType,
    }));
    const beganMs = Math.floor((this.#clock.nowMs() - PAST_MS) / HOUR_MS) * HOUR_MS;
    this.scenario = {
      accounts: this.#desks.map((desk, index) => accountOf(desk, index, beganMs)),
      keys: this.#desks.map(({ name, apiKey, secret }) => ({ apiKey, secret, account: name })),
      candles: candlesOf(rules.markets),
    };
  }

  /** Names the server that gets the new fills. */
  attach(sim: Pick<ExchangeSim, 'addFills'>): void {
    this.#sim = sim;
  }

  async start(): Promise<void> {
    this.#timer = this.#timers.every(NEW_STEP_MS, () => {
      const atMs = this.#clock.nowMs();
      this.#rounds += 1;
      if (this.#rounds > DEMO_FILLS_MAX) return;
      for (const { name, desk } of this.#desks) this.#sim?.addFills(name, [desk.next(atMs)]);
    });
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
  }
}

/** One account on spot, and one in linear contracts where the exchange has them, else on spot too. */
function desksOf({ name: exchange, markets }: ExchangeRules): readonly Desk[] {
  const spot = markets.filter(({ kind }) => kind === 'spot').slice(0, MARKETS_MAX);
  const linear = markets.filter(({ kind }) => kind === 'linear').slice(0, MARKETS_MAX);
  const second = linear.length === 0 ? 'spot' : 'linear';
  return (['spot', second] as const).map((kind, index) => {
    const name = `demo-${index + 1}`;
    const traded = kind === 'spot' ? spot : linear;
    return {
      name,
      ...demoKey(exchange, index),
      accountType: kind === 'spot' ? 'spot' : 'futures',
      desk: new DemoDesk(`${exchange} ${name}`, kind, traded),
      markets: traded,
    };
  });
}

/** A made-up key. The secret is Base64, as one exchange has it. */
function demoKey(exchange: string, index: number): Pick<DemoAccount, 'apiKey' | 'secret'> {
  const secret = Buffer.from(`demonstration of ${exchange}, account ${index + 1}: this is no secret`);
  return { apiKey: `demo-${exchange}-key-${index + 1}`, secret: secret.toString('base64') };
}

function accountOf({ name, desk, markets, accountType }: Desk, index: number, beganMs: number): AccountInput {
  const quotes = [...new Set(markets.map(({ settle }) => settle))];
  const times = Array.from({ length: PAST_MS / PAST_STEP_MS }, (_, step) => beganMs + step * PAST_STEP_MS);
  const fills = times.map((atMs) => desk.next(atMs));
  const userId = String(900_001 + index);
  if (accountType === 'spot') {
    return {
      name,
      userId,
      balances: Object.fromEntries(quotes.map((asset) => [asset, QUOTE_BALANCE])),
      fills,
    };
  }
  const movements = quotes.map((asset) => ({
    at: beganMs - HOUR_MS,
    asset,
    amount: QUOTE_BALANCE,
    cause: 'transfer' as const,
    wallet: 'linear' as const,
  }));
  return { name, userId, movements, fills };
}

/** Every hour has the price with which the traders begin. */
function candlesOf(markets: readonly SimMarket[]): NonNullable<ScenarioInput['candles']> {
  const bases = [...new Set(markets.map(({ base }) => base))];
  return Object.fromEntries(bases.map((base) => [`${base}/USDT`, { '*': String(demoPrice(base)) }]));
}
