import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectConserved } from '../../support/conservation.ts';
import { counted, send } from '../../support/federation.ts';
import { freePort } from '../../support/free-port.ts';
import { tasks } from '../../support/messages.ts';
import { CAN_MOUNT, mountBound } from '../../support/mounts.ts';
import { childrenBeside, connectTo, launch, runToEnd, testFolder } from '../../support/program.ts';
import { valueOf } from '../../support/rows.ts';

/** Settings without a broker, and the database in a folder below the test's. */
async function setUp(name: string) {
  const own = await testFolder(name);
  const home = join(own.folder, 'data');
  const databasePath = join(home, 'a.db');
  const away = join(own.folder, 'away');
  mkdirSync(home);
  mkdirSync(away);
  symlinkSync(home, join(own.folder, 'folder'));
  symlinkSync(databasePath, join(away, 'file.db'));
  symlinkSync('file.db', join(away, 'second.db'));
  const env = { ...own.env, DB_PATH: databasePath };
  const mute = { ...env, EMBEDDED_NATS: 'off', NATS_URL: `nats://127.0.0.1:${await freePort()}` };
  return { ...own, home, databasePath, away, env, mute };
}

describe('one database', () => {
  it('one database - a second program is refused however it spells the path, and commands reach the first program', async () => {
    const { databasePath, away, mute } = await setUp('one-database');
    // The target of the link does not exist yet.
    const first = launch({ ...mute, DB_PATH: join(away, 'second.db') });
    await first.url();
    const path = join(away, 'file.db');
    const through = { ...mute, DB_PATH: path };
    const refused = await runToEnd(through);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/\[database_in_use\]\n$/) });
    expect(refused.stderr).toContain(`in use by pid ${first.process.pid} on `);
    // The path as written, and the file that it leads to.
    expect(refused.stderr).toContain(`(DB_PATH ${path} leads to ${databasePath})`);
    expect(await runToEnd(through, ['keys', 'create', '--name', 'a'])).toMatchObject({ code: 0, stderr: '' });
    expect(valueOf(databasePath, 'SELECT count(*) FROM api_keys')).toBe(1);
    expect(await first.stop()).toBe(0);
    expect(readdirSync(away)).toEqual(['file.db', 'second.db']);
    expect(existsSync(`${databasePath}.lock`)).toBe(true);
  });

  it('one database - a second name of the file itself is refused, and no file is made beside it', async () => {
    const { databasePath, away, mute } = await setUp('one-database-hard');
    const first = launch(mute);
    await first.url();
    const other = join(away, 'other.db');
    linkSync(databasePath, other);
    for (const [args, code] of [
      [[], 1],
      [['audit'], 2],
      [['keys', 'list'], 1],
    ] as const) {
      const refused = await runToEnd({ ...mute, DB_PATH: other }, args);
      expect({ args, ...refused }).toMatchObject({
        code,
        stderr: expect.stringMatching(/has 2 names \(hard links\).*\[database_unusable\]\n$/),
      });
    }
    rmSync(other);
    expect(readdirSync(away).filter((name) => name.startsWith('other.db'))).toEqual([]);
    expect(await first.stop()).toBe(0);
  });

  it.runIf(CAN_MOUNT)(
    'one database - its folder mounted elsewhere is the same database, and the file mounted by itself is refused',
    async () => {
      const { folder, home, databasePath, away, mute } = await setUp('one-database-mounted');
      const first = launch(mute);
      await first.url();
      const bound = join(folder, 'bound');
      mkdirSync(bound);
      mountBound(home, bound);
      const refused = await runToEnd({ ...mute, DB_PATH: join(bound, 'a.db') });
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/\[database_in_use\]\n$/) });
      expect(refused.stderr).toContain(`in use by pid ${first.process.pid} on `);

      const other = join(away, 'other.db');
      writeFileSync(other, '');
      mountBound(databasePath, other);
      expect(await runToEnd({ ...mute, DB_PATH: other })).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/mount its folder.*\[database_unusable\]/),
      });
      expect(readdirSync(away).filter((name) => name.startsWith('other.db'))).toEqual(['other.db']);
      expect(await first.stop()).toBe(0);
    },
  );

  it('one database - a left-over broker is taken over through a link, and recognised by its files if its folder was moved', async () => {
    const { folder, home, databasePath, away, natsUrl, env } = await setUp('one-database-broker');
    const link = join(away, 'file.db');
    const first = launch({ ...env, DB_PATH: link });
    await first.ready();
    const connection = await connectTo(natsUrl);
    await send(connection, tasks(0, 20));
    await counted(first, 20);
    const said = `database: ${databasePath} (DB_PATH ${link} leads there)`;
    expect(first.log.map(({ msg }) => msg)).toContain(said);
    const children = childrenBeside(databasePath);
    first.process.kill('SIGKILL');
    await first.exit;
    expect(readdirSync(away)).toEqual(['file.db', 'second.db']);
    await send(connection, tasks(20, 30));

    const next = launch({ ...env, DB_PATH: join(folder, 'folder/a.db') });
    await next.ready();
    expect(childrenBeside(databasePath)).toEqual(children);
    await counted(next, 10);
    next.process.kill('SIGKILL');
    await next.exit;

    // The command line of the broker names a folder that no longer exists.
    const moved = join(folder, 'moved');
    renameSync(home, moved);
    const last = launch({ ...env, DB_PATH: join(moved, 'a.db') });
    await last.ready();
    await expectConserved(last, join(moved, 'a.db'));
    expect(await last.stop()).toBe(0);
    expect(valueOf(join(moved, 'a.db'), 'SELECT count(*) FROM tasks')).toBe(30);
    expect(childrenBeside(join(folder, 'x'))).toEqual([]);
  });

  it('one database - a restore through a link keeps the link', async () => {
    const { folder, home, databasePath, away, mute } = await setUp('one-database-restore');
    const program = launch(mute);
    await program.url();
    await program.stop();
    const through = { ...mute, DB_PATH: join(away, 'second.db') };
    const backup = join(folder, 'backup.db');
    expect(await runToEnd(through, ['backup', backup])).toMatchObject({ code: 0 });
    symlinkSync(backup, join(folder, 'backup-link.db'));
    expect(await runToEnd(through, ['restore', join(folder, 'backup-link.db')])).toMatchObject({ code: 0 });
    expect(readdirSync(away)).toEqual(['file.db', 'second.db']);
    expect(readlinkSync(join(away, 'file.db'))).toBe(databasePath);
    expect(readdirSync(home).some((name) => name.startsWith('a.db.replaced-'))).toBe(true);
  });

  it('one database - the second of two programs whose brokers would share a folder is refused', async () => {
    const { env, home } = await setUp('one-folder');
    const first = launch({ ...env, DB_PATH: join(home, 'a.db') });
    await first.ready();
    const brokers = childrenBeside(join(home, 'a.db'));
    const [port, wsPort] = [await freePort(), await freePort()];
    const otherPorts = { EMBEDDED_NATS_PORT: String(port), EMBEDDED_NATS_WS_PORT: String(wsPort) };
    for (const more of [{ EMBEDDED_NATS: 'auto' }, otherPorts]) {
      // Without `.db` the name of the default folder is the same.
      const ended = await runToEnd({ ...env, ...more, DB_PATH: join(home, 'a') });
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/^The folder .+\/a-nats of the embedded broker is in use by .+\n$/);
      expect(ended.stderr).toContain(`(pid ${first.process.pid} on `);
      expect(ended.stderr).toContain('[broker_folder_in_use]');
    }
    expect(childrenBeside(join(home, 'a.db'))).toEqual(brokers);
    await first.ready();
    expect(await first.stop()).toBe(0);
    const second = launch({ ...env, DB_PATH: join(home, 'a') });
    await second.ready();
    expect(await second.stop()).toBe(0);
  });
});
