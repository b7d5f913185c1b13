import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { ControlCommand, StoredCommand } from '../../../src/federation/domain/cluster.ts';
import {
  keyHashOf,
  keyIdOf,
  secretOf,
  signMessage,
} from '../../../src/federation/domain/message-signature.ts';
import { heartbeat, type Publication, taskReceived } from '../../support/messages.ts';
import { makeFastFolder } from '../simulated-weeks/fast-folder.ts';
import { NOW_MS } from '../store/events.ts';
import { entriesOf, type LogRound, roundOf, type Shard } from './log-of-rounds.ts';
import { LogReplica, rowsOf } from './log-replica.ts';

const folder = makeFastFolder('commands');
const opened: LogReplica[] = [];
afterEach(() => {
  for (const replica of opened.splice(0)) replica.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const newFile = () => join(folder, `${++files}.db`);

function open(path: string): LogReplica {
  const replica = new LogReplica(path);
  opened.push(replica);
  return replica;
}

function start(): LogReplica {
  const replica = open(newFile());
  replica.attachLog(0);
  return replica;
}

const KEY_HASH = keyHashOf('k'.repeat(43));
const KEY_ID = keyIdOf(KEY_HASH);
const CREATE: ControlCommand = {
  type: 'createKey',
  key: { keyHash: KEY_HASH, name: 'n', nodeId: 'node-1', permissions: ['publish'], ratePerMinute: 0 },
};

/** A command that counts from `atMs` on. */
function given(id: string, command: ControlCommand, atMs: number): StoredCommand {
  return { entry: { id, previous: null, by: 'r1', command }, atMs: atMs - 2000 };
}

/** One message a second, each in a round of its own, which was read at the end of its second. */
function logOf(
  publications: readonly (Publication & { readonly isSigned?: boolean })[],
): readonly LogRound[] {
  const messages = publications.map(({ subject, payload, isSigned = false }, index) => {
    const signature = signMessage(secretOf(KEY_HASH), subject, Buffer.from(payload));
    const credential = isSigned ? KEY_ID + signature : null;
    return { subject, payload, credential, seq: index + 1, atMs: NOW_MS + 1000 * index };
  });
  const shard: Shard = { source: { stream: 'S', incarnation: 'c' }, lastSeq: messages.length, messages };
  return messages.map(({ seq, atMs }) => roundOf(shard, seq - 1, seq, { atMs: atMs + 900 }));
}

const outcomes = (replica: LogReplica) => {
  const { received: _received, inFlight: _inFlight, ...rest } = replica.own.accounts;
  return rest;
};
const tasksOf = (replica: LogReplica) =>
  replica.own.column('SELECT hex(hash) FROM tasks').map((each) => Number(`0x${String(each)}`));

describe('commands in the log', () => {
  const publications = [0, 1, 2, 3, 4].map((task) => taskReceived(task, 'node-0001'));
  const block: ControlCommand = { type: 'blockNode', nodeId: 'node-0001' };

  it.each([
    ['just before the first message of its time', NOW_MS + 2000, [0, 1]],
    ['not before a message that is a millisecond earlier', NOW_MS + 2001, [0, 1, 2]],
    ['at the end of a round whose watermark is later', NOW_MS + 1500, [0, 1]],
    ['at once, if its time is past', NOW_MS - 60_000, []],
    ['not yet, if its time has not come', NOW_MS + 60_000, [0, 1, 2, 3, 4]],
  ])('commands in the log - one counts %s', (_when, atMs, applied) => {
    const replica = start();
    replica.command([given('c1', block, atMs)]);
    replica.read(logOf(publications), 1);
    expect(tasksOf(replica)).toEqual(applied);
    expect(replica.own.column('SELECT applied FROM commands')).toEqual([applied.length === 5 ? 0 : 1]);
    expect(replica.position.control).toBe('c1');
  });

  it('commands in the log - the end of a round counts even if no message comes', () => {
    const replica = start();
    const [first] = logOf(publications);
    replica.command([given('c1', block, NOW_MS + 500)]);
    replica.read(first === undefined ? [] : [first], 1);
    expect(replica.own.column('SELECT node_id FROM blocked_nodes')).toEqual(['node-0001']);
    expect(replica.own.column('SELECT blocked_at FROM blocked_nodes')).toEqual([
      new Date(NOW_MS - 1500).toISOString(),
    ]);
  });

  it('commands in the log - a key counts from its time on, and not after its revocation; main is told each time', () => {
    const replica = start();
    replica.command([
      given('c1', CREATE, NOW_MS + 1000),
      given('c2', { type: 'revokeKey', keyId: KEY_ID }, NOW_MS + 3000),
    ]);
    const log = logOf([0, 1, 2, 3].map((task) => ({ ...taskReceived(task, 'node-1'), isSigned: true })));
    const told = () => replica.main.filter(({ type }) => type === 'keys').length;
    replica.read(log.slice(0, 1), 1);
    expect([outcomes(replica), told()]).toEqual([{ rejected: 1 }, 0]);
    replica.read(log.slice(1, 3), 2);
    expect([outcomes(replica), told()]).toEqual([{ rejected: 1, applied: 2 }, 1]);
    replica.read(log.slice(3), 4);
    expect([outcomes(replica), told()]).toEqual([{ rejected: 2, applied: 2 }, 2]);
    expect(replica.own.column('SELECT created_event_ms FROM api_key_moments')).toEqual([NOW_MS + 1000]);
    expect(replica.own.column('SELECT revoked_event_ms FROM api_key_moments')).toEqual([NOW_MS + 3000]);
    replica.restart();
    expect(replica.own.writer.current.keys.list()).toMatchObject([{ keyId: KEY_ID, isActive: false }]);
  });

  it('commands in the log - a forgotten node is gone before the message, and begins anew with it under another number', () => {
    const replica = start();
    replica.command([given('c1', { type: 'forgetNode', nodeId: 'node-1' }, NOW_MS + 1000)]);
    replica.read(logOf([heartbeat('node-1'), heartbeat('node-1'), heartbeat('node-1')]), 1);
    expect(replica.own.column('SELECT number FROM nodes')).toEqual([2]);
    expect(replica.own.column('SELECT heartbeats FROM nodes')).toEqual([2]);
    replica.command([given('c2', { type: 'forgetNode', nodeId: 'node-1' }, NOW_MS + 4000)], false);
    const log = logOf([0, 1, 2, 3, 4].map(() => heartbeat('node-1')));
    replica.read(log.slice(3), 4);
    const commits = replica.main.filter((each) => each.type === 'committed');
    expect(commits.flatMap(({ gone }) => gone)).toEqual([2]);
    expect(replica.own.column('SELECT number FROM nodes')).toEqual([3]);
  });

  it.each<[string, ControlCommand]>([
    ['the revocation of a key that is not there', { type: 'revokeKey', keyId: KEY_ID }],
    ['a forgotten node that is not there', { type: 'forgetNode', nodeId: 'node-9' }],
    ['the unblocking of a node that is not blocked', { type: 'unblockNode', nodeId: 'node-9' }],
    ['a key made twice', CREATE],
    ['a second block', block],
  ])('commands in the log - %s has no effect, and is no error', (_what, command) => {
    const replica = start();
    replica.command(
      [
        given('c1', CREATE, NOW_MS + 1000),
        given('c2', block, NOW_MS + 1000),
        given('c3', command, NOW_MS + 2000),
      ].filter(({ entry }) => command.type !== 'revokeKey' || entry.id !== 'c1'),
    );
    replica.read(logOf(publications), 1);
    expect(replica.own.column('SELECT min(applied) FROM commands')).toEqual([1]);
    expect(replica.own.column('SELECT node_id FROM blocked_nodes')).toEqual(['node-0001']);
    expect(replica.main.some(({ type }) => type === 'failed')).toBe(false);
  });

  it('commands in the log - what the stream has lost is given back, oldest first, and counts once when it returns', () => {
    const replica = start();
    const first = given('c1', block, NOW_MS + 1000);
    const second = given('c2', { type: 'unblockNode', nodeId: 'node-0001' }, NOW_MS + 2000);
    const third = given('c3', CREATE, NOW_MS + 60_000);
    expect(replica.command([first, second, third])).toEqual([]);
    replica.read(logOf(publications).slice(0, 4), 1);
    expect(replica.command([second])).toEqual([first, third]);
    expect(replica.command([])).toEqual([first, second, third]);
    replica.command([given('c1', block, NOW_MS + 3000)], false);
    replica.read(logOf(publications).slice(4), 5);
    expect(tasksOf(replica)).toEqual([0, 2, 3, 4]);
    expect(replica.position.control).toBe('c3');
    replica.restart();
    expect(replica.command([])).toEqual([first, second, third]);
  });

  it('commands in the log - a kill or a failed commit between knowing and applying changes nothing', () => {
    const commands = [given('c1', block, NOW_MS + 2000), given('c2', CREATE, NOW_MS + 2000)];
    const log = logOf(publications);
    const plain = start();
    plain.command(commands);
    plain.read(log, 1);
    for (const fault of ['killed', 'killed uncommitted', 'failed', 'refused'] as const) {
      const replica = start();
      replica.command(commands);
      replica.batch(entriesOf(log.slice(0, 3), 1), fault);
      const from = replica.attachLog(log.length);
      replica.read(log.slice(from - 1), from);
      expect(rowsOf(replica, true)).toEqual(rowsOf(plain, true));
    }
  });

  it('commands in the log - a replica that was away, or comes from an earlier backup, judges every message as the others did', () => {
    const commands = [
      given('c1', CREATE, NOW_MS + 1000),
      given('c2', { type: 'forgetNode', nodeId: 'node-1' }, NOW_MS + 2000),
      given('c3', { type: 'blockNode', nodeId: 'node-2' }, NOW_MS + 3000),
      given('c4', { type: 'revokeKey', keyId: KEY_ID }, NOW_MS + 5000),
      given('c5', { type: 'unblockNode', nodeId: 'node-2' }, NOW_MS + 6000),
    ];
    const messages = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((task) => [
      { ...taskReceived(task, 'node-1'), isSigned: task > 0 },
      taskReceived(task, 'node-2'),
    ]);
    const log = logOf(messages);
    const one = start();
    one.command(commands.slice(0, 1));
    one.read(log.slice(0, 3), 1);
    const backup = newFile();
    one.own.database.exec(`VACUUM INTO '${backup}'`);
    for (const [index, command] of commands.entries()) if (index > 0) one.command([command], false);
    one.read(log.slice(3), 4);
    const other = open(backup);
    expect(other.attachLog(log.length)).toBe(4);
    other.command(commands);
    other.read(log, 1);
    expect(rowsOf(other, true)).toEqual(rowsOf(one, true));
    expect(other.position).toEqual(one.position);
  });
});
