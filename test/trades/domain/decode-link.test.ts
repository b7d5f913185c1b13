import { describe, expect, it } from 'vitest';
import { decodeEnclaveMessage, linkVersionIn } from '../../../src/trades/domain/decode-enclave-message.ts';
import { decodeServiceMessage } from '../../../src/trades/domain/decode-service-message.ts';
import type { EnclaveMessage, ServiceMessage } from '../../../src/trades/domain/enclave-link.ts';
import {
  accountId,
  accountRow,
  checkpoint,
  identity,
  newEnclaveKey,
  NO_ACCOUNTS,
  polledSummary,
} from '../enclave/link/enclave-messages.ts';

const KEY = newEnclaveKey();
const A = accountId('a');
const METRICS = {
  symbol: 'BTC/USDT',
  volume: 1,
  trades: 2,
  returnPct: 3,
  returnUsd: 4,
  totalFees: 5,
  realizedPnL: 6,
  totalTrades: 7,
  periodStart: 'then',
  periodEnd: 'now',
};
const SUMMARY = { totalVolume: 1, totalTrades: 2, totalReturnPct: 3, totalReturnUsd: 4, totalFees: 5 };

const OF_ENCLAVE: readonly EnclaveMessage[] = [
  { type: 'hello', identity: identity(KEY, { exchangeUrls: ['binance=http://127.0.0.1:1'] }) },
  { type: 'status', status: { ...NO_ACCOUNTS, accounts: [accountRow(A)] } },
  { type: 'store', number: 1, summary: polledSummary(KEY, A, 1), checkpoint: checkpoint(A, 1, 1) },
  { type: 'restore', number: 2, accountId: A },
  { type: 'restoreAll', number: 3, after: A },
  {
    type: 'answer',
    number: 4,
    answer: { type: 'refused', status: 409, code: 'known', reason: 'It is there.' },
  },
  { type: 'answer', number: 5, answer: { type: 'metrics', metrics: [METRICS] } },
  { type: 'answer', number: 6, answer: { type: 'summary', summary: SUMMARY } },
  { type: 'busy', processId: 7 },
];

const OF_SERVICE: readonly ServiceMessage[] = [
  { type: 'welcome', linkVersion: 1, processId: 1 },
  { type: 'stored', number: 1 },
  { type: 'refused', number: 2 },
  { type: 'checkpoints', number: 3, checkpoints: [checkpoint(A, 1, 1)] },
  {
    type: 'ask',
    number: 4,
    question: {
      type: 'register',
      registration: {
        userId: 'u',
        exchange: 'binance',
        apiKey: 'key-123456',
        secret: 'secret-123456',
        isSandbox: false,
        accountType: 'spot',
        apiIntervalMs: 60_000,
        retriesMax: 3,
      },
    },
  },
  { type: 'ask', number: 5, question: { type: 'remove', userId: 'u' } },
];

/** Every place of a value, as a list of member names. */
function placesIn(value: unknown, before: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [
    [...before, name],
    ...placesIn(member, [...before, name]),
  ]);
}

/** The message with another value in one place; without the place for undefined. */
function changed(message: object, place: readonly string[], to: unknown): unknown {
  const copy = structuredClone(message) as Record<string, unknown>;
  let owner = copy;
  for (const name of place.slice(0, -1)) owner = owner[name] as Record<string, unknown>;
  const last = place.at(-1) ?? '';
  if (to === undefined) delete owner[last];
  else owner[last] = to;
  return copy;
}

describe.each<[string, readonly { readonly type: string }[], (value: unknown) => unknown]>([
  ['of the enclave', OF_ENCLAVE, decodeEnclaveMessage],
  ['of the service', OF_SERVICE, decodeServiceMessage],
])('messages %s', (_name, messages, decode) => {
  it.each(messages.map((message) => [message.type, message] as const))(
    'decode link - %s is read as it is, and is no message with a member less or of another kind',
    (_type, message) => {
      const sent: unknown = JSON.parse(JSON.stringify(message));
      expect(decode(sent)).toEqual(message);
      for (const place of placesIn(message)) {
        // A shorter list is a list.
        const isItem = /^\d+$/.test(place.at(-1) ?? '');
        if (!isItem) expect(decode(changed(message, place, undefined)), place.join('.')).toBeNull();
        expect(decode(changed(message, place, { an: 'object' })), place.join('.')).toBeNull();
      }
    },
  );

  it.each([null, 1, 'hello', [], {}, { type: 'constructor' }, { type: 7 }])(
    'decode link - %j is none',
    (value) => {
      expect(decode(value)).toBeNull();
    },
  );
});

describe('messages of the enclave', () => {
  const [hello, , store] = OF_ENCLAVE;

  it.each<[string, unknown]>([
    ['a key under another name', changed(hello ?? {}, ['identity', 'signingKey', 'kid'], 'x'.repeat(43))],
    ['nothing to store', { type: 'store', number: 1, summary: null, checkpoint: null }],
    ['a checkpoint of another account', changed(store ?? {}, ['checkpoint', 'accountId'], 'other')],
    ['a checkpoint that is no base64', changed(store ?? {}, ['checkpoint', 'sealed'], 'a*==')],
    ['a negative seq', changed(store ?? {}, ['summary', 'seq'], -1)],
    ['a summary of a client', changed(store ?? {}, ['summary', 'provenance'], 'client_reported')],
  ])('decode link - %s is none', (_name, value) => {
    expect(decodeEnclaveMessage(value)).toBeNull();
  });

  it('decode link - tells the version of an enclave whose messages it cannot read', () => {
    expect(linkVersionIn({ type: 'hello', identity: { linkVersion: 9, other: true } })).toBe(9);
    for (const value of [null, {}, { type: 'hello' }, { type: 'hello', identity: {} }, { type: 'status' }])
      expect(linkVersionIn(value)).toBeNull();
  });
});

describe('messages of the service', () => {
  const ask = OF_SERVICE.find((message) => message.type === 'ask' && message.question.type === 'register');

  it.each<[string, unknown]>([
    ['apiIntervalMs', 999],
    ['apiIntervalMs', 3_600_001],
    ['retriesMax', 11],
    ['exchange', '../binance'],
    ['exchange', 'x'.repeat(33)],
    ['userId', 'two words'],
    ['userId', 'x'.repeat(65)],
    ['secret', 'too short'],
    ['apiKey', 'x'.repeat(8_001)],
  ])('decode link - a registration that no door takes is none: %s %j', (member, value) => {
    expect(decodeServiceMessage(ask)).not.toBeNull();
    expect(decodeServiceMessage(changed(ask ?? {}, ['question', 'registration', member], value))).toBeNull();
  });
});
