// What a simulated exchange has and does: markets, accounts with their fills, keys, candles, faults. Plain data, in two
// forms: as a person writes it (`ScenarioInput`), and as the server works with it (`Scenario`).

/** The exchanges that can be simulated. */
export const EXCHANGE_NAMES = ['binance', 'bybit', 'kraken'] as const;
/** One of {@link EXCHANGE_NAMES}. */
export type ExchangeName = (typeof EXCHANGE_NAMES)[number];

/** Kinds of markets. */
export const MARKET_KINDS = ['spot', 'linear', 'inverse'] as const;
/** One of {@link MARKET_KINDS}. */
export type SimMarketKind = (typeof MARKET_KINDS)[number];

/** Where a fill is made: on spot, on margin (both in spot markets), or in a contract. */
export const FILL_KINDS = ['spot', 'cross', 'isolated', 'linear', 'inverse'] as const;
/** One of {@link FILL_KINDS}. */
export type FillKind = (typeof FILL_KINDS)[number];

/** Why there is a fill. `funding` is no fill: it moves a balance and stands in ledgers and mixed lists. */
export const FILL_CAUSES = ['trade', 'liquidation', 'adl', 'settle', 'funding'] as const;
/** One of {@link FILL_CAUSES}. */
export type FillCause = (typeof FILL_CAUSES)[number];

/** Why a balance moves without a fill. */
export const MOVEMENT_CAUSES = [
  'deposit',
  'withdrawal',
  'conversion',
  'dust',
  'transfer',
  'interest',
] as const;
/** One of {@link MOVEMENT_CAUSES}. */
export type MovementCause = (typeof MOVEMENT_CAUSES)[number];

/**
 * How a request fails. A number is a status; `repeat` gives each row of a list twice; `answer` gives status and body as
 * written.
 */
export const FAULT_KINDS = [
  429,
  418,
  403,
  500,
  'timeout',
  'reset',
  'cut',
  'rubbish',
  'slow',
  'redirect',
  'repeat',
  'answer',
] as const;
/** One of {@link FAULT_KINDS}. */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Kraken's tiers of verification, which set its counter of calls; `none` has no counter. */
export const KRAKEN_TIERS = ['starter', 'intermediate', 'pro', 'none'] as const;
/** One of {@link KRAKEN_TIERS}. */
export type KrakenTier = (typeof KRAKEN_TIERS)[number];

/** A time as a person writes it: ISO 8601 text with a zone, or ms since 1970. */
export type TimeInput = string | number;

/** A market. Members that are absent: settles in the quote (inverse: in the base), contract size 1, listed always. */
export interface MarketInput {
  /** The exchange's own name. A spot market and a linear one may share it, as at Binance. */
  readonly id: string;
  readonly base: string;
  readonly quote: string;
  readonly settle?: string;
  readonly kind: SimMarketKind;
  /** In the base if linear, in the quote if inverse. */
  readonly contractSize?: string;
  /** The exchange lists it no longer, and refuses requests that name it. */
  readonly isDelisted?: boolean;
  /** From then on as `isDelisted`. */
  readonly delistedAt?: TimeInput;
  /** Before then the exchange does not know it. */
  readonly listedAt?: TimeInput;
  /** Its name and base before `renamedAt`; its fills are listed under the name of the time of the request. */
  readonly renamedFrom?: { readonly id: string; readonly base: string; readonly at: TimeInput };
}

