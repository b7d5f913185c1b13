// What a simulated exchange knows: its markets, and the accounts with their fills in the order of time. It answers what is
// visible at a time. What follows from fills (balances, positions, ledgers) is computed in `account-books.ts`.

import { CodedError } from '../../lib/errors.ts';
import { wrongMember } from './members.ts';
import type {
  FillKind,
  Scenario,
  SimAccount,
  SimFee,
  SimFill,
  SimKey,
  SimMarket,
  SimMarketKind,
  SimMovement,
  UnplacedFill,
} from './scenario.ts';

/** Fills of all accounts together. */
const FILLS_MAX = 2_000_000;
/** Keys of all accounts together. */
const KEYS_MAX = 100_000;

/** How an exchange writes ids; the number is that of the fill, from 1, ascending in the order of their coming. */
export interface IdForms {
  fillId(ordinal: number): string;
  orderId(ordinal: number): string;
  /**
   * The asset of a fee whose asset a scenario leaves out; absent: the base of a spot buy, the quote of a spot sell, the
   * settle asset of a contract.
   */
  readonly feeAsset?: (market: SimMarket, side: 'buy' | 'sell') => string;
}

/** An account with what happened to it so far. */
export interface AccountState {
  readonly name: string;
  readonly userId: string;
  /** What spot held before the first fill. */
  readonly balances: ReadonlyMap<string, string>;
  /** Positions before the first fill, by id of the market. */
  readonly positions: ReadonlyMap<string, string>;
  /** All, future and hidden ones too, in the order of time. */
  readonly fills: readonly SimFill[];
  readonly movements: readonly SimMovement[];
}

/** Which fills are asked for. */
export interface FillQuery {
  /** Now by the exchange's clock: fills after it, and hidden ones, are left out. */
  readonly nowMs: number;
  readonly kinds?: readonly FillKind[];
  readonly market?: SimMarket;
  /** From this time (included). */
  readonly fromMs?: number;
  /** To this time (included). */
  readonly toMs?: number;
}

const BEFORE: Readonly<Record<FillKind, SimMarketKind>> = {
  spot: 'spot',
  cross: 'spot',
  isolated: 'spot',
  linear: 'linear',
  inverse: 'inverse',
};

/** The kind of market in which fills of a kind are made. */
function marketKindOf(kind: FillKind): SimMarketKind {
  return BEFORE[kind];
}

/** The state of an exchange. Fills and keys change from outside; time passes as the caller says. */
export class ExchangeState {
  readonly markets: readonly SimMarket[];
  readonly #ids: IdForms;
  readonly #accounts = new Map<string, { readonly account: SimAccount; readonly fills: SimFill[] }>();
  readonly #keys = new Map<string, SimKey>();
  #ordinal = 0;

  /** Errors: `settings_invalid` if a fill names a market that is not there. */
  constructor(scenario: Scenario, standardMarkets: readonly SimMarket[], ids: IdForms) {
    this.markets = scenario.markets ?? standardMarkets;
    this.#ids = ids;
    for (const account of scenario.accounts) this.#accounts.set(account.name, { account, fills: [] });
    for (const key of scenario.keys) this.setKey(key);
    const fills = scenario.accounts.flatMap(({ name, fills: own }, row) =>
      own.map((fill, index) => ({ name, fill, path: `accounts[${row}].fills[${index}]` })),
    );
    // Ids ascend with time, as they do where fills happen one after the other.
    for (const { name, fill, path } of fills.toSorted((a, b) => a.fill.atMs - b.fill.atMs)) {
      this.addFill(name, fill, path);
    }
  }

  /** The account, or undefined. */
  account(name: string): AccountState | undefined {
    const held = this.#accounts.get(name);
    if (held === undefined) return undefined;
    const { userId, balances, positions, movements } = held.account;
    return { name, userId, balances, positions, movements, fills: held.fills };
  }

