import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectConserved } from '../../support/conservation.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createOracle } from '../../../src/federation/simulator/oracle.ts';
import { createPlan } from '../../../src/federation/simulator/plan.ts';
import { sendPlan } from '../../../src/federation/simulator/sender.ts';
import { type Aggregator, SERVE_WITH_SEAMS } from '../../support/aggregator.ts';
import { tasks } from '../../support/messages.ts';
import { counted, send, shown } from '../../support/federation.ts';
import { expectRows } from '../../support/oracle-check.ts';
import { connectTo, launch, runToEnd, testFolder } from '../../support/program.ts';
import { rowsOf, valueOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function files(databasePath: string): string[] {
  return readdirSync(dirname(databasePath)).filter((name) => name.startsWith(basename(databasePath)));
}

/** Standard error without a terminal; long work also shows its progress. */
function phases(what: string): RegExp {
  return new RegExp(`^${what}: copying\n(${what}: copying \\d+ %\n)*${what}: verifying\n$`);
}

async function lastUpdatedAfter(program: Aggregator, ms: number): Promise<Record<string, unknown>> {
  return until('a tick after everything was committed', async () => {
    const { body } = await program.get('/api/federation/network-stats');
    return Date.parse(String(body['lastUpdated'])) > ms + 2000 ? body : null;
  });
}

describe('backup and restore', () => {
  it('backup and restore - a backup made under full load, restored after more load and a kill, ends with the numbers of an aggregator that read everything', async () => {
    const own = await testFolder('backup');
    const backup = `${own.folder}/backup.db`;
    const { messages } = createPlan({
      nodes: 60,
      ratePerMinute: 600,
      durationMs: 9000,
      seed: 5,
      nonce: `backup-${process.pid}`,
      duplicates: 0.2,
      disagree: 0.1,
      startAtMs: Date.now(),
    });
    let program = launch(own.env);
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    const say = (some: typeof messages) =>
      sendPlan(some, { outlet: connection, clock: systemClock, wait, onProgress: () => undefined });
    // The last messages are sent when the backup is complete, however long it takes.
    const first = messages.slice(0, -200);
    const startMs = messages[first.length]?.atMs ?? 0;
    const last = messages
      .slice(first.length)
      .map((message) => ({ ...message, atMs: message.atMs - startMs }));
    const feed = say(first);
    const committed = () =>
      Number(valueOf(own.databasePath, 'SELECT coalesce(sum(last_seq), 0) FROM ingest_position'));
    await until('a third of the load', () => committed() > messages.length / 3);

    expect(await program.metric('aggregator_last_backup_timestamp_seconds')).toBe(0);
    const beganMs = Date.now();
    const made = await runToEnd(own.env, ['backup', backup, '--json']);
    expect(await program.metric('aggregator_last_backup_timestamp_seconds')).toBeGreaterThanOrEqual(
      beganMs / 1000,
    );
    expect(made.stderr).toMatch(phases('backup'));
    expect(made.code).toBe(0);
    const upTo = Number(valueOf(backup, 'SELECT last_seq FROM ingest_position'));
    expect(JSON.parse(made.stdout)).toMatchObject({
      file: backup,
      readUpTo: { stream: 'TRUEBIT_INGEST', seq: upTo },
    });
    expect(upTo).toBeGreaterThan(messages.length / 3);
    expect(valueOf(backup, 'PRAGMA integrity_check')).toBe('ok');
    expect(statSync(backup).mode & 0o777).toBe(0o600);

    const refused = await runToEnd(own.env, ['restore', backup]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(new RegExp(`pid ${program.process.pid} on .*database_in_use`, 's'));

    await feed;
    await say(last);
    await until('more than the backup holds', () => committed() > upTo);
    program.process.kill('SIGKILL');
    await program.exit;
    const lost = committed();
    const restored = await runToEnd(own.env, ['restore', backup, '--json']);
    expect(restored.stderr).toMatch(phases('restore'));
    expect(restored.code).toBe(0);
    const { replaced } = JSON.parse(restored.stdout) as { replaced: string };
    expect(valueOf(replaced, 'SELECT last_seq FROM ingest_position')).toBe(lost);
    expect(committed()).toBe(upTo);
    expect(statSync(own.databasePath).mode & 0o777).toBe(0o600);

    program = launch(own.env);
    await program.ready();
    await until('everything to be committed', () => committed() === messages.length);
    const committedAtMs = Date.now();
    const oracle = createOracle();
    const outcomes = { applied: 0, duplicate: 0 };
    for (const message of messages) outcomes[oracle.record(message)]++;
    const expected = oracle.expected();
    const published = await lastUpdatedAfter(program, committedAtMs);
    expect(published).toMatchObject(expected.statistics as unknown as Record<string, unknown>);
    expectRows(own.databasePath, expected);
    expect(
      rowsOf(own.databasePath, 'SELECT first_seq, last_seq, applied, duplicate, lost FROM ingest_position'),
    ).toEqual([{ first_seq: 1, last_seq: messages.length, ...outcomes, lost: 0 }]);
    const audited = await runToEnd(own.env, ['audit', '--json']);
    expect(JSON.parse(audited.stdout)).toMatchObject({ drift: 0 });
    expect(audited.code).toBe(0);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });

  it('backup and restore - a refused backup or restore changes no file', async () => {
    const own = await testFolder('backup-refused');
    const backup = `${own.folder}/backup.db`;
    expect(await runToEnd(own.env, ['backup', backup])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/not_found/),
    });
    const program = launch(own.env);
    await program.ready();
    await send(await connectTo(own.natsUrl), tasks(0, 20));
    await counted(program, 20);
    expect(await runToEnd(own.env, ['backup'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/FILE is missing/),
    });
    expect(await runToEnd(own.env, ['backup', own.databasePath, '--overwrite'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is the database itself/),
    });
    expect(await runToEnd(own.env, ['backup', `${own.folder}/nowhere/backup.db`])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/copy_failed/),
    });
    expect(await runToEnd(own.env, ['backup', backup])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\S+backup\.db: [\d.]+ MiB, 20 tasks, .*; verified, [\d.]+ s\n$/),
      stderr: expect.stringMatching(phases('backup')),
    });
    const { ino } = statSync(backup);
    expect(await runToEnd(own.env, ['backup', backup])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/--overwrite.*backup_exists/),
    });
    expect(statSync(backup).ino).toBe(ino);
    expect((await runToEnd(own.env, ['backup', backup, '--overwrite'])).code).toBe(0);
    expect(statSync(backup).ino).not.toBe(ino);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);

    const before = statSync(own.databasePath).ino;
    const noDatabase = `${own.folder}/no.db`;
    writeFileSync(noDatabase, 'this is no database, whatever it is called'.repeat(100));
    for (const [file, said] of [
      [noDatabase, /backup_unusable/],
      [`${own.folder}/missing.db`, /There is no file/],
      [own.databasePath, /is the database itself/],
    ] as const) {
      const refused = await runToEnd(own.env, ['restore', file]);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(said) });
    }
    expect(statSync(own.databasePath).ino).toBe(before);
    expect(files(own.databasePath).filter((name) => /restoring|replaced|unfinished/.test(name))).toEqual([]);
    expect(existsSync(`${backup}.unfinished`)).toBe(false);
    expect(await runToEnd(own.env, ['restore', backup])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^\S+: restored from \S+backup\.db, 20 tasks, .*; the one before is \S+\n$/,
      ),
      stderr: expect.stringMatching(phases('restore')),
    });
  });
});