/** A fill. Members that are absent: kind of the market, no fee, ids that follow from the order, shown at once. */
export interface FillInput {
  readonly at: TimeInput;
  /** The id of the market. */
  readonly market: string;
  /** Needed for margin, and where several markets share the id; else that of the market (spot before contracts). */
  readonly kind?: FillKind;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  /** In the base, or contracts. */
  readonly amount: string;
  readonly fee?: string;
  /** Absent: the base of a spot buy, the quote of a spot sell, the settle asset of a contract. */
  readonly feeAsset?: string;
  /** Instead of `fee`. */
  readonly fees?: readonly { readonly asset: string; readonly amount: string }[];
  readonly id?: string;
  readonly orderId?: string;
  /** When lists show it; balances move at `at`. */
  readonly visibleAt?: TimeInput;
  readonly cause?: FillCause;
  /** In hedge mode the position that it changes. */
  readonly position?: 'long' | 'short';
  /** The user id that the fill names, where it is another than the account's. */
  readonly owner?: string;
}

/** A balance that moves without a fill. */
export interface MovementInput {
  readonly at: TimeInput;
  readonly asset: string;
  /** Negative if it goes out. */
  readonly amount: string;
  readonly cause: MovementCause;
  /** The kind of account that it changes; absent: spot. */
  readonly wallet?: FillKind;
}

/** An account. */
export interface AccountInput {
  readonly name: string;
  readonly userId: string;
  /** What spot holds before the first fill. */
  readonly balances?: Readonly<Record<string, string>>;
  /** Positions before the first fill, by id of the contract; negative if short. */
  readonly positions?: Readonly<Record<string, string>>;
  readonly fills?: readonly FillInput[];
  readonly movements?: readonly MovementInput[];
}

/** An API key. Members that are absent: reads, and only that; bound to an address; does not expire. */
export interface KeyInput {
  readonly apiKey: string;
  readonly secret: string;
  /** Name of the account. */
  readonly account: string;
  readonly canRead?: boolean;
  readonly canWithdraw?: boolean;
  readonly canTrade?: boolean;
  readonly isIpBound?: boolean;
  readonly expiresAt?: TimeInput;
  readonly revokedAt?: TimeInput;
}

/** A fault. It begins with request `atRequest`, at `at`, or at once, and meets the next `times` requests that fit. */
export interface FaultInput {
  readonly kind: FaultKind;
  /** Number of the request, from 1; requests of `/sim` have none. */
  readonly atRequest?: number;
  /** By the exchange's clock. */
  readonly at?: TimeInput;
  /** Only requests whose path begins so. */
  readonly path?: string;
  /** Only requests with this key. */
  readonly apiKey?: string;
  /** Absent: 1. */
  readonly times?: number;
  /** The header `Retry-After`, in seconds. */
  readonly retryAfter?: number;
  /** The time that the answer names as the end of the ban. */
  readonly banUntil?: TimeInput;
  /** Of `slow`: time before the answer, in ms; absent: 2,000. */
  readonly delayMs?: number;
  /** Of `answer`: absent 200. */
  readonly status?: number;
  /** Of `answer`. */
  readonly body?: string;
}

/** The clock jumps before request number `atRequest` is judged. */
export interface ClockStepInput {
  readonly atRequest: number;
  readonly byMs: number;
}

/** A scenario as a person writes it. */
export interface ScenarioInput {
  readonly exchange?: ExchangeName;
  /** The exchange's clock minus the machine's, in ms. */
  readonly clockOffsetMs?: number;
  /** Most rows of any page, to make paging happen with few rows. */
  readonly pageSizeMax?: number;
  /** Time between request and answer, in ms; absent: 1. */
  readonly latencyMs?: number;
  /** Weight or requests by minute that the exchange allows, where it counts so; absent: the exchange's own. */
  readonly weightPerMinute?: number;
  /** Of Kraken; absent: `intermediate`. */
  readonly tier?: KrakenTier;
  /** Absent: a few well-known markets of the exchange. */
  readonly markets?: readonly MarketInput[];
  readonly accounts: readonly AccountInput[];
  readonly keys: readonly KeyInput[];
  /** Open of the 1-hour candle by pair and ISO hour; 404: no candle. `*` as the hour: every other hour. */
  readonly candles?: Readonly<Record<string, Readonly<Record<string, string | 404>>>>;
  readonly faults?: readonly FaultInput[];
  readonly clockSteps?: readonly ClockStepInput[];
}

