// The plan as the local exchange servers read it.

import type { FillInput, MarketInput, ScenarioInput } from '../../../src/trades/simulator/scenario.ts';
import { type ExchangeOfPlan, HOUR_MS, marketsOf, type Plan, type PlannedFill, priceKey } from './plan.ts';

const BALANCES = { USDT: '1000000', BTC: '100', ETH: '1000', BNB: '1000' };
const PRICED = ['BTC', 'ETH', 'BNB'] as const;

export function scenarioOf(plan: Plan, exchange: ExchangeOfPlan): ScenarioInput {
  const accounts = plan.accounts.filter((account) => account.exchange === exchange);
  return {
    exchange,
    markets: marketsOf(exchange).map(
      ({ id, base, quote, kind }): MarketInput => ({
        id,
        base,
        quote,
        kind,
        ...(kind === 'linear' ? { settle: quote, contractSize: '1' } : {}),
      }),
    ),
    accounts: accounts.map(({ name, userId, fills }) => ({
      name,
      userId,
      balances: BALANCES,
      fills: fills.map(fillInput),
    })),
    keys: accounts.map(({ apiKey, secret, name }) => ({ apiKey, secret, account: name })),
    candles: candlesOf(plan),
  };
}

function fillInput(fill: PlannedFill): FillInput {
  const { atMs, visibleAtMs, market, side, price, amount, fee, feeAsset, id } = fill;
  return {
    id,
    at: atMs,
    visibleAt: visibleAtMs,
    market: market.id,
    kind: market.kind,
    side,
    price,
    amount,
    fee,
    feeAsset,
  };
}

function candlesOf(plan: Plan): Record<string, Record<string, string | 404>> {
  const candles: Record<string, Record<string, string | 404>> = {};
  for (const asset of PRICED) {
    const hours: Record<string, string | 404> = {};
    for (let hourMs = plan.fromMs - (plan.fromMs % HOUR_MS); hourMs <= plan.toMs; hourMs += HOUR_MS)
      hours[new Date(hourMs).toISOString()] = plan.prices.get(priceKey(asset, hourMs)) ?? 404;
    candles[`${asset}/USDT`] = hours;
  }
  return candles;
}
