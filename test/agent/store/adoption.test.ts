import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readMonitor } from '../../../src/agent/store/adoption.ts';
import { changeIdentity } from '../../../src/agent/store/change-identity.ts';
import { newNodeId, openState } from '../../../src/agent/store/open-state.ts';

const NODE_ID = 'node-0b5c1c54-7f6e-4b0a-9b0e-9a4de0c6c9d1';
/** The table as the monitors make it, the newest columns last. */
const COLUMNS = {
  first: 'enabled BOOLEAN DEFAULT 0, node_id TEXT, salt TEXT, share_tasks BOOLEAN DEFAULT 1',
  located:
    'enabled BOOLEAN DEFAULT 1, node_id TEXT, salt TEXT, share_tasks BOOLEAN DEFAULT 1, location_enabled BOOLEAN DEFAULT 1, location_label TEXT, location_lat REAL, location_lon REAL',
  continental:
    'enabled BOOLEAN DEFAULT 1, node_id TEXT, share_tasks BOOLEAN DEFAULT 1, location_enabled BOOLEAN DEFAULT 1, continent TEXT',
} as const;

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'agent-adoption-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function monitor(columns: string, row: Readonly<Record<string, unknown>> | null): string {
  const path = join(folder(), 'monitor.db');
  const database = new Sqlite(path);
  database.pragma('journal_mode = WAL');
  database.exec(`CREATE TABLE federation_settings (id INTEGER PRIMARY KEY CHECK (id = 1), ${columns})`);
  if (row !== null) {
    const names = Object.keys(row);
    database
      .prepare(
        `INSERT INTO federation_settings (id, ${names.join(', ')}) VALUES (1, ${names.map(() => '?').join(', ')})`,
      )
      .run(...Object.values(row));
  }
  database.close();
  return path;
}

describe('readMonitor', () => {
  const all = { nodeId: NODE_ID, isEnabled: true, sharesLocation: true, sharesTasks: true, continent: null };
  test.each([
    ['nothing opted out', COLUMNS.located, { node_id: NODE_ID }, all],
    [
      'out of the federation',
      COLUMNS.located,
      { node_id: NODE_ID, enabled: 0 },
      { ...all, isEnabled: false },
    ],
    [
      'out of places',
      COLUMNS.located,
      { node_id: NODE_ID, location_enabled: 0 },
      { ...all, sharesLocation: false },
    ],
    ['out of tasks', COLUMNS.located, { node_id: NODE_ID, share_tasks: 0 }, { ...all, sharesTasks: false }],
    ['an early version, not enabled', COLUMNS.first, { node_id: NODE_ID }, { ...all, isEnabled: false }],
    ['an early version, enabled', COLUMNS.first, { node_id: NODE_ID, enabled: 1 }, all],
    ['a continent', COLUMNS.continental, { node_id: NODE_ID, continent: ' eu' }, { ...all, continent: 'EU' }],
    ['no continent at all', COLUMNS.continental, { node_id: NODE_ID, continent: 'XX' }, all],
  ])('%s', (_, columns, row, expected) => {
    expect(readMonitor(monitor(columns, row))).toEqual(expected);
  });

  test.each([
    ['no row', COLUMNS.located, null],
    ['no node id', COLUMNS.located, { enabled: 1 }],
    ['another form of id', COLUMNS.located, { node_id: 'node-1' }],
    ['an id that is no UUID v4', COLUMNS.located, { node_id: NODE_ID.replace('-4b0a', '-1b0a') }],
  ])('refuses %s', (_, columns, row) => {
    expect(() => readMonitor(monitor(columns, row))).toThrow('no node id');
  });

  test('refuses a database of another kind, a file that is no database, and a file that is not there', () => {
    const path = join(folder(), 'other.db');
    new Sqlite(path).exec('CREATE TABLE tasks (id)').close();
    expect(() => readMonitor(path)).toThrow('no database of a node monitor');
    writeFileSync(path, 'no database at all, but longer than a header of one'.repeat(10));
    expect(() => readMonitor(path)).toThrow(expect.objectContaining({ code: 'database_unusable' }));
    expect(() => readMonitor(`${path}-gone`)).toThrow(expect.objectContaining({ code: 'not_found' }));
  });

  test('changes no byte of the file', () => {
    const path = monitor(COLUMNS.located, { node_id: NODE_ID });
    const before = readFileSync(path);
    readMonitor(path);
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

describe('changeIdentity', () => {
  test('an adopted identity is that of the next start, and stands beside the state file too', () => {
    const path = join(folder(), 'data', 'agent.db');
    const monitorSettings = readMonitor(monitor(COLUMNS.located, { node_id: NODE_ID, share_tasks: 0 }));
    const change = changeIdentity(path, 1_000, (identity) => ({ ...identity, ...monitorSettings }));
    expect(change).toMatchObject({ isNew: true, warnings: [], after: monitorSettings });
    rmSync(path);
    const state = openState({ path, nowMs: 2_000 });
    expect(state.opened.identity).toMatchObject(monitorSettings);
    expect(state.opened.warnings).toHaveLength(1);
    state.close(true, () => undefined);
  });

  test('a new node id also stands in the messages that wait', () => {
    const path = join(folder(), 'agent.db');
    const first = openState({ path, nowMs: 1_000 });
    const { nodeId } = first.opened.identity;
    first.writer.change(
      () =>
        first.writer.queue({ type: 'task_received', payload: `{"nodeId":"${nodeId}"}`, isHistory: false }),
      false,
    );
    first.close(true, () => undefined);
    const { after } = changeIdentity(path, 2_000, (identity) => ({ ...identity, nodeId: newNodeId() }));
    expect(after.nodeId).not.toBe(nodeId);
    const state = openState({ path, nowMs: 3_000 });
    expect(state.writer.nextMessages(false, new Map([['task_received', 0]]), 9)).toMatchObject([
      { payload: `{"nodeId":"${after.nodeId}"}` },
    ]);
    state.close(true, () => undefined);
  });
});
