import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type AgentState, openState } from '../../../src/agent/store/open-state.ts';

const NOW_MS = 1_768_473_000_000;
const quiet = () => undefined;

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-state-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'agent.db');
}

function open(path: string): AgentState {
  const state = openState({ path, nowMs: NOW_MS });
  return state;
}

/** A state with a fact in it; closed. */
function made(path: string): AgentState['opened']['identity'] {
  const state = open(path);
  remember(state, 'one');
  state.writer.change(() => state.writer.endPhase(), false);
  state.close(true, quiet);
  return state.opened.identity;
}

function remember({ writer }: AgentState, id: string): void {
  writer.change(() => {
    const key = writer.keyOf('received', id);
    writer.remember({ kind: 'received', key, chainId: '1', atMs: NOW_MS }, NOW_MS);
  }, false);
}

function knows({ writer }: AgentState, id: string): boolean {
  return writer.find('received', writer.keyOf('received', id)) !== null;
}

describe('openState', () => {
  test('makes a state that only its user can read, and finds it again', () => {
    const path = place();
    const identity = made(path);
    expect(identity.nodeId).toMatch(
      /^node-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(readdirSync(join(path, '..')).toSorted()).toEqual([
      'agent.db',
      'agent.db.identity',
      'agent.db.lock',
    ]);
    for (const name of ['', '.identity', '.lock']) expect(statSync(path + name).mode & 0o777).toBe(0o600);
    const again = open(path);
    expect(again.opened).toMatchObject({ identity, isNew: false, warnings: [] });
    expect(again.writer.phase).toBe('kept');
    expect(knows(again, 'one')).toBe(true);
    again.close(true, quiet);
  });

  test('a state in memory makes no file', () => {
    const state = openState({ path: null, nowMs: NOW_MS });
    remember(state, 'one');
    expect(knows(state, 'one')).toBe(true);
    expect(state.writer.phase).toBe('first');
    state.close(true, quiet);
  });

  type Damage = (path: string) => void;
  const damages: readonly (readonly [string, Damage, string | null])[] = [
    ['is empty', (path) => truncateSync(path, 0), null],
    ['is gone', (path) => rmSync(path), null],
    ['is no database', (path) => writeFileSync(path, 'x'.repeat(40_000)), 'agent.db.damaged'],
    ['is cut short', (path) => truncateSync(path, 3 * 4096), 'agent.db.damaged'],
    [
      'has a damaged page',
      (path) => {
        const bytes = readFileSync(path);
        bytes.fill(0x5a, 4096);
        writeFileSync(path, bytes);
      },
      'agent.db.damaged',
    ],
  ];
  test.each(damages)('a state file that %s is begun anew, under the same id', (_, damage, aside) => {
    const path = place();
    const identity = made(path);
    damage(path);
    const damaged = existsSync(path) ? readFileSync(path) : null;
    const state = open(path);
    expect(state.opened).toMatchObject({ identity, isNew: true });
    expect(state.opened.warnings).toHaveLength(1);
    expect(state.opened.warnings[0]).toContain('begun anew');
    expect(state.opened.warnings[0]).not.toContain('/');
    expect(state.writer.phase).toBe('anew');
    expect(knows(state, 'one')).toBe(false);
    // The local key is the same: names of facts are too.
    remember(state, 'one');
    if (aside !== null)
      expect(readFileSync(join(path, '..', aside)).equals(damaged ?? Buffer.alloc(0))).toBe(true);
    state.close(true, quiet);
    const again = open(path);
    expect(again.opened).toMatchObject({ identity, isNew: false, warnings: [] });
    expect(knows(again, 'one')).toBe(true);
    again.close(true, quiet);
  });

  test('without the file beside it, a lost state gets a new id, and a state that is whole keeps its own', () => {
    const path = place();
    const identity = made(path);
    rmSync(`${path}.identity`);
    const whole = open(path);
    expect(whole.opened).toMatchObject({ identity, isNew: false, warnings: [] });
    whole.close(true, quiet);
    rmSync(`${path}.identity`);
    truncateSync(path, 0);
    const lost = open(path);
    expect(lost.opened.identity.nodeId).not.toBe(identity.nodeId);
    expect(lost.opened.warnings[0]).toContain('new id');
    lost.close(true, quiet);
  });

  test.each([
    ['rubbish', 'no JSON'],
    ['another version', JSON.stringify({ version: 2 })],
    ['a short key', null],
  ])('a damaged file beside the state is written anew (%s)', (_, text) => {
    const path = place();
    const identity = made(path);
    const before = readFileSync(`${path}.identity`, 'utf8');
    writeFileSync(`${path}.identity`, text ?? before.replace(/"localKey": "../, '"localKey": "'));
    const state = open(path);
    expect(state.opened).toMatchObject({ identity, isNew: false });
    expect(state.opened.warnings).toHaveLength(1);
    state.close(true, quiet);
    const after = open(path);
    expect(after.opened.warnings).toEqual([]);
    after.close(true, quiet);
  });

  test('a copy from before the latest start is older, whenever it is put back', () => {
    const path = place();
    made(path);
    copyFileSync(path, `${path}.copy`);
    // Nothing is stored in between: the start alone counts.
    open(path).close(false, quiet);
    copyFileSync(`${path}.copy`, path);
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
    const state = open(path);
    expect(state.opened.warnings[0]).toContain('older copy');
    expect(state.writer.phase).toBe('anew');
    state.close(true, quiet);
  });

  test('a copy made while the agent ran is older once it has stopped in order', () => {
    const path = place();
    const state = open(path);
    remember(state, 'one');
    state.database.pragma('wal_checkpoint(TRUNCATE)');
    copyFileSync(path, `${path}.copy`);
    remember(state, 'two');
    state.close(true, quiet);
    copyFileSync(`${path}.copy`, path);
    const again = open(path);
    expect(again.opened.warnings[0]).toContain('older copy');
    again.close(true, quiet);
  });

  test('a copy of the latest stop is not older', () => {
    const path = place();
    made(path);
    copyFileSync(path, `${path}.copy`);
    copyFileSync(`${path}.copy`, path);
    const state = open(path);
    expect(state.opened.warnings).toEqual([]);
    state.close(true, quiet);
  });

  test('after a kill the state goes on where it was', () => {
    const path = place();
    const state = open(path);
    remember(state, 'one');
    state.close(false, quiet);
    const again = open(path);
    expect(again.opened.warnings).toEqual([]);
    expect(knows(again, 'one')).toBe(true);
    again.close(true, quiet);
  });

  test('the commit counter goes on over a lost state', () => {
    const path = place();
    made(path);
    const { commits } = JSON.parse(readFileSync(`${path}.identity`, 'utf8')) as { commits: number };
    truncateSync(path, 0);
    const state = open(path);
    expect(state.writer.values.commits).toBeGreaterThan(commits);
    state.close(true, quiet);
  });

  test('files of other programs are left as they are', () => {
    const path = place();
    const text = 'a file that matters to somebody, and has nothing to do with an agent\n'.repeat(100);
    writeFileSync(path, text);
    expect(() => open(path)).toThrow(expect.objectContaining({ code: 'database_unusable' }));
    expect(readFileSync(path, 'utf8')).toBe(text);
    rmSync(path);
    new Sqlite(path).exec('CREATE TABLE tasks (id)').close();
    expect(() => open(path)).toThrow(expect.objectContaining({ code: 'database_unusable' }));
    expect(existsSync(`${path}.damaged`)).toBe(false);
  });

  test('one process has a state', () => {
    const path = place();
    const state = open(path);
    expect(() => open(path)).toThrow(expect.objectContaining({ code: 'database_in_use' }));
    state.close(true, quiet);
  });
});
