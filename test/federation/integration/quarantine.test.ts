// Messages that the writer cannot store, in the real program. The test makes them from outside: a trigger refuses a row
// when it is committed, a row with a label that does not exist breaks the merge.

import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { Aggregator } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import { counted, send } from '../../support/federation.ts';
import {
  hashOf,
  heartbeat,
  type Publication,
  taskCompleted,
  taskReceived,
  tasks,
} from '../../support/messages.ts';
import { connectTo, launch, testFolder } from '../../support/program.ts';
import { rowsOf, valueOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

const POISON = 666;

/** Changes the database as a defect of the program would. */
function meddle(databasePath: string, sql: string): void {
  const database = new Sqlite(databasePath, { timeout: 8000 });
  database.exec(sql);
  database.close();
}

function refuse(databasePath: string, ...numbers: number[]): void {
  const hashes = numbers.map((number) => `x'${hashOf(number)}'`).join(', ');
  meddle(
    databasePath,
    `CREATE TRIGGER poison BEFORE INSERT ON tasks WHEN new.hash IN (${hashes}) BEGIN SELECT RAISE(ABORT, 'no'); END`,
  );
}

/** 300 messages, those of the poisoned task in two places. */
function poisoned(): Publication[] {
  return [
    ...tasks(0, 100),
    taskReceived(POISON),
    ...tasks(100, 200),
    taskCompleted(POISON, true),
    ...tasks(200, 298),
  ];
}

function errorsOf(program: Aggregator): string[] {
  return program.log.filter(({ level }) => level === 'error').map(({ msg }) => msg);
}

describe('quarantine', () => {
  it('quarantine - a message that the commit refuses is set aside without its content, and the rest of its batch is stored', async () => {
    const own = await testFolder('quarantine');
    const program = launch(own.env);
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    refuse(own.databasePath, POISON);
    await send(connection, poisoned());
    await counted(program, 300);
    await program.ready();
    expect(await program.metric('aggregator_messages_total', 'outcome="quarantined"')).toBe(2);
    expect(await program.metric('aggregator_messages_total', 'outcome="applied"')).toBe(298);
    expect(valueOf(own.databasePath, 'SELECT count(*) FROM tasks')).toBe(298);
    expect(rowsOf(own.databasePath, 'SELECT seq, subject, code FROM quarantine ORDER BY seq')).toEqual([
      { seq: 101, subject: 'truebit.tasks.received', code: 'SQLITE_CONSTRAINT_TRIGGER' },
      { seq: 202, subject: 'truebit.tasks.completed', code: 'SQLITE_CONSTRAINT_TRIGGER' },
    ]);
    expect(rowsOf(own.databasePath, 'SELECT last_seq, applied, quarantined FROM ingest_position')).toEqual([
      { last_seq: 300, applied: 298, quarantined: 2 },
    ]);
    await expectConserved(program, own.databasePath);
    expect(errorsOf(program).at(-1)).toContain('set aside');
    expect(JSON.stringify(program.log)).not.toContain(hashOf(POISON));
    // Later messages are stored at once, and the same task is refused again.
    await send(connection, [...tasks(300, 310), taskReceived(POISON, 'node-0002')]);
    await counted(program, 311);
    expect(await program.metric('aggregator_messages_total', 'outcome="quarantined"')).toBe(3);
    expect(await program.stop()).toBe(0);
  });

  it('quarantine - a message that breaks the merge is set aside, and leaves no effect in memory', async () => {
    const own = await testFolder('quarantine');
    const before = launch(own.env);
    await before.ready();
    await send(await connectTo(own.natsUrl), [...tasks(0, 5), taskReceived(POISON)]);
    await counted(before, 6);
    expect(await before.stop()).toBe(0);
    meddle(own.databasePath, `UPDATE tasks SET chain = 999 WHERE hash = x'${hashOf(POISON)}'`);
    const program = launch(own.env);
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    // The node of the poisoned message is new: it must not remain.
    await send(connection, [
      ...tasks(5, 50),
      taskCompleted(POISON, true, 'node-poison'),
      heartbeat('node-0002'),
    ]);
    await counted(program, 47);
    await program.ready();
    expect(await program.metric('aggregator_messages_total', 'outcome="quarantined"')).toBe(1);
    expect(rowsOf(own.databasePath, 'SELECT seq, subject, code FROM quarantine')).toEqual([
      { seq: 52, subject: 'truebit.tasks.completed', code: 'Error' },
    ]);
    expect(valueOf(own.databasePath, 'SELECT group_concat(node_id) FROM nodes')).toBe('node-0001,node-0002');
    expect(valueOf(own.databasePath, 'SELECT count(*) FROM tasks')).toBe(51);
    await expectConserved(program, own.databasePath);
    expect(await program.stop()).toBe(0);
  });

  it('quarantine - on plain NATS, without sequences, a message is set aside too', async () => {
    const own = await testFolder('quarantine');
    const program = launch({ ...own.env, INGEST_MODE: 'core' });
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    refuse(own.databasePath, POISON);
    await send(connection, poisoned());
    await counted(program, 300);
    expect(await program.metric('aggregator_messages_total', 'outcome="quarantined"')).toBe(2);
    expect(valueOf(own.databasePath, 'SELECT count(*) FROM tasks')).toBe(298);
    expect(rowsOf(own.databasePath, 'SELECT seq, subject FROM quarantine ORDER BY rowid')).toEqual([
      { seq: null, subject: 'truebit.tasks.received' },
      { seq: null, subject: 'truebit.tasks.completed' },
    ]);
    await expectConserved(program, own.databasePath);
    expect(await program.stop()).toBe(0);
  });

  it('quarantine - a kill in the middle of the search changes nothing', async () => {
    const own = await testFolder('quarantine');
    const first = launch(own.env);
    await first.ready();
    const connection = await connectTo(own.natsUrl);
    refuse(own.databasePath, POISON, 10, 250);
    await send(connection, poisoned());
    await until('the search', () => errorsOf(first).some((line) => line.includes('looking for the message')));
    await until(
      'a part of the batch',
      () => Number(valueOf(own.databasePath, 'SELECT count(*) FROM tasks')) > 0,
    );
    first.process.kill('SIGKILL');
    await first.exit;
    const second = launch(own.env);
    await until('the end', () => valueOf(own.databasePath, 'SELECT last_seq FROM ingest_position') === 300);
    await second.ready();
    expect(rowsOf(own.databasePath, 'SELECT seq FROM quarantine ORDER BY seq').map(({ seq }) => seq)).toEqual(
      [11, 101, 202, 253],
    );
    expect(
      rowsOf(own.databasePath, 'SELECT first_seq, applied, quarantined, lost FROM ingest_position'),
    ).toEqual([{ first_seq: 1, applied: 296, quarantined: 4, lost: 0 }]);
    expect(valueOf(own.databasePath, 'SELECT count(*) FROM tasks')).toBe(296);
    await expectConserved(second, own.databasePath);
    expect(await second.stop()).toBe(0);
  });

  it('quarantine - a message that cannot even be set aside makes the program wait, and /readyz gives the reason', async () => {
    const own = await testFolder('quarantine');
    const program = launch(own.env);
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    refuse(own.databasePath, POISON);
    meddle(
      own.databasePath,
      `CREATE TRIGGER full BEFORE INSERT ON quarantine BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
    await send(connection, poisoned());
    await until('the reason', async () => {
      const { status, body } = await program.get('/readyz');
      return status === 503 && JSON.stringify(body).includes('not be set aside either');
    });
    // Every message before it is stored, and none behind it is taken.
    expect(valueOf(own.databasePath, 'SELECT last_seq FROM ingest_position')).toBe(100);
    meddle(own.databasePath, 'DROP TRIGGER full');
    await counted(program, 300);
    await program.ready();
    expect(await program.metric('aggregator_messages_total', 'outcome="quarantined"')).toBe(2);
    await expectConserved(program, own.databasePath);
    expect(await program.stop()).toBe(0);
  });

  it('quarantine - statistics rows that cannot be stored lose no message', async () => {
    const own = await testFolder('quarantine');
    const program = launch(own.env);
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    meddle(
      own.databasePath,
      `CREATE TRIGGER poison BEFORE INSERT ON network_stats BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
    await send(connection, tasks(0, 100));
    await until('the rows to be dropped', () =>
      errorsOf(program).some((line) => line.includes('were dropped')),
    );
    meddle(own.databasePath, 'DROP TRIGGER poison');
    await counted(program, 100, 'outcome="applied"');
    await program.ready();
    expect(valueOf(own.databasePath, 'SELECT count(*) FROM quarantine')).toBe(0);
    await expectConserved(program, own.databasePath);
    expect(await program.stop()).toBe(0);
  });
});
