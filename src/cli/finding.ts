// What `doctor` finds: plain data, and the looks that find it. It looks at nothing itself.

import type { CodedError } from '../lib/errors.ts';

/** `ok`: as it should be; `warn`: it works, perhaps not as intended; `fail`: a start fails, or would lose something. */
export type Grade = 'ok' | 'warn' | 'fail';

/** What one look has found. */
export interface Finding {
  readonly grade: Grade;
  /** What was looked at, in one or two words. */
  readonly what: string;
  /** What was found, in a phrase. It never holds a secret. */
  readonly finding: string;
  /** What to do about it; null if nothing is to be done. */
  readonly remedy: string | null;
}

/** One look at one thing. */
export interface Check {
  /** As in {@link Finding}; said if the look itself fails. */
  readonly what: string;
  /** A `CodedError` that it throws is a finding of the grade `fail`. */
  look(): Promise<readonly Finding[]> | readonly Finding[];
}

/** A finding of the grade `ok`. */
export function ok(what: string, finding: string): Finding {
  return { grade: 'ok', what, finding, remedy: null };
}

/** A finding of the grade `warn`. */
export function warn(what: string, finding: string, remedy: string): Finding {
  return { grade: 'warn', what, finding, remedy };
}

/** A finding of the grade `fail`. */
export function fail(what: string, finding: string, remedy: string): Finding {
  return { grade: 'fail', what, finding, remedy };
}

/** The finding for an error with a sentence, whose remedy stands in that sentence. */
export function failure(what: string, { message, code }: CodedError): Finding {
  return { grade: 'fail', what, finding: `${message.replace(/\.$/, '')} [${code}]`, remedy: null };
}
