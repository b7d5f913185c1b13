import { execFile } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { federation } from '../../src/federation/store/migrations/001-federation.ts';
import { MIGRATIONS } from '../../src/federation/store/migrations/index.ts';
import { writeEarlierDatabase } from '../support/earlier-database.ts';
import { NOW_MS } from '../federation/store/events.ts';
import { testFolder } from '../federation/store/opened.ts';

const SCRIPT = fileURLToPath(new URL('../support/open-and-die.ts', import.meta.url));
let folder: ReturnType<typeof testFolder>;
beforeEach(() => {
  folder = testFolder('killed-open');
});
afterEach(() => folder.remove());

/**
 * Opens the file in a process of its own, which dies before the given call; resolves with the number of calls if it
 * lives.
 */
function open(path: string, dieAt: number): Promise<number | 'killed'> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [SCRIPT, path, String(dieAt), String(NOW_MS)], (error, stdout, stderr) => {
      if (error === null) resolve(Number(stdout));
      else if (error.signal === 'SIGKILL') resolve('killed');
      else reject(new Error(stderr));
    });
  });
}

/** Everything that is neither random nor a view of something else, and the public views. */
function contents(path: string): Record<string, unknown[]> {
  const database = new Sqlite(path, { readonly: true });
  const names = database
    .prepare<[], string>(
      "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%'",
    )
    .pluck()
    .all()
    .filter((name) => !PRIVATE.has(name));
  const entries = names.map((name): [string, unknown[]] => [
    name,
    database
      .prepare(`SELECT * FROM ${name}`)
      .all()
      .map((row) => JSON.stringify(row))
      .toSorted(),
  ]);
  const version = database.pragma('user_version');
  const check = database.pragma('integrity_check');
  database.close();
  return { ...Object.fromEntries(entries), version: [version], check: [check] };
}

/** Views show these tables; apart from that they are internal and have random keys. */
const PRIVATE = new Set(['tasks', 'invoices', 'settings_kept', 'hash_filters']);

function expectEqual(
  found: Record<string, unknown[]>,
  expected: Record<string, unknown[]>,
  when: string,
): void {
  expect(Object.keys(found).toSorted(), when).toEqual(Object.keys(expected).toSorted());
  for (const [name, rows] of Object.entries(expected)) {
    expect(JSON.stringify(found[name]) === JSON.stringify(rows), `${name} ${when}`).toBe(true);
  }
}

/** The calls to die before: each of the first and the last ones, and some between. */
function moments(calls: number): number[] {
  const edge = 8;
  const all = Array.from({ length: calls }, (_, index) => index + 1);
  const step = Math.ceil((calls - 2 * edge) / 5);
  return all.filter((call) => call <= edge || call > calls - edge || call % step === 0);
}

async function expectBeforeOrAfter(original: string, copyName: string): Promise<void> {
  const undisturbed = folder.path('undisturbed.db');
  copyFileSync(original, undisturbed);
  const calls = await open(undisturbed, 0);
  if (calls === 'killed') throw new Error('nobody was to be killed');
  const before = contents(original);
  const after = contents(undisturbed);
  let undone = 0;
  const kill = async (moment: number) => {
    const path = folder.path(`killed-${moment}.db`);
    copyFileSync(original, path);
    expect(await open(path, moment)).toBe('killed');
    const found = contents(path);
    const isAfter = JSON.stringify(found['version']) === JSON.stringify(after['version']);
    if (!isAfter) undone++;
    expectEqual(found, isAfter ? after : before, `killed before call ${moment} of ${calls}`);
    // The copy is complete or absent, and it exists before the first change.
    const copy = `${path}.${copyName}`;
    if (isAfter || existsSync(copy)) expectEqual(contents(copy), before, `the copy, call ${moment}`);
    expect(await open(path, 0)).toBeGreaterThan(0);
    expectEqual(contents(path), after, `opened again after call ${moment}`);
    expectEqual(contents(copy), before, `the copy after the second start, call ${moment}`);
    expect(existsSync(`${copy}.unfinished`)).toBe(false);
  };
  const waiting = moments(calls);
  // Two at a time: most of the time is the start of a process.
  await Promise.all(
    [0, 1].map(async () => {
      for (let moment = waiting.shift(); moment !== undefined; moment = waiting.shift()) await kill(moment);
    }),
  );
  expect(undone).toBeGreaterThan(8);
}

describe('killed while opening', () => {
  it('killed while opening - an adoption leaves the file in the old or the new state, and a second start completes it', async () => {
    const original = folder.path('earlier.db');
    writeEarlierDatabase(original, { tasks: 1500, seed: 11, endMs: NOW_MS - 60_000 });
    await expectBeforeOrAfter(original, 'before-adoption');
  }, 240_000);

  it('killed while opening - migrations leave the file in the old or the new state, and the copy has the old version', async () => {
    const original = folder.path('version-1.db');
    const old = new Sqlite(original);
    old.pragma('journal_mode = WAL');
    old.exec(federation);
    old.pragma('user_version = 1');
    const insert = old.prepare(
      `INSERT INTO tasks (hash, first_ms, last_after_ms, created_after_ms, chain, type, outcome, reporters)
       VALUES (randomblob(32), ?, 1000, 5, 1, 1, 4, x'00000005')`,
    );
    old.exec("INSERT INTO labels VALUES (4, 1, '137'), (5, 1, 'wasm')");
    for (let task = 0; task < 500; task++) insert.run(NOW_MS + task);
    old.close();
    await expectBeforeOrAfter(original, `before-version-${MIGRATIONS.length}`);
  }, 240_000);
});
