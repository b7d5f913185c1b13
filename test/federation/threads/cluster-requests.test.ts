// Operators' requests that become commands of a cluster: what is refused before, what is answered, and what is said about
// replicas that were not heard.

import { describe, expect, test } from 'vitest';
import type { CommandOutcome } from '../../../src/federation/cluster/commands.ts';
import type { ControlCommand } from '../../../src/federation/domain/cluster.ts';
import type {
  BlockedNode,
  KeyListing,
  OperatorRequest,
} from '../../../src/federation/domain/operator-request.ts';
import { CodedError } from '../../../src/lib/errors.ts';
import { ClusterRequests, isCommand } from '../../../src/federation/threads/cluster-requests.ts';

const AT_MS = 1_768_473_000_000;
const AT = new Date(AT_MS).toISOString();
const HASH = 'ab'.repeat(32);
const KEY_ID = HASH.slice(0, 16);
const KEY = {
  keyHash: HASH,
  name: 'monitor',
  nodeId: null,
  permissions: ['publish'],
  ratePerMinute: 60,
} as const;
const LISTING: KeyListing = {
  keyId: KEY_ID,
  name: 'monitor',
  nodeId: null,
  permissions: ['publish'],
  rateLimit: 60,
  createdAt: AT,
  lastUsedAt: null,
  revokedAt: null,
  isActive: true,
};

function world(
  options: {
    keys?: readonly KeyListing[];
    blocked?: readonly BlockedNode[];
    unheard?: readonly string[];
    fails?: Error;
  } = {},
) {
  const commands: ControlCommand[] = [];
  const requests = new ClusterRequests({
    command: async (command): Promise<CommandOutcome> => {
      if (options.fails !== undefined) throw options.fails;
      commands.push(command);
      return { atMs: AT_MS, unheard: options.unheard ?? [] };
    },
    ask: async ({ type }: OperatorRequest) => ({
      type: 'made',
      answer: type === 'listKeys' ? (options.keys ?? []) : (options.blocked ?? []),
    }),
    hasNode: async (nodeId) => nodeId === 'node-1',
  });
  return { requests, commands };
}

describe('operators requests in a cluster', () => {
  test('a key is answered as it will stand, and may be revoked at once', async () => {
    const { requests, commands } = world();
    expect(await requests.reply({ type: 'createKey', key: KEY })).toEqual({ type: 'made', answer: LISTING });
    expect(await requests.reply({ type: 'revokeKey', keyId: KEY_ID })).toEqual({
      type: 'made',
      answer: { ...LISTING, revokedAt: AT, isActive: false },
    });
    expect(commands.map(({ type }) => type)).toEqual(['createKey', 'revokeKey']);
  });

  test('a node is blocked and unblocked at once, and one that was blocked before keeps its time', async () => {
    const { requests } = world({ blocked: [{ nodeId: 'node-2', blockedAt: 'earlier' }] });
    const answers = [
      await requests.reply({ type: 'blockNode', nodeId: 'node-1' }),
      await requests.reply({ type: 'blockNode', nodeId: 'node-2' }),
      await requests.reply({ type: 'unblockNode', nodeId: 'node-1' }),
    ].map((reply) => (reply.type === 'made' ? reply.answer : reply));
    expect(answers).toEqual([
      { nodeId: 'node-1', blockedAt: AT },
      { nodeId: 'node-2', blockedAt: 'earlier' },
      { nodeId: 'node-1' },
    ]);
  });

  test.each<[string, ControlCommand]>([
    ['a key that is not known', { type: 'revokeKey', keyId: KEY_ID }],
    ['a node that is not known', { type: 'forgetNode', nodeId: 'node-9' }],
    ['a node that is not blocked', { type: 'unblockNode', nodeId: 'node-1' }],
  ])('a command about %s is refused, and none is given', async (_name, command) => {
    const { requests, commands } = world();
    expect(await requests.reply(command)).toMatchObject({ type: 'refused', code: 'not_found' });
    expect(commands).toEqual([]);
  });

  test('too many blocked nodes are refused', async () => {
    const blocked = Array.from({ length: 10_000 }, (_none, index) => ({
      nodeId: `n${index}`,
      blockedAt: AT,
    }));
    const { requests } = world({ blocked });
    expect(await requests.reply({ type: 'blockNode', nodeId: 'node-1' })).toMatchObject({ code: 'too_many' });
    expect(await requests.reply({ type: 'blockNode', nodeId: 'n1' })).toMatchObject({ type: 'made' });
  });

  test('replicas that were not heard are named', async () => {
    const { requests } = world({ unheard: ['b', 'c'] });
    const reply = await requests.reply({ type: 'forgetNode', nodeId: 'node-1' });
    expect(reply).toMatchObject({ type: 'made', note: expect.stringContaining('b, c') });
  });

  test('a broker that does not confirm is told', async () => {
    const { requests } = world({ fails: new CodedError('cluster_unreachable', 'not confirmed') });
    expect(await requests.reply({ type: 'blockNode', nodeId: 'node-1' })).toEqual({
      type: 'refused',
      code: 'cluster_unreachable',
      sentence: 'not confirmed',
    });
  });

  test('questions and acknowledgements stay with this process', () => {
    const lost = { lost: 0, shed: 0, quarantined: 0 };
    const own: readonly OperatorRequest[] = [
      { type: 'listKeys' },
      { type: 'listBlocked' },
      { type: 'listMissing' },
      { type: 'acknowledge', upTo: lost },
    ];
    expect(own.map(isCommand)).toEqual([false, false, false, false]);
  });
});
