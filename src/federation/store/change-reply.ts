// What becomes of a change that is asked for while the program runs: it is made now, or refused and not made later unasked.
// A forgotten node alone is gone from memory before it is from the disk, and is told of as such.

import type { ApiKey } from '../domain/api-keys.ts';
import type { Change, ChangeAnswer } from '../domain/operator-request.ts';
import { CodedError, type ErrorCode } from '../../lib/errors.ts';
import { codeOf } from '../../store/refusal.ts';
import type { Committer } from '../../store/committer.ts';
import { type ChangeMoment, makeChange } from './make-change.ts';
import type { RevertibleWriter } from './revertible-writer.ts';

/** What became of a change; the sentence is for the operator. */
export type ChangeReply =
  | { readonly type: 'made'; readonly answer: ChangeAnswer }
  | { readonly type: 'refused'; readonly code: ErrorCode; readonly sentence: string };

export interface ChangeParts {
  readonly writer: RevertibleWriter;
  readonly committer: Committer;
  /** All keys, after a change of any. */
  keys(keys: readonly ApiKey[]): void;
}

const BUSY_SENTENCE = 'The database cannot be written at the moment; the log says why. Nothing was changed.';
const LATER_SENTENCE =
  'The database cannot be written at the moment; the log says why. The change is made as soon as it can be.';

/** Makes the change, on disk when it returns. Throws nothing. */
export function replyToChange(
  asked: Change,
  moment: ChangeMoment,
  { writer, committer, keys }: ChangeParts,
): ChangeReply {
  if (committer.isFailing) return refusal('database_unusable', BUSY_SENTENCE);
  try {
    return writer.current.durably(() => {
      const answer = makeChange(writer.current, asked, moment);
      keys(writer.current.keys.book.all);
      // Keys and blocks are on disk, a forgotten node is only in memory.
      if (asked.type !== 'forgetNode') return { type: 'made', answer };
      writer.remember((anew) => void anew.forget(asked.nodeId));
      return committer.flush() ? { type: 'made', answer } : refusal('database_unusable', LATER_SENTENCE);
    });
  } catch (error) {
    if (error instanceof CodedError) return refusal(error.code, error.message);
    return refusal('database_unusable', `The change could not be made (${codeOf(error)}).`);
  }
}

function refusal(code: ErrorCode, sentence: string): ChangeReply {
  return { type: 'refused', code, sentence };
}
