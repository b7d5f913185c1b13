// Replies to operator requests while the program runs. A request is applied at once, or refused and not applied later.
// Only a forgotten node may be removed from memory before it is removed from the disk; the reply then says so.

import type { ApiKey } from '../domain/api-keys.ts';
import type { OperatorRequest, OperatorAnswer } from '../domain/operator-request.ts';
import type { ControlReply } from '../../io/control-door.ts';
import { CodedError, type ErrorCode } from '../../lib/errors.ts';
import { codeOf } from '../../store/refusal.ts';
import type { Committer } from '../../store/committer.ts';
import { type RequestMoment, applyOperatorRequest } from './apply-operator-request.ts';
import { isForAllReplicas, refuseAlone } from './membership.ts';
import type { RevertibleWriter } from './revertible-writer.ts';

/** The reply to a request; the sentence is for the operator. */
export type OperatorRequestReply = ControlReply<OperatorAnswer>;

/** What a reply needs of the ingest thread. */
export interface OperatorRequestParts {
  readonly writer: RevertibleWriter;
  readonly committer: Committer;
  /** Called with all keys after each request. */
  keys(keys: readonly ApiKey[]): void;
}

const BUSY_SENTENCE = 'The database cannot be written at the moment; the log says why. Nothing was changed.';
const LATER_SENTENCE =
  'The database cannot be written at the moment; the log says why. The change is made as soon as it can be.';

/** Applies the request; its effect is on disk when the reply has the type `made`. Never throws. */
export function replyToOperatorRequest(
  request: OperatorRequest,
  moment: RequestMoment,
  { writer, committer, keys }: OperatorRequestParts,
): OperatorRequestReply {
  if (committer.isFailing) return refusal('database_unusable', BUSY_SENTENCE);
  const { membership } = writer.current;
  try {
    if (membership !== null && isForAllReplicas(request)) refuseAlone(membership);
    return writer.current.durably(() => {
      const answer = applyOperatorRequest(writer.current, request, moment);
      keys(writer.current.keys.book.all);
      // Keys and blocks are on disk; a forgotten node is removed only from memory so far.
      if (request.type !== 'forgetNode') return { type: 'made', answer };
      writer.remember((anew) => void anew.forget(request.nodeId));
      return committer.flush() ? { type: 'made', answer } : refusal('database_unusable', LATER_SENTENCE);
    });
  } catch (error) {
    if (error instanceof CodedError) return refusal(error.code, error.message);
    return refusal('database_unusable', `The change could not be made (${codeOf(error)}).`);
  }
}

function refusal(code: ErrorCode, sentence: string): OperatorRequestReply {
  return { type: 'refused', code, sentence };
}
