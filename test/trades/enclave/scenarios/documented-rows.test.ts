// Failure stories of exchanges that have no simulated server: rows as their documentation shows them, read by the modules
// of ccxt as an account's fills are, and sealed.
//
// Sources of the rows, which ccxt 4.5.84 repeats in its comments:
// https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-transaction-details-last-3-months
// https://www.bitget.com/api-doc/spot/trade/Get-Fills
// https://www.gate.com/docs/developers/apiv4/en/#query-personal-trading-records

import { expect, it } from 'vitest';
import type { AccountType } from '../../../../src/trades/domain/registration.ts';
import type { SummaryPayload } from '../../../../src/trades/domain/summary.ts';
import { AccountBook } from '../../../../src/trades/enclave/accounts/account-book.ts';
import { FillBatch } from '../../../../src/trades/enclave/accounts/fill-batch.ts';
import { feedFor } from '../../../../src/trades/enclave/feeds/feed-for.ts';
import { GRACE_MS, OPTIONS, WHO } from '../accounts/book-bench.ts';
import { type Answerer, tinyExchange } from '../exchanges/tiny-exchanges.ts';
import { A, venuesOf } from '../exchanges/venues-under-test.ts';

const HOUR = 3_600_000;

/** Polls the hour of a time at an exchange with these answers. Returns its summary. */
async function summaryOf(
  exchange: string,
  accountType: AccountType,
  atMs: number,
  answers: Readonly<Record<string, Answerer>>,
): Promise<SummaryPayload> {
  const server = await tinyExchange(answers);
  const venue = venuesOf({ [exchange]: server }).venue(exchange, false);
  const feed = feedFor(exchange, accountType);
  const fromMs = atMs - (atMs % HOUR);
  const book = AccountBook.from(fromMs, feed.initial(fromMs, []), OPTIONS);
  const span = { fromMs, toMs: fromMs + HOUR + GRACE_MS, isThorough: true };
  const batch = new FillBatch();
  const { state, report } = await venue.use({ ...A, password: 'planted-password' }, accountType, (calls) =>
    feed.read(calls, book.feed as ReturnType<typeof feed.initial>, span, batch),
  );
  expect(report).toMatchObject({ unpolled: [], isIncomplete: false });
  book.read(span, batch, state, report);
  const due = book.due();
  if (due === null) throw new Error('nothing is due');
  return JSON.parse(book.seal(due, { ...WHO, exchange }).canonicalText) as SummaryPayload;
}

const ok = (data: readonly unknown[]): ReturnType<Answerer> => ({ body: { code: '0', msg: '', data } });
const query = (path: string, name: string) => new URLSearchParams(path.split('?')[1]).get(name);

function okx(instruments: readonly { readonly instType: string }[], fill: { readonly ts: string }) {
  return {
    '/api/v5/public/time': () => ok([{ ts: String(Number(fill.ts) + 2 * HOUR) }]),
    '/api/v5/public/instruments': ({ path }) =>
      ok(instruments.filter(({ instType }) => instType === query(path, 'instType'))),
    '/api/v5/trade/fills-history': ({ path }) => ok(query(path, 'after') === null ? [fill] : []),
  } satisfies Record<string, Answerer>;
}

const DOGE_SWAP = {
  instType: 'SWAP',
  instId: 'DOGE-USDT-SWAP',
  uly: 'DOGE-USDT',
  instFamily: 'DOGE-USDT',
  baseCcy: '',
  quoteCcy: '',
  settleCcy: 'USDT',
  ctVal: '100',
  ctMult: '1',
  ctValCcy: 'DOGE',
  ctType: 'linear',
  lotSz: '1',
  minSz: '1',
  tickSz: '0.00001',
  listTime: '1611916828000',
  expTime: '',
  lever: '50',
  state: 'live',
};
const ETH_SPOT = {
  instType: 'SPOT',
  instId: 'ETH-USDT',
  baseCcy: 'ETH',
  quoteCcy: 'USDT',
  lotSz: '0.000001',
  minSz: '0.0001',
  tickSz: '0.01',
  listTime: '1611907686000',
  state: 'live',
};

// ccxt#21938, #13544, #24590: an amount of 12 is contracts of 100.
it('okx - twelve contracts of 100 are 1,200 of the coin', async () => {
  const fill = {
    side: 'buy',
    fillSz: '12',
    fillPx: '0.03881',
    fee: '-0.0023',
    ordId: '317321390244397056',
    instType: 'SWAP',
    instId: 'DOGE-USDT-SWAP',
    posSide: 'net',
    billId: '317321390265368576',
    execType: 'M',
    tradeId: '107601752',
    feeCcy: 'USDT',
    ts: '1621927314985',
  };
  const { totals } = await summaryOf('okx', 'futures', Number(fill.ts), okx([DOGE_SWAP], fill));
  expect(totals).toMatchObject({ trades: 1, volume_base: 1200, volume_quote: 46.572, fees_usd: 0.0023 });
});

