// The same on separate file systems: a small one that the test fills, and read-only ones. If this user may not mount,
// these tests do not run, and disk-faults.test.ts covers the rules with SQLite's own limit.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Aggregator } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import { counted, send } from '../../support/federation.ts';
import { tasks } from '../../support/messages.ts';
import { CAN_MOUNT, mountBound, mountSmall, run, works } from '../../support/mounts.ts';
import { at, connectTo, launch, launchBroker, runToEnd, testFolder } from '../../support/program.ts';
import { valueOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

const SIZE_BYTES = 64 * 1024 * 1024;

const scratch = mkdtempSync(join(tmpdir(), 'aggregator-freeze-'));
/** Files that not even root may write: needs a file system with such a flag, and root itself. */
const CAN_FREEZE = works(() => {
  const file = join(scratch, 'file');
  writeFileSync(file, '');
  run('chattr', '+i', file);
  run('chattr', '-i', file);
});
rmSync(scratch, { recursive: true });

/** The broker's stream is on another file system, which always has free space. */
async function settings(databasePath: (folder: string) => string) {
  const own = await testFolder('mounts');
  const broker = await launchBroker({ storeFolder: join(own.folder, 'broker') });
  const path = databasePath(own.folder);
  return { databasePath: path, env: { ...at(broker.url, own), DB_PATH: path }, url: broker.url };
}

async function refused(program: Aggregator, reason: string): Promise<void> {
  await until(`"${reason}" in /readyz`, async () => {
    const { status, body } = await program.get('/readyz');
    const { database } = body['components'] as { database: { ok: boolean; reason?: string } };
    return status === 503 && !database.ok && database.reason?.includes(reason) === true;
  });
}

/**
 * Leaves this share of the file system free; a second call may only leave more, so that there is never more free space
 * between two calls.
 */
function leaveFree(folder: string, share: number): void {
  const filler = join(folder, 'filler');
  const { bavail, blocks, bsize } = statfsSync(folder);
  const moreBytes = Math.floor(bavail - share * blocks) * bsize;
  if (existsSync(filler)) truncateSync(filler, statSync(filler).size + moreBytes);
  else writeFileSync(filler, Buffer.alloc(moreBytes));
}

function errorsOf(program: Aggregator): string[] {
  return program.log.filter(({ level }) => level === 'error').map(({ msg }) => msg);
}

describe.runIf(CAN_MOUNT)('small file system', () => {
  it('small file system - below 5 % free space no message is read, at 5.5 % still none, above 6 % reading continues', async () => {
    const { databasePath, env, url } = await settings((folder) => {
      mountSmall(join(folder, 'data'), SIZE_BYTES);
      return join(folder, 'data', 'a.db');
    });
    const folder = dirname(databasePath);
    const program = launch(env);
    await program.ready();
    const connection = await connectTo(url);
    await send(connection, tasks(0, 10));
    await counted(program, 10);
    expect(await program.metric('aggregator_disk_size_bytes')).toBe(SIZE_BYTES);
    leaveFree(folder, 0.045);
    await refused(program, '% free');
    expect(await program.metric('aggregator_disk_free_bytes')).toBeLessThan(0.05 * SIZE_BYTES);
    await send(connection, tasks(10, 20));
    leaveFree(folder, 0.055);
    await until('the look at 5.5 %', async () => {
      return (await program.metric('aggregator_disk_free_bytes')) > 0.05 * SIZE_BYTES;
    });
    await refused(program, '% free');
    expect(valueOf(databasePath, 'SELECT last_seq FROM ingest_position')).toBe(10);
    leaveFree(folder, 0.07);
    await counted(program, 20);
    await program.ready();
    expect(errorsOf(program)).toHaveLength(1);
    await expectConserved(program, databasePath);
    expect(await program.stop()).toBe(0);
  });

  it('small file system - a full file system refuses the commit, and with free space everything is stored', async () => {
    const { databasePath, env, url } = await settings((folder) => {
      mountSmall(join(folder, 'data'), SIZE_BYTES);
      return join(folder, 'data', 'a.db');
    });
    const folder = dirname(databasePath);
    const program = launch(env);
    await program.ready();
    const connection = await connectTo(url);
    await send(connection, tasks(0, 10));
    await counted(program, 10);
    // Statistics are still stored, until the last byte is used.
    works(() => leaveFree(folder, 0));
    await refused(program, '(SQLITE_FULL): the disk is full; make room on the file system of');
    await send(connection, tasks(10, 3000));
    rmSync(join(folder, 'filler'));
    await counted(program, 3000);
    await program.ready();
    expect(valueOf(databasePath, 'SELECT count(*) FROM tasks')).toBe(3000);
    expect(valueOf(databasePath, 'PRAGMA integrity_check')).toBe('ok');
    await expectConserved(program, databasePath);
    expect(await program.stop()).toBe(0);
  });

  it('small file system - if the file system is unmounted and mounted again, the program waits for its own file', async () => {
    const { databasePath, env, url } = await settings((folder) => {
      mountSmall(join(folder, 'disk'), SIZE_BYTES);
      mkdirSync(join(folder, 'data'));
      mountBound(join(folder, 'disk'), join(folder, 'data'));
      return join(folder, 'data', 'a.db');
    });
    const folder = dirname(databasePath);
    const program = launch(env);
    await program.ready();
    const connection = await connectTo(url);
    await send(connection, tasks(0, 10));
    await counted(program, 10);
    run('umount', '-l', folder);
    await send(connection, tasks(10, 20));
    await refused(program, 'its folder is not mounted');
    run('mount', '--bind', join(dirname(folder), 'disk'), folder);
    await counted(program, 20);
    await program.ready();
    await expectConserved(program, databasePath);
    expect(await program.stop()).toBe(0);
  });

  it('small file system - a read-only file system at the start ends the program with a sentence', async () => {
    const { databasePath, env } = await settings((folder) => join(folder, 'data', 'a.db'));
    const program = launch(env);
    await program.ready();
    expect(await program.stop()).toBe(0);
    const folder = dirname(databasePath);
    mountBound(folder, folder);
    run('mount', '-o', 'remount,bind,ro', folder);
    const ended = await runToEnd(env);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(folder);
    expect(ended.stderr).toContain('folder_not_writable');
  });
});

describe.runIf(CAN_FREEZE)('read-only file', () => {
  it('read-only file - a file made read-only while the program runs makes it wait, and loses no message', async () => {
    const { databasePath, env, url } = await settings((folder) => join(folder, 'data', 'a.db'));
    const program = launch(env);
    await program.ready();
    const connection = await connectTo(url);
    await send(connection, tasks(0, 10));
    await counted(program, 10);
    const log = `${databasePath}-wal`;
    run('chattr', '+i', log);
    onTestFinished(() => void works(() => run('chattr', '-i', log)));
    await send(connection, tasks(10, 20));
    await refused(program, 'cannot be written (SQLITE_IOERR_WRITE)');
    run('chattr', '-i', log);
    await counted(program, 20);
    await program.ready();
    expect(errorsOf(program)).toHaveLength(1);
    await expectConserved(program, databasePath);
    expect(await program.stop()).toBe(0);
  });

  it('read-only file - a read-only file at the start ends the program with a sentence', async () => {
    const { databasePath, env } = await settings((folder) => join(folder, 'data', 'a.db'));
    const program = launch(env);
    await program.ready();
    expect(await program.stop()).toBe(0);
    run('chattr', '+i', databasePath);
    onTestFinished(() => run('chattr', '-i', databasePath));
    const ended = await runToEnd(env);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(databasePath);
    expect(ended.stderr).toContain('folder_not_writable');
  });
});
