// API keys on disk and in memory. A created or revoked key is written at once, by a command of a cluster with the next
// commit; its use (rate limit, last time) is written with each commit. Only hashes are stored; this file judges no signature.

import { type ApiKey, KeyBook, PERMISSIONS } from '../domain/api-keys.ts';
import type { KeyListing, NewKey } from '../domain/operator-request.ts';
import { advance, type Pace, pace } from '../../lib/pace.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/**
 * Maximum number of API keys, revoked ones included. When full, a new key replaces the key that was revoked longest
 * ago.
 */
export const API_KEYS_MAX = 10_000;

/** The use of a key, in memory. Changes are written with the next commit. */
export interface KeyUse {
  readonly row: number;
  readonly pace: Pace;
  limitDueMs: number;
  /** Greatest event time of a use of the key, ms since the epoch; 0 if it was never used. */
  lastUsedMs: number;
  isDirty: boolean;
}

interface KeyRow {
  id: number;
  key_hash: string;
  name: string;
  node_id: string | null;
  permissions: string;
  rate_limit: number;
  created_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
  limit_due_ms: number;
  created_event_ms: number | null;
  revoked_event_ms: number | null;
}

const KEY_ID_DIGITS = 16;

/** The table of API keys with its copy in memory. */
export class ApiKeyTable {
  /** All keys in their present state; the object itself never changes. */
  readonly book: KeyBook;
  readonly #uses = new Map<string, KeyUse>();
  readonly #insert: Statement;
  readonly #revoke: Statement;
  readonly #delete: Statement<[number]>;
  readonly #deleteLimit: Statement<[number]>;
  readonly #deleteMoments: Statement<[number]>;
  readonly #saveMoments: Statement;
  readonly #inOneStep: (run: () => void) => void;
  readonly #used: Statement;
  readonly #spent: Statement;
  #nextRow: number;
  /** Changes that the next commit writes. */
  #deferred: (() => void)[] = [];
  #isDeferring = false;
  #dirty: KeyUse[] = [];
  /** Ids of the keys whose event times the next commit writes. */
  #moved = new Set<string>();
  #isSettled = false;

