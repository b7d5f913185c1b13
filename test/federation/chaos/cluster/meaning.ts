// What every message of a run means, by its subject and its bytes.

import { createHash } from 'node:crypto';
import type { Statement } from '../../../../src/federation/simulator/statement.ts';

/** Null: the message must be rejected. */
export type Meaning = Map<string, Statement | null>;

/** The key of a message: short, because a run of ten minutes has two million. */
export function keyOf(subject: string, payload: Uint8Array): string {
  return createHash('sha1').update(subject).update('\n').update(payload).digest('base64');
}
