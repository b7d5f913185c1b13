// The calls of an exchange for one account, over an instance that was lent for it. It decides nothing about fills: which
// ones to ask for, and in what order, is the matter of their readers.

import { isObject } from '../../../lib/is-object.ts';
import type { ExchangeCalls, MarketTable, ReadFillFields, TableMarket } from '../../domain/exchange-calls.ts';
import { ExchangeError } from '../../domain/exchange-calls.ts';
import type { CcxtFee, CcxtTrade } from './ccxt-exchange.ts';
import type { Instance } from './instance.ts';

/** What {@link AccountCalls} need besides an instance. */
export interface AccountCallsParts {
  readonly exchange: string;
  readonly isSandbox: boolean;
  readonly features: ExchangeCalls['features'];
  readonly nowMs: () => number;
  /** The table, shared with the instance. `isRenewed`: a new one, if it is time for one. */
  readonly markets: (instance: Instance, isRenewed: boolean) => Promise<MarketTable>;
}

/** The calls of one loan. After its end they reject. */
export class AccountCalls implements ExchangeCalls {
  readonly #instance: Instance;
  readonly #parts: AccountCallsParts;

  constructor(instance: Instance, parts: AccountCallsParts) {
    this.#instance = instance;
    this.#parts = parts;
  }

  get exchange(): string {
    return this.#parts.exchange;
  }

  get isSandbox(): boolean {
    return this.#parts.isSandbox;
  }

  get features(): ExchangeCalls['features'] {
    return this.#parts.features;
  }

  nowMs(): number {
    return this.#parts.nowMs();
  }

  markets(): Promise<MarketTable> {
    return this.#parts.markets(this.#instance, false);
  }

  refreshMarkets(): Promise<MarketTable> {
    return this.#parts.markets(this.#instance, true);
  }

  call(method: string, parameters: Readonly<Record<string, string | number | boolean>>): Promise<unknown> {
    return this.#instance.run((exchange) => {
      const called: unknown = Object.hasOwn(exchange, method) ? Reflect.get(exchange, method) : null;
      if (typeof called !== 'function') throw new ExchangeError('unsupported');
      return Reflect.apply(called, exchange, [{ ...parameters }]) as Promise<unknown>;
    });
  }

  readFill(raw: unknown, market: TableMarket | null): ReadFillFields | null {
    return this.#instance.read((exchange) => {
      const known = market === null ? undefined : exchange.markets?.[market.symbol];
      return fillOf(exchange.parseTrade(raw, known));
    });
  }

  fetchMyTrades(
    symbol: string | null,
    sinceMs: number | null,
    limit: number | null,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<readonly ReadFillFields[]> {
    return this.#instance.run(async (exchange) => {
      const trades = await exchange.fetchMyTrades(
        symbol ?? undefined,
        sinceMs ?? undefined,
        limit ?? undefined,
        { ...parameters },
      );
      return trades.flatMap((trade) => fillOf(trade) ?? []);
    });
  }

  fetchBalance(parameters: Readonly<Record<string, unknown>>): Promise<ReadonlyMap<string, string>> {
    return this.#instance.run(async (exchange) => balances(await exchange.fetchBalance({ ...parameters })));
  }
}

function fillOf(trade: CcxtTrade): ReadFillFields | null {
  const { symbol, side, timestamp, price, amount } = trade;
  if (typeof symbol !== 'string' || (side !== 'buy' && side !== 'sell')) return null;
  if (typeof timestamp !== 'number' || typeof price !== 'string' || typeof amount !== 'string') return null;
  return {
    id: trade.id ?? null,
    orderId: trade.order ?? null,
    symbol,
    side,
    timestampMs: timestamp,
    price,
    amount,
    fees: feesOf(trade),
  };
}

function feesOf({ fees, fee }: CcxtTrade): ReadFillFields['fees'] {
  const listed: readonly (CcxtFee | null | undefined)[] =
    fees !== undefined && fees !== null && fees.length > 0 ? fees : [fee];
  return listed.flatMap((each) =>
    typeof each?.cost === 'string' ? { asset: each.currency ?? null, amount: each.cost } : [],
  );
}

function balances(balance: unknown): ReadonlyMap<string, string> {
  const total = isObject(balance) ? balance['total'] : null;
  const found = new Map<string, string>();
  if (!isObject(total)) return found;
  for (const [asset, amount] of Object.entries(total))
    if ((typeof amount === 'string' || typeof amount === 'number') && Number(amount) !== 0)
      found.set(asset, String(amount));
  return found;
}