  constructor(database: Database) {
    this.#insert = statement(
      database,
      'INSERT INTO api_keys (id, key_hash, name, node_id, permissions, rate_limit, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    this.#revoke = statement(database, 'UPDATE api_keys SET is_active = 0, revoked_at = ? WHERE id = ?');
    this.#delete = statement(database, 'DELETE FROM api_keys WHERE id = ?');
    this.#deleteLimit = statement(database, 'DELETE FROM api_key_limits WHERE key = ?');
    this.#deleteMoments = statement(database, 'DELETE FROM api_key_moments WHERE key = ?');
    this.#saveMoments = statement(
      database,
      `INSERT INTO api_key_moments (key, created_event_ms, revoked_event_ms) VALUES (?, ?, ?) ON CONFLICT DO UPDATE
         SET created_event_ms = excluded.created_event_ms, revoked_event_ms = excluded.revoked_event_ms`,
    );
    this.#inOneStep = database.transaction((run: () => void) => run());
    this.#used = statement(database, 'UPDATE api_keys SET last_used_at = ? WHERE id = ?');
    this.#spent = statement(
      database,
      'INSERT INTO api_key_limits (key, limit_due_ms) VALUES (?, ?) ON CONFLICT DO UPDATE SET limit_due_ms = excluded.limit_due_ms',
    );
    const rows = statement<[], KeyRow>(
      database,
      `SELECT id, key_hash, name, node_id, permissions, rate_limit, created_at, last_used_at, revoked_at,
           coalesce(limit_due_ms, 0) AS limit_due_ms, created_event_ms, revoked_event_ms
         FROM api_keys LEFT JOIN api_key_limits spent ON spent.key = id LEFT JOIN api_key_moments moments ON moments.key = id
         ORDER BY id`,
    ).all();
    this.#nextRow = Math.max(0, ...rows.map(({ id }) => id)) + 1;
    this.book = new KeyBook(rows.map(toKey));
    for (const row of rows) this.#uses.set(row.key_hash.slice(0, KEY_ID_DIGITS), toUse(row));
  }

  /** False if {@link settle} may still change the event time of a creation or revocation. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Runs `change`; the next commit writes the keys that it creates and revokes. */
  withNextCommit<T>(change: () => T): T {
    this.#isDeferring = true;
    try {
      return change();
    } finally {
      this.#isDeferring = false;
    }
  }

  /**
   * Writes a new key at once; a key that exists already stays as it is. `eventMs` is the best known reading of the
   * event clock at this moment. Errors: `too_many`.
   */
  create(key: NewKey, nowMs: number, eventMs: number): ApiKey {
    const keyId = key.keyHash.slice(0, KEY_ID_DIGITS);
    const known = this.book.find(keyId);
    if (known?.keyHash === key.keyHash) return known;
    // Key ids are 64 random bits, so this is hardly possible; still, one key must never replace another.
    if (known !== undefined) throw new Error('another key has the same id');
    this.#makeRoom();
    const createdAt = new Date(nowMs).toISOString();
    const { keyHash, name, nodeId, permissions, ratePerMinute } = key;
    const row = this.#nextRow;
    this.#store(() => {
      this.#insert.run(row, keyHash, name, nodeId, permissions.join(','), ratePerMinute, createdAt);
      this.#saveMoments.run(row, eventMs, null);
    });
    this.#nextRow++;
    const created: ApiKey = {
      ...key,
      keyId,
      createdAtMs: nowMs,
      revokedAtMs: null,
      createdEventMs: eventMs,
      revokedEventMs: null,
    };
    this.book.put(created);
    this.#uses.set(created.keyId, newUse(row, ratePerMinute));
    this.#isSettled = false;
    return created;
  }

  /**
   * Revokes a key at once; a key that was revoked before keeps its time. `eventMs` is as in {@link create}. Returns
   * null if no key has this id.
   */
  revoke(keyId: string, nowMs: number, eventMs: number): ApiKey | null {
    const key = this.book.find(keyId);
    const use = this.#uses.get(keyId);
    if (key === undefined || use === undefined) return null;
    if (key.revokedAtMs !== null) return key;
    this.#store(() => {
      this.#revoke.run(new Date(nowMs).toISOString(), use.row);
      this.#saveMoments.run(use.row, key.createdEventMs, eventMs);
    });
    const revoked = { ...key, revokedAtMs: nowMs, revokedEventMs: eventMs };
    this.book.put(revoked);
    this.#isSettled = false;
    return revoked;
  }

  /**
   * The ingest thread has taken every message that the broker stored before the newest change of a key, and the event
   * clock shows `eventMs`; all later messages come after the changes. If a creation or revocation was given a later
   * event time, a clock that was ahead had caused that. Its event time becomes `eventMs`, with the next commit.
   */
  settle(eventMs: number): void {
    this.#isSettled = true;
    for (const key of this.book.all) {
      const createdEventMs = Math.min(key.createdEventMs, eventMs);
      const revokedEventMs = key.revokedEventMs === null ? null : Math.min(key.revokedEventMs, eventMs);
      if (createdEventMs === key.createdEventMs && revokedEventMs === key.revokedEventMs) continue;
      this.book.put({ ...key, createdEventMs, revokedEventMs });
      this.#moved.add(key.keyId);
    }
  }

  /** The keys as operators see them, in the order of their creation. */
  list(): readonly KeyListing[] {
    return this.book.all.map((key) => this.listing(key));
  }

  /** One key as operators see it. */
  listing(key: ApiKey): KeyListing {
    return {
      keyId: key.keyId,
      name: key.name,
      nodeId: key.nodeId,
      permissions: key.permissions,
      rateLimit: key.ratePerMinute,
      createdAt: new Date(key.createdAtMs).toISOString(),
      lastUsedAt: toText(this.#uses.get(key.keyId)?.lastUsedMs ?? 0),
      revokedAt: toText(key.revokedAtMs ?? 0),
      isActive: key.revokedAtMs === null,
    };
  }

  /** The use of a key of the book. */
  useOf(key: ApiKey): KeyUse {
    const use = this.#uses.get(key.keyId);
    if (use === undefined) throw new Error('a key of the book has no row');
    return use;
  }

  /**
   * Records that a message signed with the key was admitted. `atMs` is its event time, `steadyMs` its time on the event
   * clock.
   */
  spend(use: KeyUse, atMs: number, steadyMs: number): void {
    use.limitDueMs = advance(use.pace, use.limitDueMs, steadyMs);
    this.#noteUse(use, atMs);
  }

  /** Records the use of a key over HTTP. The key may have been deleted meanwhile. */
  used(keyId: string, atMs: number): void {
    const use = this.#uses.get(keyId);
    if (use !== undefined) this.#noteUse(use, atMs);
  }

  /** Writes the changed uses and event times, inside the caller's transaction. */
  write(): void {
    for (const change of this.#deferred) change();
    for (const use of this.#dirty) {
      this.#used.run(toText(use.lastUsedMs), use.row);
      if (use.pace.intervalMs > 0) this.#spent.run(use.row, use.limitDueMs);
    }
    for (const keyId of this.#moved) {
      const key = this.book.find(keyId);
      const use = this.#uses.get(keyId);
      if (key !== undefined && use !== undefined)
        this.#saveMoments.run(use.row, key.createdEventMs, key.revokedEventMs);
    }
  }

  /**
   * The transaction that held {@link write} is committed. Returns true if keys were created or revoked in it, see
   * {@link withNextCommit}.
   */
  committed(): boolean {
    const hasChanged = this.#deferred.length > 0;
    this.#deferred = [];
    for (const use of this.#dirty) use.isDirty = false;
    this.#dirty = [];
    this.#moved.clear();
    return hasChanged;
  }

  #store(change: () => void): void {
    if (this.#isDeferring) this.#deferred.push(change);
    else this.#inOneStep(change);
  }

  #noteUse(use: KeyUse, atMs: number): void {
    use.lastUsedMs = Math.max(use.lastUsedMs, atMs);
    if (use.isDirty) return;
    use.isDirty = true;
    this.#dirty.push(use);
  }

  #makeRoom(): void {
    if (this.book.size < API_KEYS_MAX) return;
    const [oldest] = this.book.all
      .filter((key) => key.revokedAtMs !== null)
      .toSorted((one, other) => (one.revokedAtMs ?? 0) - (other.revokedAtMs ?? 0));
    const use = oldest === undefined ? undefined : this.#uses.get(oldest.keyId);
    if (oldest === undefined || use === undefined) {
      throw new CodedError(
        'too_many',
        `There are ${API_KEYS_MAX} API keys, and none is revoked: revoke one that is not used.`,
      );
    }
    this.#store(() => {
      this.#deleteLimit.run(use.row);
      this.#deleteMoments.run(use.row);
      this.#delete.run(use.row);
    });
    this.#uses.delete(oldest.keyId);
    this.#dirty = this.#dirty.filter((each) => each !== use);
    this.book.remove(oldest.keyId);
  }
}

