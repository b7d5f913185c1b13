// Applies the commands of a cluster at their place in the log. Their effects are written with the messages around them, so
// a replay of the log judges every message as the first reading did. Each command counts once. One that has no effect
// (a key that exists, a node that is not there) is no error.

import { CodedError } from '../../lib/errors.ts';
import { refusalOf } from '../../store/refusal.ts';
import { applyOperatorRequest } from './apply-operator-request.ts';
import { dueMsOf } from './commands.ts';
import type { FederationWriter } from './writer.ts';

/** Applies the commands that count at this time of the log, in the order of their times. Throws SQLite's errors. */
export function applyCommands(writer: FederationWriter, atMs: number): void {
  const { keys, blocked } = writer;
  for (const command of writer.commands.take(atMs)) {
    const moment = { nowMs: command.atMs, brokerMs: dueMsOf(command) };
    const apply = () => applyOperatorRequest(writer, command.entry.command, moment);
    try {
      keys.withNextCommit(() => blocked.withNextCommit(apply));
    } catch (error) {
      // The disk fails, and the batch is merged again. Any other error has no effect in all replicas alike, because all
      // find the same rows.
      if (!(error instanceof CodedError) && refusalOf(error) !== null) throw error;
    }
  }
}