// hummingbot#7891: costs came as negative numbers, and fees became profit. OKX gives what it pays as a positive one.
it.each([
  ['0.0023', -0.0023],
  ['-0.36', 0.36],
])('okx - a fee of %s on the page counts as %s', async (fee, fees_usd) => {
  const fill = {
    side: 'sell',
    fillSz: '0.007533',
    fillPx: '2654.98',
    fee,
    ordId: '317321390244397056',
    instType: 'SPOT',
    instId: 'ETH-USDT',
    clOrdId: '',
    posSide: 'net',
    billId: '317321390265368576',
    tag: '0',
    execType: 'T',
    tradeId: '107601752',
    feeCcy: 'USDT',
    ts: '1621927314985',
  };
  const { totals } = await summaryOf('okx', 'spot', Number(fill.ts), okx([ETH_SPOT], fill));
  expect(totals).toMatchObject({ trades: 1, fees_usd });
});

it('bitget - a total fee of -0.36 is a fee, and no profit', async () => {
  const fill = {
    userId: '7264631750',
    symbol: 'BTCUSDT',
    orderId: '1098394344925597696',
    tradeId: '1098394344974925824',
    orderType: 'market',
    side: 'sell',
    priceAvg: '28467.68',
    size: '0.0002',
    amount: '5.693536',
    feeDetail: { deduction: 'no', feeCoin: 'USDT', totalDeductionFee: '', totalFee: '-0.36' },
    tradeScope: 'taker',
    cTime: '1697603539699',
    uTime: '1697603539754',
  };
  const symbol = {
    symbol: 'BTCUSDT',
    baseCoin: 'BTC',
    quoteCoin: 'USDT',
    minTradeAmount: '0',
    pricePrecision: '2',
    quantityPrecision: '6',
    quotePrecision: '6',
    status: 'online',
  };
  const { totals } = await summaryOf('bitget', 'spot', Number(fill.cTime), {
    '/api/v2/public/time': () => ({
      body: { code: '00000', data: { serverTime: String(Number(fill.cTime) + 2 * HOUR) } },
    }),
    '/api/v2/spot/public/symbols': () => ({ body: { code: '00000', data: [symbol] } }),
    '/api/v2/margin/currencies': () => ({ body: { code: '00000', data: [] } }),
    '/api/v2/mix/market/contracts': () => ({ body: { code: '00000', data: [] } }),
    '/api/v2/spot/account/assets': () => ({
      body: { code: '00000', data: [{ coin: 'USDT', available: '5.3', frozen: '0', locked: '0' }] },
    }),
    '/api/v2/spot/trade/fills': () => ({ body: { code: '00000', data: [fill] } }),
  });
  expect(totals).toMatchObject({ trades: 1, volume_quote: 5.693536, fees_usd: 0.36 });
});

// ccxt#13825: the points of Gate were left out, and `fee` is empty when there are two.
it('gate - of a fee in dollars and one in points both count, the points apart', async () => {
  const fill = {
    id: '2876130500',
    create_time: '1645464610',
    create_time_ms: '1645464610777.399200',
    currency_pair: 'DOGE_USDT',
    side: 'sell',
    role: 'taker',
    amount: '10.97',
    price: '0.137384',
    order_id: '125924049993',
    fee: '0.03',
    fee_currency: 'USDT',
    point_fee: '0.01',
    gt_fee: '0',
  };
  const pair = {
    id: 'DOGE_USDT',
    base: 'DOGE',
    quote: 'USDT',
    fee: '0.2',
    min_quote_amount: '1',
    amount_precision: 2,
    precision: 6,
    trade_status: 'tradable',
    sell_start: 0,
    buy_start: 0,
  };
  const none: Answerer = () => ({ body: [] });
  const { totals, metadata } = await summaryOf('gate', 'spot', 1_645_464_610_777, {
    '/api/v4/spot/time': () => ({ body: { server_time: 1_645_464_610_777 + 2 * HOUR } }),
    '/api/v4/spot/currency_pairs': () => ({ body: [pair] }),
    '/api/v4/margin/currency_pairs': none,
    '/api/v4/futures/usdt/contracts': none,
    '/api/v4/futures/btc/contracts': none,
    '/api/v4/delivery/usdt/contracts': none,
    '/api/v4/unified/unified_mode': () => ({ body: { mode: 'classic' } }),
    '/api/v4/account/detail': () => ({ body: { key: { mode: 1 } } }),
    '/api/v4/spot/my_trades': () => ({ body: [fill] }),
  });
  expect(totals).toMatchObject({ trades: 1, fees_usd: 0.03 });
  expect(metadata?.unconverted).toEqual({ GATEPOINT: { volume: 0, fees: 0.01, profit: 0 } });
});