function toKey(row: KeyRow): ApiKey {
  const permissions = row.permissions.split(',');
  const createdAtMs = Date.parse(row.created_at);
  const revokedAtMs = row.revoked_at === null ? null : Date.parse(row.revoked_at);
  return {
    keyId: row.key_hash.slice(0, KEY_ID_DIGITS),
    keyHash: row.key_hash,
    name: row.name,
    nodeId: row.node_id,
    permissions: PERMISSIONS.filter((permission) => permissions.includes(permission)),
    ratePerMinute: row.rate_limit,
    createdAtMs,
    revokedAtMs,
    // A key created before the event times existed has only its wall times.
    createdEventMs: row.created_event_ms ?? createdAtMs,
    revokedEventMs: revokedAtMs === null ? null : (row.revoked_event_ms ?? revokedAtMs),
  };
}

function toUse(row: KeyRow): KeyUse {
  return {
    ...newUse(row.id, row.rate_limit),
    limitDueMs: row.limit_due_ms,
    lastUsedMs: row.last_used_at === null ? 0 : Date.parse(row.last_used_at),
  };
}

/**
 * The burst is two minutes' worth, as for a node, because a monitor's minutes begin at other moments than the limit's.
 */
function newUse(row: number, ratePerMinute: number): KeyUse {
  const own = pace(ratePerMinute, 60_000, 2 * ratePerMinute);
  return { row, pace: own, limitDueMs: 0, lastUsedMs: 0, isDirty: false };
}

function toText(atMs: number): string | null {
  return atMs === 0 ? null : new Date(atMs).toISOString();
}
