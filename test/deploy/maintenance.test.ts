// Backups, the drill, moving, uninstalling and the log: the commands of their pages, typed as they stand, in folders of the
// test, and the units of systemd as far as a test can judge them where no systemd runs.

import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { openFederationWriter } from '../../src/federation/store/federation-database.ts';
import { COMPILED_CODE } from '../support/compiled-code.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const run = promisify(execFile);

/** The commands of the first block below a heading, without their comments. */
function commandsOf(page: string, heading: string): string[] {
  const chapter = read(page).split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const block = /```console\n([^]*?)```/.exec(chapter)?.[1] ?? '';
  return block
    .split('\n')
    .flatMap((line) => (line.startsWith('$ ') ? [line.slice(2).replace(/ {2,}#.*$/, '')] : []));
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'maintenance-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A database as a federation leaves it, with one row of history. */
function database(path: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  openFederationWriter(path).close();
}

/** Types commands in the clone, one after the other, each of which must end with 0; resolves with what each printed. */
async function type(commands: readonly string[]): Promise<string> {
  const PATH = [process.env['SQLITE3_BIN']?.replace(/\/[^/]+$/, ''), process.env['PATH']].join(':');
  const env = { PATH, HOME: process.env['HOME'] ?? '', ...COMPILED_CODE };
  return (await run('sh', ['-euc', commands.join('\n')], { cwd: ROOT, env })).stdout;
}

describe('backups', () => {
  it('backups - the drill brings a copy back, recounts it and leaves nothing', async () => {
    const own = folder();
    database(join(own, 'live/aggregator.db'));
    const copy = `DB_PATH=${join(own, 'live/aggregator.db')} ./aggregator backup ${own}/day-1.db`;
    const drill = commandsOf('docs/backups.md', 'The drill');
    expect(drill).toHaveLength(6);
    const typed = drill.map((line) =>
      line.replaceAll('/backup/', `${own}/`).replaceAll('/tmp/drill', `${own}/drill`),
    );
    const printed = await type([copy, ...typed]);
    expect(printed).toContain('restored from');
    expect(printed).toMatch(/^all equal/m);
    expect(readdirSync(own).toSorted()).toEqual(['day-1.db', 'live']);
  });

  it('backups - the unit keeps a copy of the day and of the month', async () => {
    const own = folder();
    database(join(own, 'aggregator.db'));
    const unit = read('deploy/aggregator-backup.service');
    const [, script = ''] = /^ExecStart=\/bin\/sh -euc '((?:[^'\\]|\\\n)*)'$/m.exec(unit) ?? [];
    // What systemd makes of the line: it continues behind a backslash, and doubled signs are one.
    const made = script.replaceAll('\\\n', ' ').replaceAll('$$', '$').replaceAll('%%', '%');
    const copies = join(own, 'copies');
    mkdirSync(copies);
    const typed = made
      .replace('/opt/truebit-aggregator/node_modules/.bin/node', process.execPath)
      .replace('/opt/truebit-aggregator/dist/main.js', join(ROOT, 'src/main.ts'))
      .replace('/var/lib/truebit-aggregator-backups', copies);
    const env = { PATH: '/usr/bin:/bin', DB_PATH: join(own, 'aggregator.db'), ...COMPILED_CODE };
    await run('/bin/sh', ['-euc', typed], { cwd: copies, env });
    // The next week.
    await run('/bin/sh', ['-euc', typed], { cwd: copies, env });
    expect(readdirSync(copies).toSorted()).toEqual([
      expect.stringMatching(/^day-[1-7]\.db$/),
      expect.stringMatching(/^month-(0[1-9]|1[0-2])\.db$/),
    ]);
  });

  it('backups - the unit shares user, data and settings with the service, and the page names its folder', () => {
    const service = read('deploy/aggregator.service').split('\n');
    const unit = read('deploy/aggregator-backup.service').split('\n');
    for (const line of ['Environment=DB_PATH=', 'EnvironmentFile=', 'DynamicUser=', 'UMask=', 'LimitCORE=']) {
      const shared = service.find((each) => each.startsWith(line));
      expect(shared).toBeDefined();
      expect(unit).toContain(shared);
    }
    // A dynamic user has the name of its unit, and the page installs the service under this one.
    expect(unit).toContain('User=truebit-aggregator');
    expect(read('docs/operations.md')).toContain('/etc/systemd/system/truebit-aggregator.service');
    expect(unit).toContain('StateDirectory=truebit-aggregator truebit-aggregator-backups');
    const page = read('docs/backups.md');
    for (const name of [
      'aggregator-backup.service',
      'aggregator-backup.timer',
      '/var/lib/truebit-aggregator-backups',
    ])
      expect(page).toContain(name);
    expect(read('deploy/aggregator-backup.timer')).toMatch(/^OnCalendar=\*-\*-\* \d\d:\d\d:00$/m);
  });
});

describe('moving', () => {
  it('moving - the folder of an orderly stop is a whole database on the other machine', async () => {
    const own = folder();
    database(join(own, 'old/data/aggregator.db'));
    mkdirSync(join(own, 'new'));
    const commands = commandsOf('docs/moving.md', 'With the embedded broker');
    expect(commands).toHaveLength(3);
    const typed = commands.map((line) => line.replaceAll(/\/(?:srv|tmp)\//g, `${own}/`));
    expect(await type(typed)).toMatch(/^all equal/m);
  });

  it('moving - a stopped program is copied and put in place by the commands of the page', async () => {
    const own = folder();
    database(join(own, 'old.db'));
    const commands = commandsOf('docs/moving.md', 'With a broker of your own');
    const typed = commands
      .filter((line) => line.startsWith('./aggregator') && !line.includes('status'))
      .map((line) => line.replaceAll('/tmp/', `${own}/`));
    expect(typed).toHaveLength(3);
    const [rehearsal = '', copy = '', restore = ''] = typed;
    const printed = await type([
      `export DB_PATH=${own}/old.db`,
      rehearsal,
      copy,
      `export DB_PATH=${own}/elsewhere/new.db`,
      restore,
    ]);
    expect(printed).toContain('there was none before');
    expect(existsSync(join(own, 'elsewhere/new.db'))).toBe(true);
  });
});

describe('uninstalling', () => {
  it.runIf(existsSync(join(ROOT, '.git')))('uninstalling - a clone is as git made it, and then gone', () => {
    const own = folder();
    const clone = join(own, 'aggregator');
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'safe.directory=*', ...args], { cwd: own, encoding: 'utf8' });
    git('clone', '-q', ROOT, clone);
    for (const name of ['data/cluster', 'node_modules', '.cache/nats-server', 'dist'])
      mkdirSync(join(clone, name), { recursive: true });
    for (const name of ['data/aggregator.db', '.cache/lock', 'dist/main.js'])
      writeFileSync(join(clone, name), '');
    symlinkSync('/nonexistent', join(clone, 'node_modules/link'));
    const left = () => git('-C', clone, 'status', '--porcelain', '--ignored').split('\n').filter(Boolean);
    expect(left()).toHaveLength(4);
    const commands = commandsOf('docs/uninstall.md', 'A clone');
    expect(commands).toHaveLength(3);
    for (const line of commands.slice(0, 2)) execFileSync('sh', ['-euc', line], { cwd: clone });
    expect(left()).toEqual([]);
    execFileSync('sh', ['-euc', commands[2] ?? ''], { cwd: clone });
    expect(readdirSync(own)).toEqual([]);
  });

  it('uninstalling - the page names every unit, and the streams that the program makes', () => {
    const page = read('docs/uninstall.md');
    const units = readdirSync(join(ROOT, 'deploy')).filter((name) => /\.(service|timer)$/.test(name));
    expect(units.length).toBeGreaterThan(5);
    for (const name of units)
      expect(page).toContain(
        name === 'aggregator.service' ? `truebit-${name}` : name.replace('.service', ''),
      );
    for (const name of [
      'TRUEBIT_INGEST',
      'TRUEBIT_LOG_',
      'TRUEBIT_STATS',
      'TRUEBIT_CONTROL',
      'TRUEBIT_CLUSTER',
    ])
      expect(page).toContain(name);
  });
});

describe('log', () => {
  it('log - the line of the page is one that the program writes', async () => {
    const page = read('docs/logs.md');
    const [, example = ''] = /## One line\n\n```json\n(.*)\n```/.exec(page) ?? [];
    const settings = { NATS_URL: 'nats://127.0.0.1:9', HTTP_PORT: '0', DB_PATH: join(folder(), 'a.db') };
    const program = spawn(process.execPath, [join(ROOT, 'src/main.ts')], {
      env: { ...COMPILED_CODE, ...settings },
    });
    let printed = '';
    const told = new Promise<void>((resolve) => {
      program.stdout.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
        if (printed.includes('connection refused')) resolve();
      });
      program.once('close', () => resolve());
    });
    await told;
    program.kill('SIGINT');
    await new Promise((resolve) => program.once('close', resolve));
    const lines = printed
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const shown = JSON.parse(example) as Record<string, unknown>;
    const line = lines.find(({ msg }) => msg === shown['msg']);
    expect(Object.keys(line ?? {})).toEqual(Object.keys(shown));
    expect(line?.['level']).toBe(shown['level']);
    const members = new Set([...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name));
    for (const each of lines) for (const name of Object.keys(each)) expect(members).toContain(name);
  });

  it('log - the configurations of the page are well-formed, and name the units', () => {
    const page = read('docs/logs.md');
    for (const [, text = ''] of page.matchAll(/```json\n([^]*?)```/g))
      expect(JSON.parse(text)).toBeTypeOf('object');
    const [, vector = ''] = /```yaml\n([^]*?)```/.exec(page) ?? [];
    expect(parse(vector)).toMatchObject({
      sources: { aggregator: { include_units: expect.arrayContaining(['truebit-aggregator']) as unknown } },
    });
    expect(page).toContain('_SYSTEMD_UNIT=truebit-aggregator.service');
  });
});
