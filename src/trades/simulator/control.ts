// The addresses under `/sim/`: what a test or a person in another process sees and changes of a simulated exchange. They
// are no part of any exchange.

import { CodedError } from '../../lib/errors.ts';
import { Members } from './members.ts';
import { readKey } from './read-scenario.ts';
import type { RecordedRequest, RequestCounts } from './request-record.ts';
import type { FaultInput, FillInput, SimFill, SimKey } from './scenario.ts';
import type { SimAnswer } from './sim-wire.ts';

/** Beginning of the addresses. */
export const CONTROL_PATH = '/sim/';

const CLOCK_MAX_MS = 10 * 366 * 86_400_000;

/** What can be seen and changed. */
export interface Controlled {
  nowMs(): number;
  counts(): RequestCounts;
  requests(after?: number): readonly RecordedRequest[];
  readonly accounts: readonly string[];
  fills(account: string): readonly SimFill[];
  addFills(account: string, fills: readonly FillInput[]): readonly SimFill[];
  addFault(fault: FaultInput): void;
  clearFaults(): void;
  stepClock(byMs: number): void;
  setKey(key: SimKey): void;
  revokeKey(apiKey: string): boolean;
}

/** Answers a request of a path that begins with {@link CONTROL_PATH}. */
export function answerControl(
  controlled: Controlled,
  method: string,
  path: string,
  query: URLSearchParams,
  body: string,
): SimAnswer {
  const handler = HANDLERS[`${method} ${path}`];
  if (handler === undefined) return { status: 404, body: { error: 'no control has this address' } };
  try {
    return { status: 200, body: handler(controlled, query, body === '' ? {} : JSON.parse(body)) };
  } catch (error) {
    if (error instanceof CodedError) return { status: 400, body: { error: error.message } };
    if (error instanceof SyntaxError) return { status: 400, body: { error: 'the body is not JSON' } };
    throw error;
  }
}

type Handler = (controlled: Controlled, query: URLSearchParams, body: unknown) => unknown;

const HANDLERS: Readonly<Record<string, Handler>> = {
  /** Counts, and the latest requests after number `after`. */
  'GET /sim/requests': (controlled, query) => ({
    ...controlled.counts(),
    requests: controlled.requests(Number(query.get('after') ?? '0')),
  }),
  /** All fills by account, hidden and future ones too. */
  'GET /sim/fills': (controlled) =>
    Object.fromEntries(controlled.accounts.map((name) => [name, controlled.fills(name)])),
  /** `{account, fills}`: adds fills of the form that scenarios have. */
  'POST /sim/fills': (controlled, _query, body) => {
    const members = new Members(body, '');
    const account = members.text('account');
    const fills = members.list('fills', (fill) => fill as FillInput);
    members.end();
    return { added: controlled.addFills(account, fills) };
  },
  /** A fault of the form that scenarios have. */
  'POST /sim/fault': (controlled, _query, body) => {
    controlled.addFault(body as FaultInput);
    return { ok: true };
  },
  'POST /sim/fault/clear': (controlled) => {
    controlled.clearFaults();
    return { ok: true };
  },
  /** `{byMs}`: the clock jumps. */
  'POST /sim/clock': (controlled, _query, body) => {
    const members = new Members(body, '');
    controlled.stepClock(members.whole('byMs', -CLOCK_MAX_MS, CLOCK_MAX_MS, 0));
    members.end();
    return { nowMs: controlled.nowMs() };
  },
  /** `{revoke}`: revokes the key; else a key of the form that scenarios have, which is added or replaced. */
  'POST /sim/keys': (controlled, _query, body) => {
    const revoked = new Members(body, '').optionalText('revoke');
    if (revoked !== null) return { ok: controlled.revokeKey(revoked) };
    controlled.setKey(readKey(body, ''));
    return { ok: true };
  },
  'GET /sim/redirected': () => ({ error: 'this client follows redirects' }),
};
