// Reads a scenario: the text of a JSON file, or the same as an object. Whatever is wrong becomes one sentence that names
// the member. It computes no balance and judges no exchange's rules.

import { CodedError } from '../../lib/errors.ts';
import { isObject } from '../../lib/is-object.ts';
import { decimalAt, Members, timeAt, wrongMember } from './members.ts';
import {
  type ClockStepInput,
  EXCHANGE_NAMES,
  type Fault,
  FAULT_KINDS,
  FILL_CAUSES,
  FILL_KINDS,
  KRAKEN_TIERS,
  MARKET_KINDS,
  MOVEMENT_CAUSES,
  type Scenario,
  type SimAccount,
  type SimKey,
  type SimMarket,
  type SimMovement,
  type UnplacedFill,
} from './scenario.ts';

/** Longest scenario file, in characters. */
const SCENARIO_TEXT_MAX = 256 * 1024 * 1024;

const COUNT_MAX = 1_000_000_000;
const CLOCK_MAX_MS = 10 * 366 * 86_400_000;
const HOUR_MS = 3_600_000;

/** Reads the text of a scenario file. Errors: `settings_invalid`. */
export function parseScenario(text: string): Scenario {
  if (text.length > SCENARIO_TEXT_MAX) {
    throw new CodedError('settings_invalid', `The scenario has more than ${SCENARIO_TEXT_MAX} characters.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CodedError('settings_invalid', 'The scenario is not JSON.');
  }
  return readScenario(value);
}

/** Reads a value of the form `ScenarioInput`. Errors: `settings_invalid`. */
export function readScenario(value: unknown): Scenario {
  const top = new Members(value, '');
  const markets = top.raw('markets') === undefined ? null : top.list('markets', readMarket);
  const scenario: Scenario = {
    exchange: top.optionalOneOf('exchange', EXCHANGE_NAMES),
    clockOffsetMs: top.whole('clockOffsetMs', -CLOCK_MAX_MS, CLOCK_MAX_MS, 0),
    pageSizeMax: top.whole('pageSizeMax', 1, COUNT_MAX, Infinity),
    latencyMs: top.whole('latencyMs', 0, 60_000, 1),
    weightPerMinute: top.whole('weightPerMinute', 1, COUNT_MAX, null),
    tier: top.optionalOneOf('tier', KRAKEN_TIERS) ?? 'intermediate',
    markets,
    accounts: top.list('accounts', readAccount),
    keys: top.list('keys', readKey),
    candles: top.table('candles', readCandles),
    faults: top.list('faults', readFault),
    clockSteps: top.list('clockSteps', readClockStep),
  };
  top.end();
  requireUnique(scenario.accounts, 'accounts', 'name');
  requireUnique(scenario.keys, 'keys', 'apiKey');
  for (const [index, { account }] of scenario.keys.entries()) {
    if (!scenario.accounts.some(({ name }) => name === account)) {
      throw wrongMember(`keys[${index}].account`, 'no account has this name');
    }
  }
  return scenario;
}

function requireUnique<T>(rows: readonly T[], list: string, member: keyof T & string): void {
  const seen = new Set<unknown>();
  for (const [index, row] of rows.entries()) {
    if (seen.has(row[member])) throw wrongMember(`${list}[${index}].${member}`, 'another one has it too');
    seen.add(row[member]);
  }
}

function readMarket(value: unknown, path: string): SimMarket {
  const members = new Members(value, path);
  const kind = members.oneOf('kind', MARKET_KINDS);
  const base = members.text('base');
  const quote = members.text('quote');
  const renamed = members.raw('renamedFrom');
  const market: SimMarket = {
    id: members.text('id'),
    base,
    quote,
    settle: members.optionalText('settle') ?? (kind === 'inverse' ? base : quote),
    kind,
    contractSize:
      members.raw('contractSize') === undefined ? '1' : members.decimal('contractSize', 'positive'),
    listedAtMs: members.time('listedAt', -Infinity),
    delistedAtMs: members.truth('isDelisted', false) ? -Infinity : members.time('delistedAt', Infinity),
    renamedFrom: renamed === undefined ? null : readRename(renamed, members.at('renamedFrom')),
  };
  members.time('delistedAt', Infinity);
  members.end();
  return market;
}

function readRename(value: unknown, path: string): NonNullable<SimMarket['renamedFrom']> {
  const members = new Members(value, path);
  const renamed = {
    id: members.text('id'),
    base: members.text('base'),
    atMs: timeAt(members.raw('at'), members.at('at')),
  };
  members.end();
  return renamed;
}

function readAccount(value: unknown, path: string): SimAccount {
  const members = new Members(value, path);
  const account: SimAccount = {
    name: members.text('name'),
    userId: members.text('userId'),
    balances: members.table('balances', (each, at) => decimalAt(each, at)),
    positions: members.table('positions', (each, at) => decimalAt(each, at)),
    fills: members.list('fills', readFill),
    movements: members.list('movements', readMovement),
  };
  members.end();
  return account;
}

/** Reads one fill of the form `FillInput`. Errors: `settings_invalid`. */
export function readFill(value: unknown, path: string): UnplacedFill {
  const members = new Members(value, path);
  const atMs = timeAt(members.raw('at'), members.at('at'));
  const fill: UnplacedFill = {
    atMs,
    market: members.text('market'),
    kind: members.optionalOneOf('kind', FILL_KINDS),
    side: members.oneOf('side', ['buy', 'sell']),
    price: members.decimal('price', 'positive'),
    amount: members.decimal('amount', 'positive'),
    fees: readFees(members),
    id: members.optionalText('id'),
    orderId: members.optionalText('orderId'),
    visibleAtMs: members.time('visibleAt', atMs),
    cause: members.optionalOneOf('cause', FILL_CAUSES) ?? 'trade',
    position: members.optionalOneOf('position', ['long', 'short']),
    owner: members.optionalText('owner'),
  };
  members.end();
  return fill;
}

function readFees(members: Members): UnplacedFill['fees'] {
  const asset = members.optionalText('feeAsset');
  const single = members.raw('fee') === undefined ? [] : [{ asset, amount: members.decimal('fee') }];
  if (asset !== null && single.length === 0) throw wrongMember(members.at('feeAsset'), 'there is no fee');
  const several = members.list('fees', (value, path) => {
    const fee = new Members(value, path);
    const read = { asset: fee.text('asset'), amount: fee.decimal('amount') };
    fee.end();
    return read;
  });
  if (single.length > 0 && several.length > 0) {
    throw wrongMember(members.at('fees'), 'there is a `fee` beside it: write all fees here');
  }
  return single.length > 0 ? single : several;
}

function readMovement(value: unknown, path: string): SimMovement {
  const members = new Members(value, path);
  const movement: SimMovement = {
    atMs: timeAt(members.raw('at'), members.at('at')),
    asset: members.text('asset'),
    amount: members.decimal('amount'),
    cause: members.oneOf('cause', MOVEMENT_CAUSES),
    wallet: members.optionalOneOf('wallet', FILL_KINDS) ?? 'spot',
  };
  members.end();
  return movement;
}

/** Reads one key of the form `KeyInput`. Errors: `settings_invalid`. */
export function readKey(value: unknown, path: string): SimKey {
  const members = new Members(value, path);
  const key: SimKey = {
    apiKey: members.text('apiKey'),
    secret: members.text('secret'),
    account: members.text('account'),
    canRead: members.truth('canRead', true),
    canWithdraw: members.truth('canWithdraw', false),
    canTrade: members.truth('canTrade', false),
    isIpBound: members.truth('isIpBound', true),
    expiresAtMs: members.time('expiresAt', Infinity),
    revokedAtMs: members.time('revokedAt', Infinity),
  };
  members.end();
  return key;
}

function readCandles(value: unknown, path: string): ReadonlyMap<number | '*', string | null> {
  if (!isObject(value)) throw wrongMember(path, 'an object must stand here');
  const candles = new Map<number | '*', string | null>();
  for (const [hour, open] of Object.entries(value)) {
    const at = `${path}[${JSON.stringify(hour)}]`;
    const beginMs = hour === '*' ? '*' : timeAt(hour, at);
    if (beginMs !== '*' && beginMs % HOUR_MS !== 0) throw wrongMember(at, 'a candle begins at a full hour');
    candles.set(beginMs, open === 404 ? null : decimalAt(open, at, 'positive'));
  }
  return candles;
}

/** Reads one fault of the form `FaultInput`. Errors: `settings_invalid`. */
export function readFault(value: unknown, path: string): Fault {
  const members = new Members(value, path);
  const fault: Fault = {
    kind: members.oneOf('kind', FAULT_KINDS),
    atRequest: members.whole('atRequest', 1, COUNT_MAX, 1),
    atMs: members.time('at', -Infinity),
    path: members.optionalText('path') ?? '',
    apiKey: members.optionalText('apiKey'),
    times: members.whole('times', 1, COUNT_MAX, 1),
    retryAfter: members.whole('retryAfter', 0, COUNT_MAX, null),
    banUntilMs: members.time('banUntil', null),
    delayMs: members.whole('delayMs', 0, 600_000, 2_000),
    status: members.whole('status', 200, 599, 200),
    body: members.optionalText('body') ?? '',
  };
  members.end();
  return fault;
}

function readClockStep(value: unknown, path: string): ClockStepInput {
  const members = new Members(value, path);
  const step: ClockStepInput = {
    atRequest: members.whole('atRequest', 1, COUNT_MAX, 1),
    byMs: members.whole('byMs', -CLOCK_MAX_MS, CLOCK_MAX_MS, 0),
  };
  members.end();
  return step;
}
