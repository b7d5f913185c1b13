// The messages and commands of the simulated cluster. Every number comes from the caller's seed.

import type { ControlCommand } from '../../../src/federation/domain/cluster.ts';
import {
  keyHashOf,
  keyIdOf,
  secretOf,
  signMessage,
} from '../../../src/federation/domain/message-signature.ts';
import {
  heartbeat,
  invoiceCreated,
  nodeJoined,
  nodeLeft,
  type Publication,
  taskCompleted,
  taskReceived,
} from '../../support/messages.ts';

const KEY_HASH = keyHashOf('k'.repeat(43));
const NODES = ['node-a', 'node-b', 'node-c', 'node-d', 'node-e', 'node-f'];

/** A message with its credential, if it is signed; `one` gives a whole number below its argument. */
export function randomMessage(one: (count: number) => number) {
  const publication = publicationOf(one);
  const isSigned = publication.payload.includes('node-a') && one(10) < 6;
  return { ...publication, credential: isSigned ? sign(publication) : null };
}

/** A message that some node may send. */
function publicationOf(one: (count: number) => number): Publication {
  const node = NODES[one(NODES.length)] ?? '';
  const number = one(80);
  const chance = one(20);
  if (chance < 6) return taskReceived(number, node);
  if (chance < 11) return taskCompleted(number, one(2) === 0, node);
  if (chance < 14) return invoiceCreated(number, node);
  if (chance < 16) return heartbeat(node, one(4) === 0 ? 'offline' : 'online');
  if (chance === 16) return nodeJoined(node);
  if (chance === 17) return nodeLeft(node);
  if (chance === 18) return { subject: 'truebit.heartbeat', payload: 'rubbish' };
  return { subject: 'something.else', payload: '{}' };
}

/** A command that some operator may give. */
export function randomCommand(one: (count: number) => number): ControlCommand {
  const nodeId = NODES[one(NODES.length)] ?? '';
  const chance = one(10);
  if (chance < 2) return { type: 'blockNode', nodeId };
  if (chance < 5) return { type: 'unblockNode', nodeId };
  if (chance < 7) return { type: 'forgetNode', nodeId };
  if (chance === 9) return { type: 'revokeKey', keyId: keyIdOf(KEY_HASH) };
  const key = {
    keyHash: KEY_HASH,
    name: 'n',
    nodeId: 'node-a',
    permissions: ['publish'],
    ratePerMinute: 6,
  } as const;
  return { type: 'createKey', key };
}

function sign({ subject, payload }: Publication): string {
  return keyIdOf(KEY_HASH) + signMessage(secretOf(KEY_HASH), subject, Buffer.from(payload));
}
