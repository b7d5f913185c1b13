// `doctor`: the judgements in a table, and each look at real files, ports and a real nats-server. What every program looks at
// in its own way is in the tests of the programs.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type DoctorSubject, findingsOf } from '../../src/cli/doctor.ts';
import { type Check, fail, type Finding, ok, warn } from '../../src/cli/finding.ts';
import { brokerClockFinding, brokerFindings } from '../../src/cli/doctor-broker.ts';
import {
  databaseChecks,
  fileSystemFinding,
  lockFinding,
  roomFinding,
  versionFinding,
} from '../../src/cli/doctor-database.ts';
import { memoryFinding, nodeFinding, timeSyncFinding } from '../../src/cli/doctor-machine.ts';
import { portCheck } from '../../src/cli/doctor-port.ts';
import { reachCheck } from '../../src/cli/doctor-reach.ts';
import { CodedError } from '../../src/lib/errors.ts';
import { openWriter } from '../../src/store/database.ts';
import { fileSystemNumbered, fileSystemOf } from '../../src/store/file-system.ts';
import { lockDatabase } from '../../src/store/lock.ts';
import { MINING_DATABASE } from '../../src/mining/store/mining-database.ts';
import { TRADES_DATABASE } from '../../src/trades/store/trades-database.ts';
import { freePort } from '../support/free-port.ts';
import { launchBroker } from '../support/program.ts';

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The grade and the name of each finding, and the text of the last one. */
const graded = (findings: readonly Finding[]) => findings.map(({ grade, what }) => `${grade} ${what}`);

async function looked(checks: readonly Check[]): Promise<readonly Finding[]> {
  const subject: DoctorSubject = { looksAt: '', examine: () => ({ warnings: [], checks }) };
  const findings = await findingsOf(subject, {}, {});
  // Without the settings before and the machine behind.
  return findings.slice(
    1,
    findings.findIndex(({ what }) => what === 'version'),
  );
}

