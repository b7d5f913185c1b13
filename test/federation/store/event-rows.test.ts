// The log of events in the database: what the writer appends, what it keeps, and what a forgotten node leaves.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EventQuery, ownEvent } from '../../../src/federation/domain/events.ts';
import { EVENTS_MAX, EventRows, PRUNED_EVENTS_MAX } from '../../../src/federation/store/event-rows.ts';
import { readEvents, readEventsAfter } from '../../../src/federation/workers/events.ts';
import { StoredValues } from '../../../src/store/stored-values.ts';
import type { NodeTransition } from '../../../src/lifecycle/node-state.ts';
import { markSeeded } from '../../../src/federation/store/last-run.ts';
import { RevertibleWriter } from '../../../src/federation/store/revertible-writer.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { joined, NO_LIMITS, NOW_MS } from './events.ts';
import { Opened, testFolder } from './opened.ts';

const ALL: EventQuery = { kinds: [], nodeId: null, fromMs: null, toMs: null, page: 1 };
const moment = { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 };
const to = (
  nodeId: string,
  from: NodeTransition['from'],
  state: NodeTransition['to'],
  atMs = NOW_MS,
): NodeTransition => ({ nodeId, atMs, observedMs: 0, from, to: state, cause: 'silence' });

let folder: ReturnType<typeof testFolder>;
let opened: Opened;
beforeEach(() => {
  folder = testFolder('event-rows');
  opened = new Opened(folder.path('a.db'));
});
afterEach(() => {
  opened.writer.close();
  folder.remove();
});

const read = (query: Partial<EventQuery> = {}) => readEvents(opened.database, { ...ALL, ...query });
const told = (query: Partial<EventQuery> = {}) =>
  read(query).events.map(({ id, kind, nodeId, from }) => [id, kind, nodeId, from]);

describe('events in the store', () => {
  it('has what happened, newest first, and only with the commit', () => {
    const { writer } = opened;
    for (const nodeId of ['node-1', 'node-2']) writer.applyNext(joined(nodeId), moment);
    opened.commit();
    writer.event(ownEvent('started', NOW_MS, { detail: 'first' }));
    writer.transition(to('node-1', null, 'online'));
    writer.transition(to('node-1', 'online', 'stale'));
    expect(told()).toEqual([]);
    opened.commit();
    expect(told()).toEqual([
      [3, 'node_stale', 'node-1', 'online'],
      [2, 'node_online', 'node-1', null],
      [1, 'started', null, null],
    ]);
    opened.reopen();
    opened.writer.transition(to('node-1', 'stale', 'offline'));
    opened.commit();
    expect(read().events[0]).toEqual({
      id: 4,
      at: new Date(NOW_MS).toISOString(),
      kind: 'node_offline',
      nodeId: 'node-1',
      from: 'stale',
      cause: 'silence',
      count: null,
      detail: null,
    });
    expect(readEventsAfter(opened.database, 2).map(({ id }) => id)).toEqual([3, 4]);
  });

  it('answers for kinds, a node, a span and a page', () => {
    const { writer } = opened;
    writer.applyNext(joined('node-1'), moment);
    opened.commit();
    for (let at = 0; at < 150; at++) {
      writer.event(ownEvent('lost', NOW_MS + at, { count: 1 }));
      if (at % 50 === 0) writer.transition(to('node-1', 'online', 'stale', NOW_MS + at));
    }
    opened.commit();
    expect(read()).toMatchObject({ page: 1, pages: 2, total: 153 });
    expect(read({ page: 2 }).events).toHaveLength(53);
    expect(read({ page: 3 }).events).toEqual([]);
    expect(read({ kinds: ['node_stale', 'node_offline'] }).total).toBe(3);
    expect(read({ kinds: ['node_offline'] }).total).toBe(0);
    expect(read({ nodeId: 'node-1' }).total).toBe(3);
    expect(read({ nodeId: 'node-2' }).total).toBe(0);
    expect(read({ kinds: ['lost'], fromMs: NOW_MS + 10, toMs: NOW_MS + 20 }).total).toBe(10);
  });

  it('a transition of a node that is gone is no event', () => {
    opened.writer.transition(to('node-1', 'online', 'stale'));
    opened.commit();
    expect(told()).toEqual([]);
  });

  it('forgetting a node erases its events, those that wait included, and no other; no id comes again', () => {
    const { writer } = opened;
    for (const nodeId of ['node-1', 'node-2']) writer.applyNext(joined(nodeId), moment);
    opened.commit();
    for (const nodeId of ['node-1', 'node-2', 'node-1']) writer.transition(to(nodeId, 'online', 'stale'));
    opened.commit();
    writer.transition(to('node-1', 'stale', 'offline'));
    writer.forget('node-1');
    opened.commit();
    expect(told()).toEqual([[2, 'node_stale', 'node-2', 'online']]);
    expect(folder.bytes('a.db').includes('node-1')).toBe(false);
    opened.reopen();
    opened.writer.event(ownEvent('ready', NOW_MS));
    opened.commit();
    expect(told()[0]).toEqual([4, 'ready', null, null]);
  });

  it('forgetting a node that was evicted erases the events that it left', () => {
    const { writer } = opened;
    writer.applyNext(joined('node-1'), moment);
    opened.commit();
    writer.transition(to('node-1', 'online', 'stale'));
    opened.commit();
    // As an eviction does: the row goes, and the events stay.
    opened.database.exec('DELETE FROM nodes');
    opened.reopen();
    expect(told()).toHaveLength(1);
    expect(opened.writer.forget('node-1')).toBe(true);
    opened.commit();
    expect(told()).toEqual([]);
    expect(opened.writer.forget('node-1')).toBe(false);
  });

  it(`keeps the newest ${EVENTS_MAX}, however many come at once`, () => {
    const stored = new StoredValues(opened.database);
    const rows = new EventRows(opened.database, stored);
    const commit = opened.database.transaction(() => {
      rows.write();
      stored.write();
    });
    const add = (count: number) => {
      for (let each = 0; each < count; each++) rows.add(ownEvent('lost', NOW_MS, { count: 1 }));
      commit();
      rows.committed();
      stored.committed();
      return opened.all('SELECT min(id) AS first, max(id) AS last, count(*) AS rows FROM events')[0];
    };
    expect(add(EVENTS_MAX)).toEqual({ first: 1, last: EVENTS_MAX, rows: EVENTS_MAX });
    expect(add(5)).toEqual({ first: 6, last: EVENTS_MAX + 5, rows: EVENTS_MAX });
    // Of more events at once than it keeps, the oldest get no row.
    expect(add(2 * EVENTS_MAX + 7)).toMatchObject({ rows: EVENTS_MAX });
  });

  it('retention deletes the old ones, some with each step, and none that is younger', () => {
    const { writer } = opened;
    const total = PRUNED_EVENTS_MAX + 10;
    for (let each = 0; each < total; each++)
      writer.event(ownEvent('lost', NOW_MS + (each === total - 1 ? 1 : 0), { count: 1 }));
    opened.commit();
    for (const left of [10, 1, 1]) {
      writer.pruneStep(NOW_MS + 1);
      opened.commit();
      expect(read().total).toBe(left);
    }
    opened.commit();
    expect(told()).toEqual([[total, 'lost', null, null]]);
  });

  it('an event from the future, of a clock that was set back, keeps no older one', () => {
    const { writer } = opened;
    writer.event(ownEvent('ready', NOW_MS + 1_000_000));
    for (let each = 0; each <= 2 * PRUNED_EVENTS_MAX; each++) writer.event(ownEvent('ready', NOW_MS));
    opened.commit();
    for (const left of [PRUNED_EVENTS_MAX + 2, 2, 1]) {
      writer.pruneStep(NOW_MS + 1);
      opened.commit();
      expect(read().total).toBe(left);
    }
  });

  it('a commit that fails changes nothing, and the next one has every event once', () => {
    const { writer } = opened;
    writer.event(ownEvent('ready', NOW_MS));
    opened.database.pragma('query_only = ON');
    expect(() => opened.commit()).toThrow('readonly');
    opened.database.pragma('query_only = OFF');
    writer.event(ownEvent('not_ready', NOW_MS, { detail: 'x' }));
    opened.commit();
    expect(told().map(([id, kind]) => [id, kind])).toEqual([
      [2, 'not_ready'],
      [1, 'ready'],
    ]);
  });
});

