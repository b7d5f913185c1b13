// What came back for one request to an upstream, and what it means (docs/mining.md). It sends nothing.

import {
  isLosslessObject,
  isNumberLiteral,
  type LosslessJson,
  type LosslessObject,
  memberOf,
  readU64,
} from '../../lib/lossless-json.ts';
import type { RefusalSubject, UpstreamMeaning } from './upstream-answer.ts';

/** What came back for one request. */
export type UpstreamReply =
  | {
      readonly type: 'answer';
      /** The status of HTTP. */
      readonly status: number;
      /** `Retry-After` of a 429 or 503, in ms; null without one. */
      readonly retryAfterMs: number | null;
      /** The body; undefined if it is not JSON. */
      readonly body: LosslessJson | undefined;
    }
  /** There is no answer, or not a whole one. `isConnection`: not one byte of it. The reason has no text of strangers. */
  | { readonly type: 'none'; readonly reason: string; readonly isConnection: boolean };

/** An error that an upstream answered. */
export interface UpstreamError {
  readonly code: number;
  /** The upstream's own words, shortened; a stranger's text. */
  readonly text: string;
}

/** A reply, read as JSON-RPC: its result, or why there is none. */
export type ReadReply =
  | { readonly type: 'result'; readonly result: LosslessObject }
  | Extract<UpstreamMeaning, { type: 'refused' | 'operator' | 'temporary' }>;

/** Characters of an upstream's text that are kept. */
const TEXT_CHARACTERS_MAX = 300;

interface Refused {
  readonly about: RefusalSubject;
  readonly mayBeStale?: true;
}

/** Codes that are final for something. */
const REFUSALS: ReadonlyMap<number, Refused> = new Map<number, Refused>([
  [-32001, { about: 'submission' }],
  [-32600, { about: 'submission' }],
  [-32602, { about: 'submission' }],
  [-8, { about: 'submission', mayBeStale: true }],
  [-26, { about: 'submission', mayBeStale: true }],
  [-32003, { about: 'block' }],
  [-32002, { about: 'block' }],
  [-32007, { about: 'account' }],
  [-5, { about: 'account' }],
]);

/** Codes that only the operator can do something about. */
const OPERATORS_MATTERS: ReadonlySet<number> = new Set([-32004, -32005, -32601, -13]);

/** The code of a node that is starting up. */
const STARTING_UP = -28;

/** The code with which an upstream asks for fewer requests. */
const BUSY = -32006;

/**
 * Reads a reply as JSON-RPC. An error in the body decides, whatever the status is, except that 401, 403 and 429 mean
 * what they say: a node may answer an error with status 500, and a front end in its place has no such body.
 */
export function readReply(reply: UpstreamReply): ReadReply {
  if (reply.type === 'none') return temporary(reply.reason, { isConnection: reply.isConnection });
  const { status, retryAfterMs, body } = reply;
  const error = errorIn(body);
  if (status === 401 || status === 403) {
    return { type: 'operator', code: status, text: error?.text ?? `HTTP status ${status}` };
  }
  if (status === 429) return temporary('HTTP status 429', { retryAfterMs, isBusy: true });
  if (error !== null) return meaningOfError(error, retryAfterMs);
  if (status < 200 || status > 299) return temporary(statusText(status), { retryAfterMs });
  if (body === undefined) return temporary(`HTTP status ${status} with a body that is not JSON`);
  const result = isLosslessObject(body) ? memberOf(body, 'result') : undefined;
  if (result === undefined || !isLosslessObject(result)) return temporary('an answer without a result');
  return { type: 'result', result };
}

/** A status as a reason, with the remedy where there is one: these two mean that the address in the settings is wrong. */
function statusText(status: number): string {
  if (status === 404) return 'HTTP status 404: correct the path of the address';
  if (status === 304 || status < 300 || status > 399) return `HTTP status ${status}`;
  return `HTTP status ${status}: redirects are not followed, give the address to which it leads`;
}

/** True if the upstream says that it is starting up: what it had in memory is gone. */
export function isStartUp(reply: UpstreamReply): boolean {
  return reply.type === 'answer' && errorIn(reply.body)?.code === STARTING_UP;
}

/** The meaning of the reply to a submission: a result without its two numbers is an outage, never an acceptance. */
export function meaningOf(reply: UpstreamReply): UpstreamMeaning {
  const read = readReply(reply);
  if (read.type !== 'result') return read;
  const rawQuality = readU64(memberOf(read.result, 'raw_quality'));
  const pocTime = readU64(memberOf(read.result, 'poc_time'));
  if (rawQuality === null || pocTime === null) return temporary('a result without raw_quality and poc_time');
  return { type: 'accepted', rawQuality, pocTime };
}

/** True if the reply says that the credentials are not accepted. */
export function refusesCredentials(reply: UpstreamReply): boolean {
  return reply.type === 'answer' && (reply.status === 401 || errorIn(reply.body)?.code === -32005);
}

function meaningOfError(error: UpstreamError, retryAfterMs: number | null): ReadReply {
  const refusal = REFUSALS.get(error.code);
  if (refusal !== undefined) {
    const { about, mayBeStale = false } = refusal;
    return { type: 'refused', about, code: error.code, text: error.text, mayBeStale };
  }
  if (OPERATORS_MATTERS.has(error.code)) return { type: 'operator', ...error };
  return temporary(errorText(error.code), { retryAfterMs, isBusy: error.code === BUSY });
}

/** What a code means, for those that a node or a pool answers for a while by design. */
const MEANINGS: ReadonlyMap<number, string> = new Map([
  [BUSY, 'it asks for fewer requests'],
  [-10, 'it is still downloading blocks'],
  [-28, 'it is still starting'],
]);

/** A code as a reason, without the upstream's own words. */
function errorText(code: number): string {
  const meaning = MEANINGS.get(code);
  return meaning === undefined ? `error ${code}` : `error ${code}: ${meaning}`;
}

/** The error of a body; null without one, or if its code is not a whole number. */
function errorIn(body: LosslessJson | undefined): UpstreamError | null {
  const error = isLosslessObject(body) ? memberOf(body, 'error') : undefined;
  if (!isLosslessObject(error)) return null;
  const literal = memberOf(error, 'code');
  const code = isNumberLiteral(literal) ? Number(literal.rawJSON) : Number.NaN;
  if (!Number.isSafeInteger(code)) return null;
  return { code, text: textOf(error) ?? `error ${code}` };
}

/** The message, else the reason in `data`; null if the upstream gives none. */
function textOf(error: LosslessObject): string | null {
  const data = memberOf(error, 'data');
  const reasons = isLosslessObject(data) ? [memberOf(data, 'reason'), memberOf(data, 'error')] : [data];
  const text = [memberOf(error, 'message'), ...reasons].find(
    (candidate) => typeof candidate === 'string' && candidate.trim() !== '',
  );
  return typeof text === 'string' ? shortened(text.trim()) : null;
}

function shortened(text: string): string {
  if (text.length <= TEXT_CHARACTERS_MAX) return text;
  return `${text.slice(0, TEXT_CHARACTERS_MAX - 1).toWellFormed()}…`;
}

type Temporary = Extract<UpstreamMeaning, { type: 'temporary' }>;

function temporary(reason: string, more: Partial<Temporary> = {}): Temporary {
  return { type: 'temporary', reason, retryAfterMs: null, isConnection: false, isBusy: false, ...more };
}