describe('audit', () => {
  it('audit - the running program audits itself, and a difference shows in metric, log and exit code', async () => {
    const own = await testFolder('audit');
    const env = { ...own.env, SEAMS: JSON.stringify({ auditIntervalMs: 300 }) };
    let program = launch(env, SERVE_WITH_SEAMS);
    await program.ready();
    await send(await connectTo(own.natsUrl), tasks(0, 50));
    await shown(program, { totalTasks: 50 });
    const audited = () => program.metric('aggregator_last_audit_timestamp_seconds');
    const committedAtMs = Date.now();
    await until('an audit of them', async () => (await audited()) * 1000 > committedAtMs + 300);
    expect(await program.metric('aggregator_rollup_drift')).toBe(0);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);

    const table = await runToEnd(own.env, ['audit']);
    expect(table).toMatchObject({ code: 0, stdout: expect.stringMatching(/all equal; 51 rows/) });
    const { default: Sqlite } = await import('better-sqlite3');
    const database = new Sqlite(own.databasePath);
    database.exec('UPDATE rollup_hours SET count = count + 1 WHERE dimension = 4');
    database.close();
    expect(await runToEnd(own.env, ['audit'])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/1 differ, which is a defect/),
    });
    program = launch(env, SERVE_WITH_SEAMS);
    await program.ready();
    await until('drift', async () => (await program.metric('aggregator_rollup_drift')) === 1);
    await until('the log', () =>
      program.log.find(({ msg }) => msg.startsWith('audit: 1 differ (hours are the rows: 1)')),
    );
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
    expect(await runToEnd({ ...own.env, DB_PATH: `${own.folder}/missing.db` }, ['audit'])).toMatchObject({
      code: 2,
    });
  });
});
