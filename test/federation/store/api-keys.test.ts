import { statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { ApiKey } from '../../../src/federation/domain/api-keys.ts';
import type { NewKey } from '../../../src/federation/domain/operator-request.ts';
import { heartbeatOf } from '../../support/signals.ts';
import { hash, joined, NO_LIMITS, NOW_MS, received } from './events.ts';
import { Opened, testFolder } from './opened.ts';

let folder: ReturnType<typeof testFolder>;
beforeEach(() => {
  folder = testFolder('keys');
});
afterEach(() => folder.remove());

const newKey = (number: number, more: Partial<NewKey> = {}): NewKey => ({
  keyHash: number.toString(16).padStart(16, '0').padEnd(64, 'e'),
  name: `key ${number}`,
  nodeId: null,
  permissions: ['publish'],
  ratePerMinute: 60,
  ...more,
});
const at = (atMs: number) => ({ atMs, nowMs: NOW_MS, observedMs: 0 });

/** Applies `count` messages at one moment, and returns the outcome of each. */
function send(opened: Opened, count: number, atMs: number, key: ApiKey | null, nodeId = 'node-a') {
  const outcomes: Record<string, number> = {};
  for (let message = 0; message < count; message++) {
    const outcome = opened.writer.apply(heartbeatOf(nodeId), at(atMs), key);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return outcomes;
}

describe('API keys in the store', () => {
  it('API keys - making or revoking a key writes it to disk at once, without a commit', () => {
    const opened = new Opened(folder.path('a.db'));
    opened.writer.keys.create(
      newKey(1, { nodeId: 'node-a', permissions: ['publish', 'admin'] }),
      NOW_MS,
      NOW_MS,
    );
    opened.writer.keys.create(newKey(2, { ratePerMinute: 0 }), NOW_MS, NOW_MS);
    opened.writer.keys.revoke('0000000000000002', NOW_MS + 5, NOW_MS + 5);
    const before = opened.writer.keys.list();
    opened.reopen();
    expect(opened.writer.keys.list()).toEqual(before);
    expect(opened.all('SELECT * FROM api_keys')).toEqual([
      {
        id: 1,
        key_hash: newKey(1).keyHash,
        name: 'key 1',
        node_id: 'node-a',
        permissions: 'publish,admin',
        rate_limit: 60,
        created_at: '2026-01-15T10:30:00.000Z',
        last_used_at: null,
        is_active: 1,
        revoked_at: null,
      },
      {
        id: 2,
        key_hash: newKey(2).keyHash,
        name: 'key 2',
        node_id: null,
        permissions: 'publish',
        rate_limit: 0,
        created_at: '2026-01-15T10:30:00.000Z',
        last_used_at: null,
        is_active: 0,
        revoked_at: '2026-01-15T10:30:00.005Z',
      },
    ]);
  });

  it('API keys - a key revoked twice keeps its first time of revocation, and an unknown key is not revoked', () => {
    const opened = new Opened(folder.path('a.db'));
    const { keys } = opened.writer;
    keys.create(newKey(1), NOW_MS, NOW_MS);
    expect(keys.revoke('0000000000000001', NOW_MS, NOW_MS)?.revokedAtMs).toBe(NOW_MS);
    expect(keys.revoke('0000000000000001', NOW_MS + 1, NOW_MS + 1)?.revokedAtMs).toBe(NOW_MS);
    expect(keys.revoke('0000000000000009', NOW_MS, NOW_MS)).toBeNull();
  });

  it('API keys - a key made twice with the same hash is one key', () => {
    const { keys } = new Opened(folder.path('a.db')).writer;
    expect(keys.create(newKey(1), NOW_MS, NOW_MS)).toBe(
      keys.create(newKey(1, { name: 'again' }), NOW_MS + 1, NOW_MS + 1),
    );
    expect(keys.list()).toHaveLength(1);
  });

  it('API keys - a key has a rate of its own, on event time and over a crash, and does not use up the rate of its node', () => {
    const opened = new Opened(folder.path('a.db'), {
      limits: { ...NO_LIMITS, ratePerMinute: 6, rateBurst: 3 },
    });
    const key = opened.writer.keys.create(newKey(1, { ratePerMinute: 5 }), NOW_MS, NOW_MS);
    expect(send(opened, 12, NOW_MS, key)).toEqual({ applied: 10, rate_limited: 2 });
    opened.commit();
    expect(opened.column('SELECT last_used_at FROM api_keys')).toEqual(['2026-01-15T10:30:00.000Z']);
    opened.reopen();
    // Unsigned messages under the same id count against the node's rate, and never against the key's.
    expect(send(opened, 5, NOW_MS, null)).toEqual({ applied: 3, rate_limited: 2 });
    const again = opened.writer.keys.book.find(key.keyId) ?? key;
    expect(send(opened, 3, NOW_MS + 24_000, again)).toEqual({ applied: 2, rate_limited: 1 });
    opened.commit();
    expect(opened.column('SELECT last_used_at FROM api_keys')).toEqual(['2026-01-15T10:30:24.000Z']);
  });

  it('API keys - one key for several nodes has one rate, and rate 0 means no limit', () => {
    const opened = new Opened(folder.path('a.db'));
    const slow = opened.writer.keys.create(newKey(1, { ratePerMinute: 1 }), NOW_MS, NOW_MS);
    const free = opened.writer.keys.create(newKey(2, { ratePerMinute: 0 }), NOW_MS, NOW_MS);
    expect(send(opened, 1, NOW_MS, slow, 'node-a')).toEqual({ applied: 1 });
    expect(send(opened, 2, NOW_MS, slow, 'node-b')).toEqual({ applied: 1, rate_limited: 1 });
    expect(send(opened, 500, NOW_MS, free, 'node-b')).toEqual({ applied: 500 });
  });

  it('API keys - when the table is full, the key revoked longest ago is removed, and no other', () => {
    const opened = new Opened(folder.path('a.db'));
    const { keys } = opened.writer;
    for (let number = 1; number <= 10_000; number++) keys.create(newKey(number), NOW_MS, NOW_MS);
    const isFull = expect.objectContaining({ code: 'too_many' });
    expect(() => keys.create(newKey(10_001), NOW_MS, NOW_MS)).toThrow(isFull);
    keys.revoke('0000000000000007', NOW_MS + 2, NOW_MS + 2);
    keys.revoke('0000000000000009', NOW_MS + 1, NOW_MS + 1);
    keys.create(newKey(10_001), NOW_MS, NOW_MS);
    expect([keys.book.size, keys.book.find('0000000000000009')]).toEqual([10_000, undefined]);
    expect(keys.book.find('0000000000000007')).toBeDefined();
    expect(opened.column('SELECT count(*) FROM api_keys')).toEqual([10_000]);
    expect(opened.column('SELECT count(*) FROM api_key_moments')).toEqual([10_000]);
  });
});

describe('nodes by trust', () => {
  const trustOf = (opened: Opened) => {
    const { authenticated, claimed } = opened.writer.trust;
    return [authenticated, claimed];
  };

  it('nodes by trust - a node is authenticated if its newest message was signed, in any order and after a restart', () => {
    const opened = new Opened(folder.path('a.db'));
    const key = opened.writer.keys.create(newKey(1, { ratePerMinute: 0 }), NOW_MS, NOW_MS);
    const steps: [string, number, ApiKey | null, number[]][] = [
      ['node-a', 0, null, [0, 1]],
      ['node-a', 5, key, [1, 0]],
      ['node-a', 3, null, [1, 0]],
      ['node-b', 1, key, [2, 0]],
      ['node-b', 2, null, [1, 1]],
      ['node-b', 0, key, [1, 1]],
      ['node-c', 1, null, [1, 2]],
      ['node-a', 6, null, [0, 3]],
      ['node-a', 6, key, [1, 2]],
    ];
    for (const [nodeId, afterMs, signer, expected] of steps) {
      opened.writer.apply(joined(nodeId), at(NOW_MS + afterMs), signer);
      expect(trustOf(opened)).toEqual(expected);
    }
    opened.commit();
    opened.reopen();
    expect(trustOf(opened)).toEqual([1, 2]);
  });

  it('nodes by trust - a node that is pruned, evicted or forgotten is no longer counted', () => {
    const opened = new Opened(folder.path('a.db'), {
      limits: { ...NO_LIMITS, maxNodes: 3 },
      offlineAfterMs: 10,
    });
    const key = opened.writer.keys.create(newKey(1, { ratePerMinute: 0 }), NOW_MS, NOW_MS);
    for (const [nodeId, afterMs] of [
      ['node-a', 0],
      ['node-b', 100],
      ['node-c', 200],
    ] as const)
      opened.writer.apply(joined(nodeId), at(NOW_MS + afterMs), key);
    opened.commit();
    opened.writer.apply(joined('node-d'), at(NOW_MS + 300), null);
    expect(trustOf(opened)).toEqual([2, 1]);
    opened.writer.forget('node-c');
    expect(trustOf(opened)).toEqual([1, 1]);
    opened.prune(NOW_MS + 250);
    expect(trustOf(opened)).toEqual([0, 1]);
    opened.reopen();
    expect(trustOf(opened)).toEqual([0, 1]);
  });
});

describe('nodes forgotten and blocked', () => {
  it('nodes - forgetting a node removes its row and transitions, and no total shrinks', () => {
    const opened = new Opened(folder.path('a.db'));
    for (const nodeId of ['node-a', 'node-secret-b']) {
      opened.writer.apply(joined(nodeId), at(NOW_MS));
      opened.writer.apply(received(nodeId, hash(1)), at(NOW_MS));
    }
    opened.commit();
    const move = {
      atMs: NOW_MS,
      observedMs: 0,
      from: 'online' as const,
      to: 'stale' as const,
      cause: 'silence',
    };
    opened.writer.transition({ nodeId: 'node-secret-b', ...move });
    opened.commit();
    const before = opened.statistics().periods.all;
    const [number] = opened.column("SELECT number FROM nodes WHERE node_id = 'node-secret-b'");

    expect(opened.writer.forget('node-secret-b')).toBe(true);
    expect(opened.writer.forget('node-secret-b')).toBe(false);
    expect(opened.commit().report.gone).toEqual([number]);

    expect(opened.column('SELECT node_id FROM nodes')).toEqual(['node-a']);
    expect(opened.column('SELECT count(*) FROM transitions')).toEqual([0]);
    const after = opened.statistics().periods.all;
    expect(after).toEqual({ ...before, activeNodes: 1, staleNodes: 0, offlineNodes: 1 });
    expect([after.totalNodes, after.totalTasks]).toEqual([2, 1]);
    expect(opened.column('SELECT reporting_nodes FROM aggregated_tasks')).toEqual([2]);
    expect(folder.bytes('a.db').includes('node-secret-b')).toBe(false);
    expect(folder.bytes('a.db-wal').includes('node-secret-b')).toBe(false);

    // When it is heard again it is a new node.
    opened.writer.apply(joined('node-secret-b'), at(NOW_MS));
    opened.commit();
    expect(opened.column("SELECT number FROM nodes WHERE node_id = 'node-secret-b'")).not.toEqual([number]);
  });

  it('nodes - an unknown node cannot be forgotten, a known node without a row can', () => {
    const opened = new Opened(folder.path('a.db'));
    expect(opened.writer.forget('node-a')).toBe(false);
    opened.writer.apply(joined('node-a'), at(NOW_MS));
    expect(opened.writer.forget('node-a')).toBe(true);
    opened.commit();
    expect([opened.column('SELECT * FROM nodes'), opened.writer.totalNodes]).toEqual([[], 1]);
  });

  it('API keys - only the owner can read a new database and the files beside it, whatever the umask', () => {
    const before = process.umask(0);
    onTestFinished(() => void process.umask(before));
    const path = folder.path('new.db');
    new Opened(path).writer.commit(NOW_MS, 0);
    const modes = ['', '-wal', '-shm'].map((suffix) => statSync(path + suffix).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600, 0o600]);
  });

  it('nodes - a message of a blocked node stores nothing, signed or not, also after a restart, until the node is unblocked', () => {
    const opened = new Opened(folder.path('a.db'));
    const key = opened.writer.keys.create(newKey(1), NOW_MS, NOW_MS);
    opened.writer.apply(joined('node-a'), at(NOW_MS));
    opened.commit();
    const { blockedAt } = opened.writer.blocked.block('node-a', NOW_MS);
    expect(opened.writer.blocked.block('node-a', NOW_MS + 9)).toEqual({ nodeId: 'node-a', blockedAt });
    const dump = JSON.stringify([opened.dump()['nodes'], opened.dump()['tasks']]);
    opened.reopen();
    expect(opened.writer.blocked.list()).toEqual([
      { nodeId: 'node-a', blockedAt: '2026-01-15T10:30:00.000Z' },
    ]);
    for (const signer of [null, key]) {
      expect(opened.writer.apply(joined('node-a'), at(NOW_MS + 5), signer)).toBe('rate_limited');
      expect(opened.writer.apply(received('node-a', hash(1)), at(NOW_MS + 5), signer)).toBe('rate_limited');
    }
    opened.commit();
    expect(JSON.stringify([opened.dump()['nodes'], opened.dump()['tasks']])).toBe(dump);
    expect(opened.writer.apply(joined('node-b'), at(NOW_MS))).toBe('applied');
    expect(opened.writer.blocked.unblock('node-a')).toBe(true);
    expect(opened.writer.blocked.unblock('node-a')).toBe(false);
    expect(opened.writer.apply(joined('node-a'), at(NOW_MS + 5))).toBe('applied');
  });
});
