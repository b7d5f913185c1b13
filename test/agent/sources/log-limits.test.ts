import { appendFileSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { CHUNK_BYTES_MAX } from '../../../src/agent/sources/file-content.ts';
import { GLOB_MATCHES_MAX } from '../../../src/agent/sources/globs.ts';
import { LOG_FILES_OPEN_MAX } from '../../../src/agent/sources/log-files.ts';
import {
  LOG_POSITIONS_MAX,
  type LogPosition,
  LogPositions,
} from '../../../src/agent/sources/log-positions.ts';
import { CAN_MOUNT, mountSmall } from '../../support/mounts.ts';
import { completion, completions, entry, ids, LogReader, logFolder, logFolderIn } from './log-fixtures.ts';

function openLogs(folder: string): number {
  let count = 0;
  for (const descriptor of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(folder)) count += 1;
    } catch {
      // It is closed already.
    }
  }
  return count;
}

describe('log limits', () => {
  it('log limits - a line of 50 MB is skipped and counted, and reading goes on (scenario 9)', async () => {
    const folder = logFolder();
    const path = join(folder, 'runner.log');
    writeFileSync(path, completions(0, 30));
    appendFileSync(path, entry(30, 'Message received from task_created: {"input":"').trimEnd());
    for (let megabyte = 0; megabyte < 50; megabyte += 1) appendFileSync(path, 'x'.repeat(1_000_000));
    appendFileSync(path, `","executionId":"lost"}\n${completions(31, 60)}`);
    const reader = new LogReader(folder);
    expect(await reader.readIds()).toEqual([...ids(0, 30), ...ids(31, 60)]);
    expect(reader.files.status()).toMatchObject({ problems: { too_long: 1 }, bytesBehind: 0 });
    expect(reader.steps.every(({ bytes }) => bytes <= CHUNK_BYTES_MAX)).toBe(true);
    const steps = reader.steps.length;
    expect(await reader.readIds()).toEqual([]);
    await reader.restart();
    expect(await reader.readIds()).toEqual([]);
    expect(reader.steps).toHaveLength(steps);
  });

  it('log limits - chunks of 1 to 64 bytes give the same entries (scenario 16)', async () => {
    const folder = logFolder();
    const text = `Message received from task_created:\n{"input":"ä€😀\\"{\\\\","executionId":\n"a-1"}`;
    writeFileSync(join(folder, 'runner.log'), completions(0, 15) + entry(15, text) + completions(16, 18));
    const whole = await new LogReader(folder).readAll();
    expect(whole).toHaveLength(18);
    for (let chunkBytes = 1; chunkBytes <= 64; chunkBytes += 7)
      expect(await new LogReader(folder, { chunkBytes }).readAll()).toEqual(whole);
  });

  it('log limits - of more logs than a glob may find the rest is not read, which is a problem', async () => {
    const folder = logFolder();
    for (let log = 0; log <= GLOB_MATCHES_MAX; log += 1) writeFileSync(join(folder, `${log}.log`), '');
    const reader = new LogReader(folder);
    expect(await reader.readIds()).toEqual([]);
    expect(reader.files.status().problems).toEqual({ too_many_files: 1 });
  });

  it('log limits - many logs need few descriptors', async () => {
    const folder = logFolder();
    for (let log = 0; log < LOG_FILES_OPEN_MAX + 20; log += 1)
      writeFileSync(join(folder, `${log}.log`), completions(log * 20, log * 20 + 20));
    const reader = new LogReader(folder);
    expect(await reader.readIds()).toHaveLength((LOG_FILES_OPEN_MAX + 20) * 20);
    expect(openLogs(folder)).toBe(LOG_FILES_OPEN_MAX);
    for (const log of [0, 7, LOG_FILES_OPEN_MAX + 19])
      appendFileSync(join(folder, `${log}.log`), completion(9_000 + log));
    expect(await reader.readIds()).toHaveLength(3);
    rmSync(join(folder, '0.log'));
    writeFileSync(join(folder, '0.log'), completions(10_000, 10_050));
    expect(await reader.readIds()).toEqual(ids(10_000, 10_050));
    await reader.files.close();
    expect(openLogs(folder)).toBe(0);
  });

  it('log limits - many old archives are remembered as read', async () => {
    const folder = logFolder();
    for (let log = 0; log < 200; log += 1)
      writeFileSync(join(folder, `${log}.log.gz`), gzipSync(completions(log * 20, log * 20 + 20)));
    const reader = new LogReader(folder);
    expect(await reader.readIds()).toEqual(ids(0, 4_000));
    const steps = reader.steps.length;
    await reader.restart();
    expect(await reader.readIds()).toEqual([]);
    expect(reader.steps).toHaveLength(steps);
  });

  it('log limits - of too many positions the oldest go that no file has', () => {
    const positions = new LogPositions([], (text) => text);
    const position = (number: number): LogPosition => ({
      key: `key ${number}`,
      identity: 'same',
      at: number,
      beforeHash: '',
      wholeGzip: null,
      atMs: number,
    });
    for (let number = 0; number < LOG_POSITIONS_MAX; number += 1) positions.set(position(number));
    positions.claim('key 0');
    expect(positions.dropFor('key 1')).toEqual([]);
    expect(positions.dropFor('new')).toEqual(['key 1']);
    positions.remove('key 1');
    expect(positions.dropFor('new')).toEqual([]);
  });

  it('log limits - positions of another form are left alone', async () => {
    const folder = logFolder();
    writeFileSync(join(folder, 'runner.log'), completions(0, 40));
    const stored = ['', '[]', '{"identity":1}', '{"identity":"a","at":-1,"beforeHash":""}', 'null'];
    const positions = stored.map((state, index) => ({ source: 'logs', key: `${index}`, state }) as const);
    expect(await new LogReader(folder, { positions }).readIds()).toEqual(ids(0, 40));
  });

  it.runIf(CAN_MOUNT).each([
    ['shorter', 50],
    ['longer', 300],
  ])(
    'log limits - a %s log that got the inode of another is read whole (scenario 5)',
    async (_name, length) => {
      const folder = logFolderIn(mountSmall(join(logFolder(), 'small'), 4_194_304));
      const path = join(folder, 'runner.log');
      writeFileSync(path, completions(0, 100));
      const { ino } = statSync(path);
      const reader = new LogReader(folder);
      expect(await reader.readIds()).toEqual(ids(0, 100));
      await reader.files.close();
      rmSync(path);
      // The file system gives the inode again, or another one: both must do.
      for (let tries = 0; tries < 100; tries += 1) {
        writeFileSync(path, completions(1_000, 1_000 + length));
        if (statSync(path).ino === ino) break;
        rmSync(path);
      }
      writeFileSync(path, completions(1_000, 1_000 + length));
      await reader.restart();
      expect(await reader.readIds()).toEqual(ids(1_000, 1_000 + length));
      expect(await reader.readIds()).toEqual([]);
    },
  );
});
