// The frames of a job's WebSocket: reads what a client sends, and writes what it gets. It keeps no state.

import { isUtf8 } from 'node:buffer';
import { JsonTooLargeError, NotJsonError, parseLossless } from '../../lib/lossless-json.ts';

/** Most trades of one frame: a frame of 64 KiB has no room for more valid ones. */
export const FRAME_TRADES_MAX = 1_024;
/** Limits of an exact parse; a frame has at most 64 KiB, and a value of a trade takes more than five bytes. */
const BOUNDS = { charactersMax: 65_536, depthMax: 64, valuesMax: 12_288 };
/** A number that a double may round: 16 characters or more, outside a string (or, harmlessly, inside one). */
const LONG_NUMBER = /[:,[\s]-?[\d.]{16}/;

/** What a frame of a client is. */
export type ClientFrame =
  /** The trades of one frame, of which nothing is checked. */
  | { readonly type: 'trades'; readonly trades: readonly unknown[] }
  | { readonly type: 'refused'; readonly reason: 'invalid_json' | 'unknown_type' | 'invalid_trade' };

/** Reads a frame. */
export function readFrame(bytes: Buffer, isBinary: boolean): ClientFrame {
  // The server has checked text frames.
  if (isBinary && !isUtf8(bytes)) return { type: 'refused', reason: 'invalid_json' };
  let message: unknown;
  try {
    const text = bytes.toString();
    message = LONG_NUMBER.test(text) ? parseLossless(text, BOUNDS) : JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof NotJsonError || error instanceof JsonTooLargeError) {
      return { type: 'refused', reason: 'invalid_json' };
    }
    throw error;
  }
  const { type, data } = membersOf(message);
  if (type === 'trade') return { type: 'trades', trades: [data] };
  if (type !== 'trades') return { type: 'refused', reason: 'unknown_type' };
  if (!Array.isArray(data) || data.length > FRAME_TRADES_MAX) {
    return { type: 'refused', reason: 'invalid_trade' };
  }
  return { type: 'trades', trades: data };
}

function membersOf(message: unknown): { readonly type?: unknown; readonly data?: unknown } {
  return typeof message === 'object' && message !== null ? message : {};
}

/** The first frame of a connection. */
export function welcomeFrame(jobId: string): string {
  return `{"type":"welcome","job_id":"${jobId}","message":"Connected to job ${jobId}"}`;
}

/** The answer to a trade that was taken; the id is JSON. */
export function ackFrame(ackId: string): string {
  return `{"type":"ack","trade_id":${ackId}}`;
}

/** Why a frame or a trade was refused. */
export type RefusalReason = 'invalid_json' | 'unknown_type' | 'invalid_trade' | 'not_collecting' | 'too_many';

/** The answers to what was refused. */
export const ERROR_FRAMES: Readonly<Record<RefusalReason, string>> = {
  invalid_json: errorFrame('Invalid JSON format'),
  unknown_type: errorFrame('Unknown message type'),
  invalid_trade: errorFrame('Invalid trade data format'),
  not_collecting: errorFrame('Job not in collecting state'),
  too_many: errorFrame('Too many trades'),
};

function errorFrame(message: string): string {
  return JSON.stringify({ type: 'error', message });
}