describe('doctor', () => {
  it.each<[string, Finding, Finding['grade']]>([
    ['Node 24', nodeFinding('24.21.0'), 'ok'],
    ['Node 22', nodeFinding('22.1.0'), 'fail'],
    ['much memory', memoryFinding(0, 8e9), 'ok'],
    ['little allowed memory', memoryFinding(2e8, 8e9), 'warn'],
    ['no limit of memory', memoryFinding(2 ** 63, 8e9), 'ok'],
    ['a kept clock', timeSyncFinding('yes'), 'ok'],
    ['a free clock', timeSyncFinding('no'), 'warn'],
    ['a clock of which nothing is known', timeSyncFinding(null), 'ok'],
    ['much room', roomFinding('/a', { freeBytes: 5e9, sizeBytes: 1e10 }), 'ok'],
    ['less room', roomFinding('/a', { freeBytes: 8e8, sizeBytes: 1e10 }), 'warn'],
    ['no room', roomFinding('/a', { freeBytes: 4e8, sizeBytes: 1e10 }), 'fail'],
    ['NFS', fileSystemFinding('/a', fileSystemNumbered(0x6969), 'X'), 'fail'],
    ['CIFS, with a sign', fileSystemFinding('/a', fileSystemNumbered(0xff534d42 | 0), 'X'), 'fail'],
    ['tmpfs', fileSystemFinding('/a', fileSystemNumbered(0x01021994), 'X'), 'warn'],
    ['overlay', fileSystemFinding('/a', fileSystemNumbered(0x794c7630), 'X'), 'warn'],
    ['ext4', fileSystemFinding('/a', fileSystemNumbered(0xef53), 'X'), 'ok'],
    ['another file system', fileSystemFinding('/a', fileSystemNumbered(7), 'X'), 'ok'],
    ['the newest format', versionFinding('/a', 1, 3, 3), 'ok'],
    ['an older format', versionFinding('/a', 1, 2, 3), 'ok'],
    ['a newer format', versionFinding('/a', 1, 4, 3), 'fail'],
    ['no holder', lockFinding(null), 'ok'],
    ['a dead holder', lockFinding({ text: 'pid 1 on a', isAlive: false }), 'ok'],
    ['a holder elsewhere', lockFinding({ text: 'pid 1 on a', isAlive: null }), 'warn'],
    ['equal clocks', brokerClockFinding(1000, 1010, 1020), 'ok'],
    ['a slow answer', brokerClockFinding(1000, 90_000, 9000), 'ok'],
    ['a clock behind', brokerClockFinding(1000, 9000, 1010), 'warn'],
    ['a clock ahead', brokerClockFinding(90_000, 1000, 90_010), 'warn'],
  ])('doctor - judges %s', (_name, { grade, remedy }, expected) => {
    expect(grade).toBe(expected);
    expect(remedy === null).toBe(grade === 'ok');
  });

  it('doctor - wrong settings are findings, and the machine is looked at all the same', async () => {
    const subject: DoctorSubject = {
      looksAt: '',
      examine() {
        throw new CodedError('settings_invalid', '2 settings are wrong:\n  A: no\n  B: no');
      },
    };
    const findings = await findingsOf(subject, {}, {});
    expect(findings.slice(0, 2).map(({ grade, finding }) => [grade, finding])).toEqual([
      ['fail', 'A: no'],
      ['fail', 'B: no'],
    ]);
    expect(graded(findings)).toContain('ok SQLite');
    const usage = {
      ...subject,
      examine: () => {
        throw new CodedError('usage', 'no');
      },
    };
    await expect(findingsOf(usage, {}, {})).rejects.toThrow('no');
  });

  it('doctor - a look that fails is a finding', async () => {
    const throwing = (error: Error): Check => ({
      what: 'x',
      look: () => {
        throw error;
      },
    });
    const findings = await looked([
      throwing(new CodedError('not_found', 'There is none: make one.')),
      throwing(new TypeError('defect')),
      { what: 'y', look: () => Promise.resolve([ok('y', 'right'), warn('y', 'odd', 'look')]) },
      { what: 'z', look: () => [fail('z', 'wrong', 'correct it')] },
    ]);
    expect(graded(findings)).toEqual(['fail x', 'fail x', 'ok y', 'warn y', 'fail z']);
    expect(findings[0]?.finding).toBe('There is none: make one [not_found]');
  });

  it('doctor - a database: absent, unused, held, another program’s, no database; nothing is made', async () => {
    const folder = makeFolder();
    const path = join(folder, 'inner/a.db');
    const examined = { path, program: MINING_DATABASE, setting: 'X' };
    const place = ['ok folder', `${fileSystemOf(folder).kind === 'local' ? 'ok' : 'warn'} file system`];
    const absent = await looked(databaseChecks(examined));
    expect(graded(absent)).toEqual([...place, expect.stringMatching(/room/), 'ok database']);
    expect(absent[0]?.finding).toMatch(/inner would be made$/);
    expect(readdirSync(folder)).toEqual([]);

    mkdirSync(join(folder, 'inner'));
    openWriter(path, MINING_DATABASE).close();
    const files = readdirSync(join(folder, 'inner'));
    const unused = (await looked(databaseChecks(examined))).slice(3);
    expect(graded(unused)).toEqual(['ok database', 'ok lock']);
    expect(unused[0]?.finding).toMatch(new RegExp(`format ${MINING_DATABASE.migrations.length}$`));
    expect(readdirSync(join(folder, 'inner'))).toEqual(files);

    const lock = lockDatabase(path, MINING_DATABASE);
    const database = openWriter(path, MINING_DATABASE);
    const held = (await looked(databaseChecks(examined))).slice(3);
    expect(held.at(-1)?.finding).toContain(`the program runs (pid ${process.pid} on ${hostname()})`);
    database.close();
    lock.release();

    const others = (await looked(databaseChecks({ ...examined, program: TRADES_DATABASE }))).slice(3);
    expect(others.map(({ finding }) => finding)).toEqual([
      expect.stringMatching(/database of mining.*\[database_unusable\]$/),
    ]);
    const text = join(folder, 'text.db');
    writeFileSync(
      text,
      'no database, but text that is long enough for a header of one hundred bytes'.repeat(3),
    );
    expect(graded((await looked(databaseChecks({ ...examined, path: text }))).slice(3))).toEqual([
      'fail database',
    ]);
    const wrong = await looked(databaseChecks({ ...examined, path: join(text, 'b.db') }));
    expect(graded(wrong)[0]).toBe('fail folder');
  });

  it('doctor - a database whose end is missing, unless it may be in the log', async () => {
    const path = join(makeFolder(), 'a.db');
    openWriter(path, MINING_DATABASE).close();
    truncateSync(path, 5_000);
    const look = async () =>
      (await looked(databaseChecks({ path, program: MINING_DATABASE, setting: 'X' }))).slice(3);
    const cut = await look();
    expect(graded(cut)).toEqual(['fail database', 'ok lock']);
    expect(cut[0]?.finding).toContain(`the end of ${path} is missing`);
    writeFileSync(`${path}-wal`, 'x'.repeat(100));
    expect(graded(await look())).toEqual(['ok database', 'ok lock']);
  });

  it('doctor - a port: free, taken by another program, taken by the running program', async () => {
    const port = await freePort();
    const examined = {
      what: 'HTTP',
      host: '127.0.0.1',
      port,
      hostSetting: 'H',
      portSetting: 'P',
      isHttp: true,
    };
    const grades = async (isRunning: boolean, isHttp = true) =>
      (await looked([portCheck({ ...examined, isHttp, isRunning })])).map(({ grade }) => grade);
    expect(await grades(false)).toEqual(['ok']);
    expect(await grades(true)).toEqual(['warn']);
    const stranger = createServer((socket) => void socket.destroy()).listen(port, '127.0.0.1');
    await new Promise((done) => stranger.once('listening', done));
    expect(await grades(false)).toEqual(['fail']);
    expect(await grades(true)).toEqual(['fail']);
    expect(await grades(true, false)).toEqual(['ok']);
    const [taken] = await looked([portCheck({ ...examined, isRunning: false })]);
    expect(taken).toMatchObject({
      finding: `HTTP: 127.0.0.1:${port} is in use by another program (EADDRINUSE)`,
      remedy: 'stop that program, or set P to another port',
    });
    await new Promise((done) => stranger.close(done));
    const own = createHttpServer((_request, response) => response.end('{"status":"ok"}')).listen(
      port,
      '127.0.0.1',
    );
    await new Promise((done) => own.once('listening', done));
    expect(await grades(true)).toEqual(['ok']);
    await new Promise((done) => own.close(done));
    const [elsewhere] = await looked([portCheck({ ...examined, host: '192.0.2.1', isRunning: false })]);
    expect(elsewhere?.grade).toBe('fail');
    const [any] = await looked([portCheck({ ...examined, port: 0, isRunning: true })]);
    expect(any?.grade).toBe('ok');
  });

  it('doctor - another server takes connections, or not', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => server.once('listening', done));
    const { port } = server.address() as AddressInfo;
    const check = reachCheck('upstream', 'the upstream a', `http://127.0.0.1:${port}/x`, 'start it');
    expect(graded(await looked([check]))).toEqual(['ok upstream']);
    await new Promise((done) => server.close(done));
    const [away] = await looked([check]);
    expect(away).toMatchObject({
      grade: 'warn',
      finding: expect.stringContaining('ECONNREFUSED') as unknown,
    });
  });

  it('doctor - a broker: with and without JetStream, and away; it makes no stream', async () => {
    const login = {
      user: null,
      password: null,
      token: null,
      credsFile: null,
      caFile: null,
      certFile: null,
      keyFile: null,
    };
    const grades = async (url: string, needsStream: boolean) =>
      graded(
        await brokerFindings('doctor-test', {
          options: { ...login, servers: [url], inboxPrefix: null },
          remedy: 'start it',
          stream: 'ANY',
          needsStream,
        }),
      );
    const plain = await launchBroker({});
    expect(await grades(plain.url, false)).toEqual(['ok broker', 'warn JetStream']);
    expect(await grades(plain.url, true)).toEqual(['ok broker', 'fail JetStream']);
    const stored = await launchBroker({ storeFolder: makeFolder() });
    expect(await grades(stored.url, true)).toEqual(['ok broker', 'ok JetStream', 'ok stream']);
    expect(await grades(stored.url, true)).toEqual(['ok broker', 'ok JetStream', 'ok stream']);
    await plain.stop();
    expect(await grades(plain.url, false)).toEqual(['fail broker']);
  });
});