/** A market as the server works with it. */
export interface SimMarket {
  readonly id: string;
  readonly base: string;
  readonly quote: string;
  readonly settle: string;
  readonly kind: SimMarketKind;
  readonly contractSize: string;
  /** -Infinity: always. */
  readonly listedAtMs: number;
  /** Infinity: never; -Infinity: before everything. */
  readonly delistedAtMs: number;
  readonly renamedFrom: { readonly id: string; readonly base: string; readonly atMs: number } | null;
}

/** A fee. */
export interface SimFee {
  readonly asset: string;
  /** Negative for a rebate. */
  readonly amount: string;
}

/** A fill as the server works with it. */
export interface SimFill {
  /** Name of the account. */
  readonly account: string;
  readonly atMs: number;
  readonly market: SimMarket;
  readonly kind: FillKind;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly amount: string;
  readonly fees: readonly SimFee[];
  readonly id: string;
  readonly orderId: string;
  readonly visibleAtMs: number;
  readonly cause: FillCause;
  readonly position: 'long' | 'short' | null;
  readonly owner: string | null;
  /** Orders fills of equal times: in the order of their lists. */
  readonly ordinal: number;
}

/** A movement as the server works with it. */
export interface SimMovement {
  readonly atMs: number;
  readonly asset: string;
  readonly amount: string;
  readonly cause: MovementCause;
  readonly wallet: FillKind;
}

/** A fault as the server works with it. */
export interface Fault {
  readonly kind: FaultKind;
  readonly atRequest: number;
  /** -Infinity: at any time. */
  readonly atMs: number;
  readonly path: string;
  readonly apiKey: string | null;
  readonly times: number;
  readonly retryAfter: number | null;
  readonly banUntilMs: number | null;
  readonly delayMs: number;
  readonly status: number;
  readonly body: string;
}

/** A key as the server works with it. */
export interface SimKey {
  readonly apiKey: string;
  readonly secret: string;
  readonly account: string;
  readonly canRead: boolean;
  readonly canWithdraw: boolean;
  readonly canTrade: boolean;
  readonly isIpBound: boolean;
  /** Infinity: never. */
  readonly expiresAtMs: number;
  /** Infinity: never. */
  readonly revokedAtMs: number;
}

/** A fill that has no market object, ids and ordinal yet. */
export type UnplacedFill = Omit<
  SimFill,
  'account' | 'market' | 'kind' | 'fees' | 'id' | 'orderId' | 'ordinal'
> & {
  readonly market: string;
  readonly kind: FillKind | null;
  readonly fees: readonly { readonly asset: string | null; readonly amount: string }[];
  readonly id: string | null;
  readonly orderId: string | null;
};

/** An account as the server works with it. */
export interface SimAccount {
  readonly name: string;
  readonly userId: string;
  readonly balances: ReadonlyMap<string, string>;
  readonly positions: ReadonlyMap<string, string>;
  readonly fills: readonly UnplacedFill[];
  readonly movements: readonly SimMovement[];
}

/** A scenario as the server works with it. */
export interface Scenario {
  readonly exchange: ExchangeName | null;
  readonly clockOffsetMs: number;
  /** Infinity: the exchange's own. */
  readonly pageSizeMax: number;
  readonly latencyMs: number;
  /** Null: the exchange's own. */
  readonly weightPerMinute: number | null;
  readonly tier: KrakenTier;
  /** Null: those of the exchange's rules. */
  readonly markets: readonly SimMarket[] | null;
  readonly accounts: readonly SimAccount[];
  readonly keys: readonly SimKey[];
  /** Open, or null for none, by pair, then by start of the hour in ms, or `*`. */
  readonly candles: ReadonlyMap<string, ReadonlyMap<number | '*', string | null>>;
  readonly faults: readonly Fault[];
  readonly clockSteps: readonly ClockStepInput[];
}
