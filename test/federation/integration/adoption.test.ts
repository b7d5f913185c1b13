import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expectConserved } from '../../support/conservation.ts';
import { type Expected, writeEarlierDatabase } from '../../support/earlier-database.ts';
import { counted, send, shown } from '../../support/federation.ts';
import { heartbeat, tasks } from '../../support/messages.ts';
import { connectTo, launch, runToEnd, testFolder } from '../../support/program.ts';
import { rowsOf, valueOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

const KILLS = 6;
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The counts of tasks that the program must publish. */
function statisticsOf({ tasks: expected, invoices, nodes }: Expected): Record<string, number> {
  const rows = [...expected.values()];
  const count = (status: string) => rows.filter((row) => row.status === status).length;
  const [completedTasks, failedTasks] = [count('completed'), count('failed')];
  const cachedTasks = rows.filter(({ cached }) => cached === 1).length;
  const percent = (part: number) => Math.floor((part * 1000) / (completedTasks + failedTasks)) / 10;
  return {
    totalTasks: rows.length,
    completedTasks,
    failedTasks,
    cachedTasks,
    successRate: percent(completedTasks),
    cacheHitRate: percent(cachedTasks),
    totalInvoices: invoices,
    totalNodes: nodes,
  };
}

describe('adoption', () => {
  it('adoption - the real program takes the file over through kills, logs the report, and continues to count', async () => {
    const own = await testFolder('adoption');
    // One node was silent for 4 minutes: on a busy machine the test may take another one.
    const env = { ...own.env, AGGREGATOR_ID: 'adopter', OFFLINE_AFTER: '350000' };
    const expected = writeEarlierDatabase(own.databasePath, {
      tasks: 10_000,
      seed: 21,
      endMs: Date.now() - 1000,
    });
    const original = `${own.folder}/original.db`;
    copyFileSync(own.databasePath, original);

    let before = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const program = launch(env);
      // From the first moments of the start to the end of the adoption: the test varies this moment.
      await wait(250 + kill * 350);
      program.process.kill('SIGKILL');
      await program.exit;
      if (
        valueOf(own.databasePath, "SELECT type FROM sqlite_master WHERE name = 'aggregated_tasks'") ===
        'table'
      ) {
        before++;
        expect(valueOf(own.databasePath, 'SELECT count(*) FROM aggregated_tasks')).toBe(expected.rows.tasks);
      }
    }
    expect(before).toBeGreaterThan(0);

    const program = launch(env);
    // The test cannot look into the file, because the adoption has locked it.
    await until('the start', () => program.log.some(({ msg }) => msg.startsWith('dashboard: http')), 120_000);
    await program.ready();
    await shown(program, statisticsOf(expected));
    const copy = `${own.databasePath}.before-adoption`;
    const all = 'SELECT * FROM aggregated_tasks ORDER BY id';
    expect(JSON.stringify(rowsOf(copy, all)) === JSON.stringify(rowsOf(original, all))).toBe(true);
    const report = readFileSync(`${own.databasePath}.adoption.txt`, 'utf8');
    expect(report).toMatch(/^tasks: [\d,]+ rows before, 10,000 after; /);
    expect(report).toContain('success rate: ');

    // Two adopted nodes were heard in the last minutes; a new node and new tasks are added.
    const { body } = await program.get('/api/federation/network-stats');
    expect(body['activeNodes']).toBe(3);
    const connection = await connectTo(own.natsUrl);
    await send(connection, [...tasks(0, 100), heartbeat('node-0001')]);
    await counted(program, 101);
    await shown(program, { totalTasks: 10_100, totalNodes: expected.nodes + 1, activeNodes: 4 });
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
    expect(await runToEnd(env, ['audit'])).toMatchObject({ code: 0 });

    const again = launch(env);
    await again.ready();
    expect(again.log.filter(({ msg }) => msg.startsWith('database: adoption'))).toEqual([]);
    await expectConserved(again);
    expect(await again.stop()).toBe(0);
    expect(existsSync(`${copy}.unfinished`)).toBe(false);
  }, 240_000);

  it('adoption - a second program beside a running earlier aggregator is refused, and the report is in the log', async () => {
    const own = await testFolder('adoption-log');
    writeEarlierDatabase(own.databasePath, { tasks: 200, seed: 22, endMs: Date.now() - 1000 });
    const { default: Sqlite } = await import('better-sqlite3');
    const earlier = new Sqlite(own.databasePath);
    earlier.prepare('SELECT count(*) FROM aggregated_tasks').get();
    const refused = await runToEnd(own.env);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/stop the earlier aggregator.*database_in_use/),
    });
    earlier.close();
    const program = launch(own.env);
    await program.ready();
    const told = program.log.map(({ msg }) => msg).filter((msg) => msg.startsWith('database: adoption: '));
    expect(
      told.some((msg) => /tasks: 210 rows before, 200 after/.test(msg)),
      told.join('\n'),
    ).toBe(true);
    expect(told.at(-1)).toContain('.before-adoption');
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });
});