  /** Names of all accounts. */
  get accountNames(): readonly string[] {
    return [...this.#accounts.keys()];
  }

  /** The key with its account, or undefined. Whether it is revoked or expired is for the caller to judge. */
  key(apiKey: string): SimKey | undefined {
    return this.#keys.get(apiKey);
  }

  /** Adds a key, or replaces the one with the same `apiKey`. Errors: `too_many` beyond {@link KEYS_MAX}. */
  setKey(key: SimKey): void {
    if (!this.#keys.has(key.apiKey) && this.#keys.size >= KEYS_MAX) throw tooMany('keys', KEYS_MAX);
    this.#keys.set(key.apiKey, key);
  }

  /** The market of this id and kind as the exchange lists it at a time, or undefined. A renamed one has its name of then. */
  market(id: string, kind: SimMarketKind, nowMs: number): SimMarket | undefined {
    return this.markets.find(
      (market) => market.kind === kind && isListed(market, nowMs) && listedId(market, nowMs) === id,
    );
  }

  /** Markets of a kind that the exchange lists at a time. */
  listed(kind: SimMarketKind, nowMs: number): readonly SimMarket[] {
    return this.markets.filter((market) => market.kind === kind && isListed(market, nowMs));
  }

  /**
   * Adds a fill. Errors: `settings_invalid` if its account or market is not there, and `path` names it then; `too_many`
   * beyond {@link FILLS_MAX}.
   */
  addFill(accountName: string, fill: UnplacedFill, path: string): SimFill {
    const held = this.#accounts.get(accountName);
    if (held === undefined) throw wrongMember(path, 'no account has this name');
    const market = this.#marketOf(fill, path);
    if (this.#ordinal >= FILLS_MAX) throw tooMany('fills', FILLS_MAX);
    this.#ordinal += 1;
    const ordinal = this.#ordinal;
    const feeAsset = this.#ids.feeAsset?.(market, fill.side) ?? standardFeeAsset(market, fill);
    const placed: SimFill = {
      ...fill,
      account: accountName,
      market,
      kind: fill.kind ?? market.kind,
      fees: fill.fees.map((fee) => ({
        amount: fee.amount,
        asset: fee.asset ?? feeAsset,
      })),
      id: fill.id ?? this.#ids.fillId(ordinal),
      orderId: fill.orderId ?? this.#ids.orderId(ordinal),
      ordinal,
    };
    const { fills } = held;
    // Most fills come in the order of time.
    let place = fills.length;
    while (place > 0 && (fills[place - 1]?.atMs ?? 0) > placed.atMs) place -= 1;
    fills.splice(place, 0, placed);
    return placed;
  }

  /** Fills that lists show, in the order of time; those of equal times in the order of their ids' making. */
  fills(account: AccountState, query: FillQuery): readonly SimFill[] {
    const { nowMs, kinds, market, fromMs = -Infinity, toMs = Infinity } = query;
    return account.fills.filter(
      (fill) =>
        fill.atMs <= nowMs &&
        fill.visibleAtMs <= nowMs &&
        fill.atMs >= fromMs &&
        fill.atMs <= toMs &&
        (kinds === undefined || kinds.includes(fill.kind)) &&
        (market === undefined || fill.market === market),
    );
  }

  #marketOf({ market: id, kind }: UnplacedFill, path: string): SimMarket {
    const wanted = kind === null ? null : marketKindOf(kind);
    const found = this.markets
      .filter((market) => market.id === id && (wanted === null || market.kind === wanted))
      .toSorted((a, b) => Number(b.kind === 'spot') - Number(a.kind === 'spot'))[0];
    if (found === undefined) throw wrongMember(`${path}.market`, 'there is no market of this id and kind');
    return found;
  }
}

/** The name under which a market is listed at a time. */
export function listedId({ id, renamedFrom }: SimMarket, nowMs: number): string {
  return renamedFrom !== null && nowMs < renamedFrom.atMs ? renamedFrom.id : id;
}

/** The asset that a market trades, by its name at a time. */
export function listedBase({ base, renamedFrom }: SimMarket, nowMs: number): string {
  return renamedFrom !== null && nowMs < renamedFrom.atMs ? renamedFrom.base : base;
}

function isListed({ listedAtMs, delistedAtMs }: SimMarket, nowMs: number): boolean {
  return nowMs >= listedAtMs && nowMs < delistedAtMs;
}

function standardFeeAsset(market: SimMarket, { side }: UnplacedFill): SimFee['asset'] {
  if (market.kind !== 'spot') return market.settle;
  return side === 'buy' ? market.base : market.quote;
}

function tooMany(what: string, most: number): CodedError {
  return new CodedError('too_many', `A simulated exchange has at most ${most} ${what}.`);
}
