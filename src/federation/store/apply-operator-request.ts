// Applies operator requests through the writer. Keys, blocks and acknowledgements are on disk when it returns; a
// forgotten node is removed with the writer's next commit.

import type { OperatorRequest, OperatorAnswer } from '../domain/operator-request.ts';
import { CodedError } from '../../lib/errors.ts';
import { unreachable } from '../../lib/unreachable.ts';
import type { FederationWriter } from './writer.ts';

/** The time at which a request is applied, in ms since the epoch. */
export interface RequestMoment {
  /** This machine's wall clock. */
  readonly nowMs: number;
  /** The best known reading of the broker's clock. */
  readonly brokerMs: number;
}

/** Applies the request and returns the operator's answer. Errors: `not_found`, `too_many`, and SQLite's. */
export function applyOperatorRequest(
  writer: FederationWriter,
  request: OperatorRequest,
  { nowMs, brokerMs }: RequestMoment,
): OperatorAnswer {
  const { keys, blocked, missing } = writer;
  switch (request.type) {
    case 'createKey':
      return keys.listing(keys.create(request.key, nowMs, writer.eventMs(brokerMs)));
    case 'revokeKey': {
      const key = keys.revoke(request.keyId, nowMs, writer.eventMs(brokerMs));
      if (key === null) throw new CodedError('not_found', `There is no API key ${request.keyId}.`);
      return keys.listing(key);
    }
    case 'listKeys':
      return keys.list();
    case 'forgetNode':
      if (!writer.forget(request.nodeId)) {
        throw new CodedError('not_found', `There is no node ${request.nodeId} in the database.`);
      }
      return { nodeId: request.nodeId };
    case 'blockNode':
      return blocked.block(request.nodeId, nowMs);
    case 'unblockNode':
      if (!blocked.unblock(request.nodeId)) {
        throw new CodedError('not_found', `The node ${request.nodeId} is not blocked.`);
      }
      return { nodeId: request.nodeId };
    case 'listBlocked':
      return blocked.list();
    case 'listMissing':
      return missing.records;
    case 'acknowledge':
      return missing.acknowledge(request.upTo);
    default:
      return unreachable(request);
  }
}
