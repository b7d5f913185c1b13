// The promises to other programs (docs/federation.md#public-tables): every table and view of the file works in SQLite
// 3.40, beside the running program, and the documented way to look up one hash goes through an index.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, describe, it } from 'vitest';
import { expectConserved } from '../../support/conservation.ts';
import { send, shown } from '../../support/federation.ts';
import {
  hashOf,
  heartbeat,
  invoiceCreated,
  nodeLeft,
  taskCompleted,
  taskReceived,
} from '../../support/messages.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { type Row, rowsOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

const OPERATIONS = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
const HASHES = 6;

/** The output of the sqlite3 command line, 3.40, run as an operator would; throws its standard error. */
async function told(databasePath: string, sql: string): Promise<string> {
  const binary = process.env['SQLITE3_BIN'];
  if (binary === undefined) throw new Error('set SQLITE3_BIN, as scripts/test.sh does');
  return (await promisify(execFile)(binary, ['-readonly', '-json', databasePath, sql])).stdout;
}

async function sqlite3(databasePath: string, sql: string): Promise<readonly Row[]> {
  const json = await told(databasePath, sql);
  return json === '' ? [] : (JSON.parse(json) as readonly Row[]);
}

/** A running program with a few rows in every table. */
async function filled(name: string) {
  const own = await testFolder(name);
  const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
  const program = launch(at(broker.url, own, { PUBLISH_INTERVAL: '200' }));
  await program.ready();
  const messages = [heartbeat('node-0001'), heartbeat('node-0002')];
  for (let number = 0; number < HASHES; number++) {
    messages.push(taskReceived(number), invoiceCreated(number, 'node-0002'));
    if (number % 2 === 0) messages.push(taskCompleted(number, number % 4 === 0));
  }
  const connection = await connectTo(broker.url);
  await send(connection, messages);
  await shown(program, { totalTasks: HASHES, totalInvoices: HASHES, onlineNodes: 2 });
  await send(connection, [nodeLeft('node-0002')]);
  await shown(program, { onlineNodes: 1 });
  const { databasePath } = own;
  await until('a transition', () => rowsOf(databasePath, 'SELECT 1 FROM node_transitions').length > 0);
  return { databasePath, program };
}

describe('other readers', () => {
  it('other readers - every table and view works in SQLite 3.40 beside the running program', async () => {
    const { databasePath, program } = await filled('readers');
    const [version] = await sqlite3(databasePath, 'SELECT sqlite_version() AS version');
    expect(version?.['version']).toMatch(/^3\.40\./);
    const objects = await sqlite3(
      databasePath,
      `SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name`,
    );
    expect(objects.filter(({ type }) => type === 'view').length).toBeGreaterThan(4);
    for (const { name } of objects) await sqlite3(databasePath, `SELECT * FROM "${String(name)}" LIMIT 1000`);
    // Rows that no tick changes meanwhile equal, to the last column, those that a newer SQLite reads.
    for (const name of ['aggregated_tasks', 'aggregated_invoices', 'node_transitions']) {
      const rows = await sqlite3(databasePath, `SELECT * FROM ${name}`);
      expect(rows.length, name).toBeGreaterThan(0);
      expect(rows).toEqual(rowsOf(databasePath, `SELECT * FROM ${name}`));
    }
    for (const name of ['active_nodes', 'network_stats', 'network_stats_history', 'ingest_position'])
      expect((await sqlite3(databasePath, `SELECT * FROM ${name}`)).length, name).toBeGreaterThan(0);
    // The mark of the program: `fede`.
    expect(await sqlite3(databasePath, 'PRAGMA application_id')).toEqual([{ application_id: 0x66656465 }]);
    expect(await sqlite3(databasePath, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    await program.ready();
    await expectConserved(program, databasePath);
    expect(await program.stop()).toBe(0);
  });

  it('other readers - one hash is looked up through an index, by the command of the documentation', async () => {
    const { databasePath, program } = await filled('look-up');
    const [, documented = ''] =
      /sqlite3 -readonly -line data\/aggregator\.db "([^"]+ aggregated_tasks[^"]+)"/.exec(OPERATIONS) ?? [];
    expect(documented).toMatch(/[0-9a-f]{64}/);
    for (const [table, inner, column] of [
      ['aggregated_tasks', 'tasks', 'task_id_hash'],
      ['aggregated_invoices', 'invoices', 'invoice_id_hash'],
    ] as const) {
      const hash = hashOf(HASHES - 1);
      const sql = documented
        .replaceAll(/[0-9a-f]{64}/g, hash)
        .replaceAll('aggregated_tasks', table)
        .replaceAll(/\btasks\b/g, inner);
      expect((await sqlite3(databasePath, sql)).map((row) => row[column])).toEqual([hash]);
      const plan = await told(databasePath, `EXPLAIN QUERY PLAN ${sql}`);
      expect(plan).toMatch(new RegExp(`SEARCH ${inner} USING INDEX`));
      expect(plan).not.toMatch(new RegExp(`SCAN (${inner}|${table})`));
      // The same question without the index is checked too, otherwise this test could not fail.
      const whole = `EXPLAIN QUERY PLAN SELECT * FROM ${table} WHERE ${column} = '${hash}'`;
      expect(await told(databasePath, whole)).toContain(`SCAN ${inner}`);
    }
    await expectConserved(program, databasePath);
    expect(await program.stop()).toBe(0);
  });
});
