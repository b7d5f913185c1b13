// Reads the body of an ingest request, from whoever sent it, into a summary and its signature. It checks the shape, and
// neither the signature nor the sums.

import { AmbiguousJsonError, parseStrict } from '../../lib/strict-json.ts';
import { JsonTooLargeError, NotJsonError } from '../../lib/lossless-json.ts';
import type { SummaryPayload } from './summary.ts';
import { shapeFault } from './summary-shape.ts';

/** A body that has the shape of a summary. */
export interface SignedSummary {
  readonly type: 'summary';
  /** The payload as the body says it, without `signature`. Its metadata may have members that this program does not know. */
  readonly payload: SummaryPayload;
  /** The text of `signature`, not checked yet. */
  readonly signature: string;
}

/** A body that is no summary. */
export interface NotSummary {
  readonly type: 'not_summary';
  /** Why, in words of this program: a clause without text of the body. */
  readonly reason: string;
}

/** The longest body: 32 MiB, room for some 200,000 hours. */
export const BODY_BYTES_MAX = 33_554_432;

/** A bucket has 7 values, itself included. */
const BOUNDS = { charactersMax: BODY_BYTES_MAX, depthMax: 16, valuesMax: 4_000_000 };

/** Reads a body: its text, or its bytes, which must be UTF-8 without a byte order mark. Never throws. */
export function readSummary(body: string | Uint8Array): SignedSummary | NotSummary {
  const value = parseBody(body);
  if (value instanceof Error) return { type: 'not_summary', reason: value.message };
  const reason = shapeFault(value);
  if (reason !== null) return { type: 'not_summary', reason };
  const { signature, ...payload } = value as SummaryPayload & { readonly signature: string };
  return { type: 'summary', payload, signature };
}

function parseBody(body: string | Uint8Array): unknown {
  if (body.length > BODY_BYTES_MAX) return new Error(`it is longer than ${BODY_BYTES_MAX} bytes`);
  try {
    const text = typeof body === 'string' ? body : new TextDecoder('utf-8', UTF_8).decode(body);
    return parseStrict(text, BOUNDS);
  } catch (error) {
    if (error instanceof AmbiguousJsonError) return error;
    if (error instanceof JsonTooLargeError) return new Error('it has too many values, or they are too deep');
    if (error instanceof NotJsonError) return new Error('it is not JSON');
    // Of the decoder.
    if (error instanceof TypeError) return new Error('it is not UTF-8');
    throw error;
  }
}

/** Other bytes are refused, not replaced: two bodies must never be one text. */
const UTF_8 = { fatal: true, ignoreBOM: true };