it('events in the store - a revert keeps those of the aggregator, each once', () => {
  const options = { limits: NO_LIMITS, generationSize: 2, placesLog2: 6, transitionsPerNodeMax: 10 };
  const writer = new RevertibleWriter(() => new FederationWriter(opened.database, options, 'test'));
  writer.event(ownEvent('not_ready', NOW_MS, { detail: 'x' }));
  writer.revert();
  writer.event(ownEvent('ready', NOW_MS));
  writer.commit(NOW_MS, 0);
  writer.revert();
  writer.commit(NOW_MS, 0);
  expect(told().map(([id, kind]) => [id, kind])).toEqual([
    [2, 'ready'],
    [1, 'not_ready'],
  ]);
});

describe('the last run', () => {
  const lastRun = () => {
    opened.reopen();
    return opened.writer.lastRun;
  };

  it('is none in a new database, and unknown in one that has nodes but no events', () => {
    expect(opened.writer.lastRun).toEqual({ end: 'none', aliveMs: null, restoredMs: null });
    opened.writer.applyNext(joined('node-1'), moment);
    opened.commit();
    expect(lastRun().end).toBe('unknown');
  });

  it('ended in order only if stopped is the last word, and was alive at its last commits', () => {
    opened.writer.event(ownEvent('started', NOW_MS, { detail: 'first' }));
    opened.commit();
    expect(lastRun()).toEqual({ end: 'not_in_order', aliveMs: NOW_MS, restoredMs: null });
    opened.writer.housekeep(NOW_MS + 9_999);
    opened.commit();
    expect(lastRun().aliveMs).toBe(NOW_MS);
    opened.writer.housekeep(NOW_MS + 10_000);
    opened.commit();
    expect(lastRun().aliveMs).toBe(NOW_MS + 10_000);
    opened.writer.event(ownEvent('stopped', NOW_MS + 12_000));
    opened.commit();
    expect(lastRun()).toEqual({ end: 'in_order', aliveMs: NOW_MS + 12_000, restoredMs: null });
  });

  it('of a database that another replica seeded is unknown, and has none of its events', () => {
    opened.writer.event(ownEvent('started', NOW_MS));
    opened.commit();
    markSeeded(opened.database, NOW_MS + 1);
    expect(lastRun()).toEqual({ end: 'unknown', aliveMs: null, restoredMs: NOW_MS + 1 });
    expect(told()).toEqual([]);
    opened.writer.event(ownEvent('restored', NOW_MS + 1));
    opened.writer.event(ownEvent('started', NOW_MS + 2));
    opened.commit();
    expect(lastRun()).toEqual({ end: 'not_in_order', aliveMs: NOW_MS + 2, restoredMs: null });
    expect(told().map(([id]) => id)).toEqual([3, 2]);
  });
});
