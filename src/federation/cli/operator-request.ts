// Operator requests of the federation: how they are checked before they are sent, and how they are applied if no program
// holds the database.

import { answerTo } from '../../cli/operator-request.ts';
import { systemClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Database } from '../../store/database.ts';
import type { Settings } from '../config/settings.ts';
import { revokedEvent } from '../domain/events.ts';
import {
  decodeOperatorRequest,
  type OperatorAnswers,
  type OperatorRequest,
} from '../domain/operator-request.ts';
import { applyOperatorRequest } from '../store/apply-operator-request.ts';
import { FEDERATION_DATABASE } from '../store/federation-database.ts';
import { isForAllReplicas, refuseAlone } from '../store/membership.ts';
import { FederationWriter } from '../store/writer.ts';
import { writerOptions } from '../store/writer-options.ts';

/**
 * Applies the request and returns the answer. Errors: `usage` if the request is malformed, those of
 * `applyOperatorRequest`, `control_unreachable`, and those of opening a database.
 */
export async function performOperatorRequest<R extends OperatorRequest>(
  settings: Settings,
  request: R,
): Promise<OperatorAnswers[R['type']]> {
  const wrong = decodeOperatorRequest(request);
  if (typeof wrong === 'string') throw new CodedError('usage', `${wrong} --help lists the options.`);
  const operated = {
    path: settings.databasePath,
    program: FEDERATION_DATABASE,
    applyAlone: (database: Database) => applyAlone(settings, database, request),
  };
  return (await answerTo(operated, request)) as OperatorAnswers[R['type']];
}

function applyAlone(settings: Settings, database: Database, request: OperatorRequest): unknown {
  const writer = new FederationWriter(database, writerOptions(settings), settings.aggregatorId);
  if (writer.membership !== null && isForAllReplicas(request)) refuseAlone(writer.membership);
  return writer.durably(() => {
    const nowMs = systemClock.nowMs();
    // The broker's clock is unknown here. The program corrects this guess once it has read the stream to its end.
    const revoked = request.type === 'revokeKey' ? writer.keys.book.find(request.keyId) : undefined;
    const answer = applyOperatorRequest(writer, request, { nowMs, brokerMs: nowMs });
    // The running program tells this event itself; the next start would not know that anything changed.
    if (revoked?.revokedAtMs === null) writer.event(revokedEvent(revoked, nowMs));
    writer.commit(systemClock.nowMs(), writer.observedMs);
    return answer;
  });
}
