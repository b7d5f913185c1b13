// `nodes list`, `nodes show`, `nodes blocked` and `events` on a database that another process writes.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ownEvent } from '../../../src/federation/domain/events.ts';
import { runCommand } from '../../support/command.ts';
import { COMPILED_CODE } from '../../support/compiled-code.ts';
import { MAIN } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { joined, NOW_MS } from '../store/events.ts';
import { Opened, testFolder } from '../store/opened.ts';

const moment = { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 };

/** Three nodes, of which one has come and gone, and a blocked id. */
function stored() {
  const folder = testFolder('event-commands');
  const path = folder.path('a.db');
  const opened = new Opened(path);
  onTestFinished(() => {
    opened.writer.close();
    folder.remove();
  });
  const { writer } = opened;
  for (const nodeId of ['node-a', 'node-b', 'node-c']) writer.applyNext(joined(nodeId), moment);
  writer.event(ownEvent('started', NOW_MS, { detail: 'first' }));
  opened.commit();
  const fact = { nodeId: 'node-b', atMs: NOW_MS };
  writer.transition({ ...fact, observedMs: 0, from: null, to: 'online', cause: 'sign_of_life' });
  writer.transition({ ...fact, observedMs: 3_000, from: 'online', to: 'offline', cause: 'left' });
  writer.blocked.block('node-x', NOW_MS);
  writer.commit(NOW_MS, 4_000);
  const run = (...args: readonly string[]) => runCommand(args, { DB_PATH: path });
  return { opened, path, run };
}

describe('commands that show', () => {
  it('commands that show - nodes in any order and state, one node, the blocked ids, and mistakes', async () => {
    const { run } = stored();
    const [list, sorted, json, show, shown, blocked, listed, gone, wrong, state] = await Promise.all([
      run('nodes', 'list'),
      run('nodes', 'list', '--sort=-uptime', '--limit', '2'),
      run('nodes', 'list', '--json', '--state', 'offline', '--search', 'NODE'),
      run('nodes', 'show', 'node-b'),
      run('nodes', 'show', 'node-b', '--json'),
      run('nodes', 'blocked'),
      run('nodes', 'list', '--blocked'),
      run('nodes', 'show', 'node-x'),
      run('nodes', 'list', '--sort', 'size'),
      run('nodes', 'list', '--state', 'gone'),
    ]);
    expect(list.stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 3).join(' '))).toEqual([
      'node state uptime',
      'node-a online 100.0 %',
      'node-b offline 75.0 %',
      'node-c online 100.0 %',
      '',
    ]);
    expect(sorted.stdout).toMatch(/^node .*\nnode-c .*\nnode-a .*\n2 of 3 nodes; --limit shows more\n$/);
    expect(JSON.parse(json.stdout)).toMatchObject({ nodes: [{ nodeId: 'node-b', uptime: 0.75 }], total: 1 });
    expect(show.stdout).toContain('uptime      75.0 % of 24h, 75.0 % of 7d, 75.0 % of 30d\n');
    expect(show.stdout).toContain('2026-01-15T10:30:00.000Z  online to offline  left\n');
    expect(JSON.parse(shown.stdout)).toMatchObject({
      uptime: { '7d': 0.75 },
      transitions: [{ cause: 'left' }],
    });
    expect([blocked.stdout, listed.stdout]).toEqual(
      Array(2).fill('node-x  blocked 2026-01-15T10:30:00.000Z\n'),
    );
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('There is no node node-x')]);
    expect([wrong.code, state.code]).toEqual([2, 2]);
    expect(wrong.stderr).toContain('--sort size: must be one of firstSeen');
  });

  it('commands that show - events by kind, node, time and number, oldest first, and mistakes', async () => {
    const { run } = stored();
    const [all, json, node, none, one, ...wrong] = await Promise.all([
      run('events'),
      run('events', '--kind', 'started,node_offline', '--json', '--since', '2026-01-15T10:30:00Z'),
      run('events', '--node', 'node-b', '--limit', '1'),
      run('events', '--since', '1m'),
      run('events', '--kind', 'lost'),
      run('events', '--kind', 'gone'),
      run('events', '--node', '<img>'),
      run('events', '--since', 'yesterday'),
      run('events', '--since', '5'),
      run('events', '--limit', '0'),
    ]);
    expect(all.stdout).toBe(
      `2026-01-15T10:30:00.000Z  The aggregator started with a new database.
2026-01-15T10:30:00.000Z  The node node-b was seen for the first time.
2026-01-15T10:30:00.000Z  The node node-b is offline: it announced that it leaves.
`,
    );
    const lines = json.stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { id: 1 },
      { id: 3, cause: 'left' },
    ]);
    expect(node.stdout).toMatch(/^\S+ {2}The node node-b is offline: .*\n$/);
    expect([none.stdout, one.stdout]).toEqual(['', '']);
    expect(wrong.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2]);
  });

  it('commands that show - --follow prints new events of the asked kinds as they come', async () => {
    const { opened, path } = stored();
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, [MAIN, 'events', '--follow', '--kind', 'lost', '--json'], {
      env: { PATH, ...COMPILED_CODE, DB_PATH: path },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    // Until it reads, it may or may not have seen an event: they come until one is shown.
    await until('an event to be shown', () => {
      opened.writer.event(ownEvent('lost', NOW_MS, { count: 7 }));
      opened.writer.event(ownEvent('shed', NOW_MS, { count: 7 }));
      opened.commit();
      return lines.length > 0;
    });
    const first = lines.map((line) => (JSON.parse(line) as { id: number }).id);
    await until('the next one', () => {
      opened.writer.event(ownEvent('lost', NOW_MS, { count: 7 }));
      opened.commit();
      return lines.length > first.length;
    });
    const ids = lines.map((line) => (JSON.parse(line) as { id: number }).id);
    // Each once, in order.
    expect(ids).toEqual([...new Set(ids)].toSorted((one, other) => one - other));
    child.kill('SIGINT');
    await until('the end', () => child.signalCode !== null || child.exitCode !== null);
  });
});
