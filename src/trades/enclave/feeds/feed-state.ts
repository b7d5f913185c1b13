// What a reader of fills remembers between two reads: plain data, which goes into the sealed checkpoint. It reads nothing.

import type { ExchangeErrorKind } from '../../domain/exchange-calls.ts';

/** Most markets that one account's state may name. Further ones are reported as unpolled. */
export const MARKETS_MAX = 2_000;

/** What every reader remembers. */
export interface CommonState {
  /** Collection begins here, in ms since 1970; earlier fills are left out. */
  readonly startMs: number;
  /**
   * The exchange's own name of the market that first had a unified symbol. Another market with that symbol is another
   * coin, whose trades must not meet the lots of the first.
   */
  readonly claims: Readonly<Record<string, string>>;
  /**
   * Fills of a symbol from before this time came under an earlier name of the market, and are left out; in ms since 1970.
   * Only of markets that were renamed.
   */
  readonly bornMs: Readonly<Record<string, number>>;
  /**
   * Markets of fills that the exchange lists no longer, by unified symbol: up to when the name was in use at least, in ms
   * since 1970. What the exchange lists under such a name later is another coin.
   */
  readonly goneMs: Readonly<Record<string, number>>;
  /** The end of the latest read; the start before the first. In ms since 1970. */
  readonly doneToMs: number;
  /** The exchange's id of the account, as the first fill that names one has it. */
  readonly userId: string | null;
}

/** Fills of the last minutes that came: they are read again, because others of that time can show late. */
export interface Overlap {
  /** Below it nothing shows late any more. */
  readonly fromId: string;
  /** Ids and times of the fills that came, in the order of ids. Times are in ms since 1970. */
  readonly seen: readonly (readonly [id: string, atMs: number])[];
}

/** A market that is asked by name. */
export interface KnownMarket {
  /** The id from which the exchange is asked next; null until an id is known, or where ids do not tell. */
  readonly nextId: string | null;
  /** Null where there are no such fills, or where ids do not tell. */
  readonly overlap: Overlap | null;
  /** Every fill before this time was read, but for `moreFromMs`; in ms since 1970. */
  readonly readToMs: number;
  /** Time of the earliest fill that was seen and is still to be read; null if there was none. */
  readonly moreFromMs: number | null;
  /** Time of the newest fill that was read; null before the first. */
  readonly lastFillMs: number | null;
  /** Why the last request failed; it is repeated at every read until it succeeds. Null otherwise. */
  readonly failure: ExchangeErrorKind | null;
}

/** A search through all markets of an asset that moved without a fill that explains it. */
export interface Search {
  /** The symbol up to which markets were asked, in the order of the search; empty at its beginning. */
  readonly after: string;
  /** Fills from this time on are looked for, in ms since 1970. */
  readonly fromMs: number;
  /** True if the asset moved again meanwhile, so that one more round is due. */
  readonly isRepeated: boolean;
  /** What is unexplained, as text; null if the search does not end by an explanation. */
  readonly amount: string | null;
  /**
   * When the last round begins, which looks for fills that showed late, in ms since 1970. Null while an earlier round is
   * on.
   */
  readonly lastRoundMs: number | null;
}

/** Balances, or positions, as they should be after all fills that were read. */
export interface Ledger {
  /** When the exchange was last asked, in ms since 1970. */
  readonly askedMs: number;
  /** The effects of fills from before this time are in the amounts, in ms since 1970. */
  readonly settledMs: number;
  /** Amounts by asset, or by position; those that are zero are absent. */
  readonly amounts: Readonly<Record<string, string>>;
}

/** Markets that have to be asked by name, and the balances that tell which. */
export interface Wallet {
  /** By the symbol of the market table. */
  readonly markets: Readonly<Record<string, KnownMarket>>;
  /** Null before the first read. */
  readonly ledger: Ledger | null;
  /** By asset. */
  readonly searches: Readonly<Record<string, Search>>;
  /** When the markets of what was held at the first read are asked once more; null if that is done, or not due yet. */
  readonly recheckMs: number | null;
  /** True if a position moved that no fill explained at the last read. */
  readonly isSuspect: boolean;
  /** Money of a futures account by asset, as it was last seen; empty elsewhere. */
  readonly money: Readonly<Record<string, string>>;
  /** When money or positions were last seen to move, in ms since 1970; null before. */
  readonly stirredMs: number | null;
  /** Up to when the list that names markets was read, in ms since 1970; null where there is none. */
  readonly listedToMs: number | null;
}

/** State of a reader whose exchange lists the fills of all markets at once. */
export interface ListState extends CommonState {
  readonly v: 1;
  readonly kind: 'list';
}

/** State of a reader whose exchange has to be asked market by market. */
export interface WalletsState extends CommonState {
  readonly v: 1;
  readonly kind: 'wallets';
  /** Unified symbols that the user named. */
  readonly named: readonly string[];
  /** By identity, for example `spot`, `cross` or `linear`. */
  readonly wallets: Readonly<Record<string, Wallet>>;
}

/** What any reader remembers. It survives JSON. */
export type FeedState = ListState | WalletsState;

/** A wallet of which nothing is known. */
export const NEW_WALLET: Wallet = {
  markets: {},
  ledger: null,
  searches: {},
  recheckMs: null,
  isSuspect: false,
  money: {},
  stirredMs: null,
  listedToMs: null,
};

/** The state before the first read of a list. */
export function initialList(startMs: number): ListState {
  return {
    v: 1,
    kind: 'list',
    startMs,
    claims: {},
    bornMs: {},
    goneMs: {},
    doneToMs: startMs,
    userId: null,
  };
}

/** The state before the first read of wallets. */
export function initialWallets(startMs: number, named: readonly string[]): WalletsState {
  return {
    v: 1,
    kind: 'wallets',
    startMs,
    claims: {},
    bornMs: {},
    goneMs: {},
    doneToMs: startMs,
    userId: null,
    named,
    wallets: {},
  };
}

/** The state if it is of this kind; otherwise the reader begins again where the collection began. */
export function asList(state: FeedState): ListState {
  return state.kind === 'list' ? state : initialList(state.startMs);
}

/** As {@link asList}, for wallets. */
export function asWallets(state: FeedState): WalletsState {
  return state.kind === 'wallets' ? state : initialWallets(state.startMs, []);
}
