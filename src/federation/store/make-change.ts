// Makes the changes of an operator's commands through the writer. Keys, blocks and what is acknowledged are on disk when it returns, a forgotten
// node with the writer's next commit.

import type { Change, ChangeAnswer } from '../domain/operator-request.ts';
import { CodedError } from '../../lib/errors.ts';
import { unreachable } from '../../lib/unreachable.ts';
import type { FederationWriter } from './writer.ts';

/** When a change is made. */
export interface ChangeMoment {
  /** Our wall clock. */
  readonly nowMs: number;
  /** The broker's clock, as well as it is known. */
  readonly brokerMs: number;
}

/** Returns what the operator is told. Errors: `not_found`, `too_many`, and SQLite's. */
export function makeChange(
  writer: FederationWriter,
  change: Change,
  { nowMs, brokerMs }: ChangeMoment,
): ChangeAnswer {
  const { keys, blocked, missing } = writer;
  switch (change.type) {
    case 'createKey':
      return keys.listing(keys.create(change.key, nowMs, writer.eventMs(brokerMs)));
    case 'revokeKey': {
      const key = keys.revoke(change.keyId, nowMs, writer.eventMs(brokerMs));
      if (key === null) throw new CodedError('not_found', `There is no API key ${change.keyId}.`);
      return keys.listing(key);
    }
    case 'listKeys':
      return keys.list();
    case 'forgetNode':
      if (!writer.forget(change.nodeId)) {
        throw new CodedError('not_found', `There is no node ${change.nodeId} in the database.`);
      }
      return { nodeId: change.nodeId };
    case 'blockNode':
      return blocked.block(change.nodeId, nowMs);
    case 'unblockNode':
      if (!blocked.unblock(change.nodeId)) {
        throw new CodedError('not_found', `The node ${change.nodeId} is not blocked.`);
      }
      return { nodeId: change.nodeId };
    case 'listBlocked':
      return blocked.list();
    case 'listMissing':
      return missing.records;
    case 'acknowledge':
      return missing.acknowledge(change.upTo);
    default:
      return unreachable(change);
  }
}
