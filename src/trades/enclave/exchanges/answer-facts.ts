// What is remembered of an exchange's answer: its status, how long it asks us to wait, and its own error code. Pure. No
// other text of an answer is kept, because exchanges repeat addresses and parameters in their messages.

import { isObject } from '../../../lib/is-object.ts';
import { retryAfterMs } from '../../../lib/retry-after.ts';

/** Answers that succeed and are longer than this, in characters, are not searched for an error code. */
const ERROR_BODY_CHARS_MAX = 4_096;
/** The longest wait that is taken from an answer, in ms. Binance bans an address for up to three days. */
const WAIT_LONGEST_MS = 3 * 86_400_000;
/** A code of Binance, Bybit and most others. */
const NUMERIC_CODE = /^-?\d{1,7}$/;
/** Codes with which exchanges say that nothing is wrong. */
const SUCCESS_CODES: ReadonlySet<string> = new Set(['0', '00000', '200', '200000']);

/** Errors of Kraken that are known; an error that goes on after one of these, for example with a name, counts as it. */
export const KRAKEN_CODES = [
  'EAPI:Invalid key',
  'EAPI:Invalid signature',
  'EAPI:Invalid nonce',
  'EAPI:Rate limit exceeded',
  'EAPI:Feature disabled',
  'EAPI:Bad request',
  'EAccount:Invalid permissions',
  'EDatabase:Internal error',
  'EGeneral:Internal error',
  'EGeneral:Invalid arguments',
  'EGeneral:Permission denied',
  'EGeneral:Temporary lockout',
  'EGeneral:Too many requests',
  'EGeneral:Unknown method',
  'EQuery:Invalid asset pair',
  'EQuery:Unknown asset pair',
  'EQuery:Unknown asset',
  'EService:Busy',
  'EService:Deadline elapsed',
  'EService:Market in cancel_only mode',
  'EService:Market in post_only mode',
  'EService: Throttled',
  'EService:Throttled',
  'EService:Timeout',
  'EService:Unavailable',
  'ESession:Invalid session',
  'ETrade:User Locked',
] as const;

/** The part of an answer that is remembered. */
export interface AnswerFacts {
  readonly status: number;
  /** The wait of the header `Retry-After`, in ms; null if it asks for none. */
  readonly retryAfterMs: number | null;
  /** The exchange's code of the error; null if it has none of a known form. */
  readonly code: string | null;
  /** Time until the end of a ban that the answer names, in ms; null if it names none. */
  readonly banMs: number | null;
  /** True if the body is a JSON object or array: the exchange itself answered, not a firewall before it. */
  readonly isJson: boolean;
  /** True if the message of the error speaks of a symbol. */
  readonly isAboutSymbol: boolean;
}

/** Reads the facts of an answer. `nowMs`: by the wall clock, in ms since 1970. */
export function answerFacts(
  answer: { readonly status: number; readonly retryAfter: string | undefined; readonly text: string },
  nowMs: number,
): AnswerFacts {
  const { status, text } = answer;
  const isRead = status >= 400 || text.length <= ERROR_BODY_CHARS_MAX;
  const body = isRead ? parsed(text.slice(0, ERROR_BODY_CHARS_MAX)) : undefined;
  const message = messageIn(body);
  return {
    status,
    retryAfterMs: retryAfterMs(answer.retryAfter, nowMs, WAIT_LONGEST_MS),
    code: codeIn(body),
    banMs: banIn(message, nowMs),
    isJson: isRead ? typeof body === 'object' && body !== null : true,
    isAboutSymbol: /symbol/i.test(message),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function codeIn(body: unknown): string | null {
  if (!isObject(body)) return null;
  const { error } = body;
  const first: unknown = Array.isArray(error) ? error[0] : error;
  if (typeof first === 'string') return krakenCode(first);
  const value = body['retCode'] ?? body['ret_code'] ?? body['code'];
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  return NUMERIC_CODE.test(text) && !SUCCESS_CODES.has(text) ? text : null;
}

function krakenCode(text: string): string | null {
  return KRAKEN_CODES.find((code) => text === code || text.startsWith(`${code}:`)) ?? null;
}

function messageIn(body: unknown): string {
  if (!isObject(body)) return '';
  const message = body['msg'] ?? body['retMsg'] ?? body['ret_msg'];
  return typeof message === 'string' ? message : '';
}

/** Binance names the end of a ban in ms since 1970: `banned until 1700000000000`. */
function banIn(message: string, nowMs: number): number | null {
  const [, until] = /\buntil (\d{13})\b/.exec(message) ?? [];
  return until === undefined ? null : Math.min(Math.max(0, Number(until) - nowMs), WAIT_LONGEST_MS);
}
