import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { readSettings } from '../../../src/federation/config/settings.ts';
import type { ApiKey } from '../../../src/federation/domain/api-keys.ts';
import type { OperatorRequest } from '../../../src/federation/domain/operator-request.ts';
import { replyToOperatorRequest } from '../../../src/federation/store/operator-request-reply.ts';
import { Committer } from '../../../src/store/committer.ts';
import { openDatabase } from '../../../src/federation/store/open-database.ts';
import { NOW_MS, joined } from './events.ts';
import { testFolder } from './opened.ts';

const NODE = 'node-a';
const BUSY = {
  type: 'refused',
  code: 'database_unusable',
  sentence: 'The database cannot be written at the moment; the log says why. Nothing was changed.',
};
const LATER = {
  ...BUSY,
  sentence:
    'The database cannot be written at the moment; the log says why. The change is made as soon as it can be.',
};

let disk: ReturnType<typeof setUp>;
beforeEach(() => {
  disk = setUp();
});

/** A database with one node, on a disk that can be made to fail. */
function setUp() {
  const folder = testFolder('operator-request-reply');
  const { settings } = readSettings({ DB_PATH: folder.path('a.db') });
  const { database, lock, writer } = openDatabase(settings, NOW_MS, () => undefined);
  const state = { isFull: false };
  const committer = new Committer(
    { timeMaxMs: 60_000, retryMs: 60_000 },
    {
      commit() {
        if (state.isFull) throw new Error('full');
        writer.commit(NOW_MS, 0);
      },
      failed: () => undefined,
      recovered: () => undefined,
    },
  );
  const told: (readonly ApiKey[])[] = [];
  onTestFinished(() => {
    committer.stop();
    writer.current.close();
    lock.release();
    folder.remove();
  });
  writer.current.apply(joined(NODE), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 }, null);
  committer.flush();
  const reply = (request: OperatorRequest) =>
    replyToOperatorRequest(
      request,
      { nowMs: NOW_MS, brokerMs: NOW_MS },
      { writer, committer, keys: (keys) => told.push(keys) },
    );
  const nodes = () => database.prepare('SELECT count(*) FROM nodes').pluck().get();
  return { state, committer, writer, told, reply, nodes };
}

describe('operator request reply', () => {
  it('operator request reply - making a key sends the list of all keys to every thread', () => {
    const key = {
      keyHash: 'ab'.repeat(32),
      name: 'a key',
      nodeId: null,
      permissions: ['publish' as const],
      ratePerMinute: 60,
    };
    expect(disk.reply({ type: 'createKey', key })).toMatchObject({
      type: 'made',
      answer: { name: 'a key', isActive: true },
    });
    expect(disk.told).toMatchObject([[{ name: 'a key' }]]);
  });

  it('operator request reply - forgetting a node is on disk when the reply is sent', () => {
    expect(disk.reply({ type: 'forgetNode', nodeId: NODE })).toEqual({
      type: 'made',
      answer: { nodeId: NODE },
    });
    expect(disk.nodes()).toBe(0);
  });

  it('operator request reply - a request about an unknown key or node is refused with its error code', () => {
    expect(disk.reply({ type: 'forgetNode', nodeId: 'node-b' })).toEqual({
      type: 'refused',
      code: 'not_found',
      sentence: 'There is no node node-b in the database.',
    });
  });

  it('operator request reply - a request that is refused while commits fail changes nothing, also not later', () => {
    disk.state.isFull = true;
    disk.committer.flush();
    expect(disk.reply({ type: 'forgetNode', nodeId: NODE })).toEqual(BUSY);
    expect(disk.reply({ type: 'blockNode', nodeId: NODE })).toEqual(BUSY);
    disk.state.isFull = false;
    disk.committer.flush();
    expect(disk.nodes()).toBe(1);
    expect(disk.reply({ type: 'listBlocked' })).toEqual({ type: 'made', answer: [] });
  });

  it('operator request reply - a node whose commit fails is forgotten with the next commit, also by a new writer', () => {
    disk.state.isFull = true;
    expect(disk.reply({ type: 'forgetNode', nodeId: NODE })).toEqual(LATER);
    expect(disk.nodes()).toBe(1);
    disk.state.isFull = false;
    disk.writer.revert();
    disk.committer.flush();
    expect(disk.nodes()).toBe(0);
  });
});
