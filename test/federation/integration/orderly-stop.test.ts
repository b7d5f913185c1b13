import { copyFileSync, existsSync, statSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { type Aggregator, SERVE_WITH_SEAMS } from '../../support/aggregator.ts';
import type { OwnFolder } from '../../support/embedded.ts';
import { counted, send } from '../../support/federation.ts';
import { heartbeat, tasks } from '../../support/messages.ts';
import { connectTo, launch, testFolder } from '../../support/program.ts';
import { valueOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

const SLOW_QUESTIONS = new URL('../../support/slow-question-worker.ts', import.meta.url).href;

/** The number of rows of each kind in a copy of the file alone, without the files beside it. */
function alone({ folder, databasePath }: OwnFolder) {
  const log = statSync(`${databasePath}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const copy = `${folder}/alone.db`;
  copyFileSync(databasePath, copy);
  const database = new Sqlite(copy, { fileMustExist: true });
  const count = (table: string) => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
  const found = { log, nodes: count('nodes'), tasks: count('tasks') };
  database.close();
  return found;
}

/** Keeps questions running until the program ends. */
function ask(program: Aggregator, url: string): void {
  void (async () => {
    while (program.process.exitCode === null) {
      await fetch(`${url}/api/federation/nodes?sort=nodeId&page=1`).catch(() => undefined);
    }
  })();
}

describe('orderly stop', () => {
  it('orderly stop - after a stop with a question in the middle of its snapshot, the file alone is the complete database', async () => {
    const own = await testFolder('stop-question');
    const seams = { poolWorkerUrl: SLOW_QUESTIONS };
    const began = `${own.folder}/began`;
    const env = { ...own.env, QUESTION_BEGAN: began, SEAMS: JSON.stringify(seams) };
    const program = launch(env, SERVE_WITH_SEAMS);
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    await send(connection, [
      ...tasks(0, 200),
      ...Array.from({ length: 50 }, (_, at) => heartbeat(`node-${at + 1000}`)),
    ]);
    await counted(program, 250);
    const url = await program.url();
    ask(program, url);
    await until('the question to be under way', () => existsSync(began));
    expect(await program.stop()).toBe(0);
    expect(alone(own)).toEqual({ log: 0, nodes: 51, tasks: 200 });
  });

  it('orderly stop - after each of many stops under load, with questions running, the file alone is the complete database', async () => {
    const own = await testFolder('stop-load');
    const stops = Number(process.env['STOPS'] ?? 2);
    for (let stop = 0; stop < stops; stop++) {
      const program = launch({ ...own.env, WORKERS: '4' });
      await program.ready();
      const url = await program.url();
      const connection = await connectTo(own.natsUrl);
      for (let asker = 0; asker < 4; asker++) ask(program, url);
      const first = stop * 100_000;
      let sent = first;
      await until('a steady feed', async () => {
        await send(connection, [...tasks(sent, sent + 50), heartbeat(`node-${1000 + sent}`)]);
        sent += 50;
        return sent - first > 1000;
      });
      expect(await program.stop()).toBe(0);
      await connection.close();
      const { log, ...rows } = alone(own);
      expect({ stop, log }).toEqual({ stop, log: 0 });
      expect(rows.nodes).toBe(valueOf(own.databasePath, 'SELECT count(*) FROM nodes'));
      expect(rows.tasks).toBe(valueOf(own.databasePath, 'SELECT count(*) FROM tasks'));
    }
  });
});
