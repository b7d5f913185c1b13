import {
  appendFileSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { completion, completions, entry, ids, idsOf, logFolder, LogReader } from './log-fixtures.ts';

function logOf(content = ''): { readonly folder: string; readonly path: string; readonly reader: LogReader } {
  const folder = logFolder();
  const path = join(folder, 'runner.log');
  writeFileSync(path, content);
  return { folder, path, reader: new LogReader(folder) };
}

describe('log files', () => {
  it('log files - read what is there, then what comes', async () => {
    const { path, reader } = logOf(completions(0, 100));
    expect(await reader.readIds()).toEqual(ids(0, 100));
    appendFileSync(path, completions(100, 150));
    expect(await reader.readIds()).toEqual(ids(100, 150));
    expect(await reader.readIds()).toEqual([]);
  });

  it('log files - a restart on unchanged files reads nothing (scenario 2)', async () => {
    const { folder, reader } = logOf(completions(0, 100));
    writeFileSync(join(folder, 'old.log.gz'), gzipSync(completions(200, 300)));
    expect(await reader.readIds()).toHaveLength(200);
    const steps = reader.steps.length;
    for (let start = 0; start < 5; start += 1) {
      await reader.restart();
      expect(await reader.readIds()).toEqual([]);
    }
    expect(reader.steps).toHaveLength(steps);
  });

  it('log files - the last entry of a log that is renamed comes before the first of the new one', async () => {
    const { path, reader } = logOf(completions(0, 50));
    await reader.readAll();
    appendFileSync(path, completions(50, 60));
    renameSync(path, `${path}.1`);
    writeFileSync(path, completions(60, 70));
    expect(idsOf(await reader.read())).toEqual(ids(50, 59));
    expect(idsOf(await reader.read())).toEqual(ids(59, 70));
    expect(await reader.readIds()).toEqual([]);
  });

  it('log files - a renamed log is read through its descriptor, also under a name that no glob has (scenario 1)', async () => {
    const { folder, path, reader } = logOf(completions(0, 50));
    const old = openSync(path, 'a');
    onTestFinished(() => closeSync(old));
    await reader.readIds();
    renameSync(path, join(folder, 'kept-elsewhere'));
    const found: string[] = [];
    for (let second = 0; second < 5; second += 1) {
      writeSync(old, completions(50 + second * 10, 60 + second * 10));
      found.push(...(await reader.readIds()));
    }
    writeFileSync(path, completions(100, 120));
    writeSync(old, completions(120, 121));
    found.push(...(await reader.readIds()));
    expect(found.toSorted()).toEqual(ids(50, 121).toSorted());
    expect(new Set(found).size).toBe(71);
  });

  it('log files - a renamed log is let go after a minute of silence', async () => {
    const { folder, path, reader } = logOf(completions(0, 50));
    const old = openSync(path, 'a');
    onTestFinished(() => closeSync(old));
    await reader.readIds();
    renameSync(path, join(folder, 'kept-elsewhere'));
    await reader.read(59_000);
    writeSync(old, completion(50));
    expect(await reader.readIds()).toEqual(['ex-50']);
    await reader.read(60_000);
    expect(reader.files.status().files).toEqual([]);
    writeSync(old, completion(51));
    expect(await reader.readIds()).toEqual([]);
  });

  it.each(['running', 'stopped'])(
    'log files - a log that is compressed while the agent is %s gives only what is new (scenario 3)',
    async (state) => {
      const { path, reader } = logOf(completions(0, 100));
      await reader.readIds();
      if (state === 'stopped') await reader.files.close();
      writeFileSync(`${path}.gz`, gzipSync(completions(0, 103)));
      rmSync(path);
      if (state === 'stopped') await reader.restart();
      expect(await reader.readIds()).toEqual(ids(100, 103));
      await reader.restart();
      expect(await reader.readIds()).toEqual([]);
    },
  );

  it('log files - a log that is compressed beside itself is waited for', async () => {
    const { path, reader } = logOf(completions(0, 100));
    await reader.readIds();
    writeFileSync(`${path}.1.gz`, gzipSync(completions(0, 100)));
    expect(await reader.read()).toEqual([]);
    rmSync(path);
    expect(await reader.readIds()).toEqual([]);
  });

  it.each([
    ['shorter', 60, 80],
    ['longer', 500, 900],
  ])(
    'log files - another, %s log under the same path is read whole (scenario 5)',
    async (_name, from, to) => {
      const { path, reader } = logOf(completions(0, 100));
      await reader.readIds();
      await reader.files.close();
      // The inode stays the same.
      writeFileSync(path, completions(from, to));
      await reader.restart();
      expect(await reader.readIds()).toEqual(ids(from, to));
      // The same while it runs.
      writeFileSync(path, completions(from + 1_000, to + 1_000));
      expect(await reader.readIds()).toEqual(ids(from + 1_000, to + 1_000));
    },
  );

  it('log files - a log cut while the agent is stopped is read from its start, once (scenario 6)', async () => {
    const { path, reader } = logOf(completions(0, 100));
    await reader.readIds();
    await reader.files.close();
    truncateSync(path);
    appendFileSync(path, completions(100, 130));
    await reader.restart();
    expect(await reader.readIds()).toEqual(ids(100, 130));
    await reader.restart();
    expect(await reader.readIds()).toEqual([]);
  });

  it('log files - a log that is copied and emptied is read once', async () => {
    const { path, reader } = logOf(completions(0, 100));
    await reader.readIds();
    appendFileSync(path, completions(100, 110));
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
    appendFileSync(path, completions(110, 400));
    expect((await reader.readIds()).toSorted()).toEqual(ids(100, 400).toSorted());
  });

  it('log files - a copy beside the log gives nothing, and then what is its own', async () => {
    const { path, reader } = logOf(completions(0, 100));
    await reader.readIds();
    copyFileSync(path, `${path}.1`);
    expect(await reader.readIds()).toEqual([]);
    appendFileSync(path, completions(100, 110));
    appendFileSync(`${path}.1`, completions(110, 120));
    expect((await reader.readIds()).toSorted()).toEqual(ids(100, 120).toSorted());
    await reader.restart();
    expect(await reader.readIds()).toEqual([]);
  });

  it('log files - two logs with the same beginning are two, whatever the order of writing (scenario 22)', async () => {
    const { folder, path, reader } = logOf(completions(0, 40));
    const other = join(folder, 'other.log');
    copyFileSync(path, other);
    expect(readFileSync(path).length).toBeGreaterThan(2_048);
    expect(await reader.readIds()).toHaveLength(80);
    appendFileSync(path, completions(100, 110));
    expect(await reader.readIds()).toEqual(ids(100, 110));
    await reader.restart();
    expect(await reader.readIds()).toEqual([]);
    appendFileSync(other, completions(200, 230));
    expect(await reader.readIds()).toEqual(ids(200, 230));
    const third = join(folder, 'third.log');
    writeFileSync(third, completions(0, 40) + completions(300, 310));
    expect((await reader.readIds()).slice(-10)).toEqual(ids(300, 310));
    await reader.restart();
    expect(await reader.readIds()).toEqual([]);
  });

  it('log files - logs that differ in the middle only are two', async () => {
    const { folder, reader } = logOf(completions(0, 40) + completions(100, 110) + completions(200, 240));
    await reader.readIds();
    const other = completions(0, 40) + completions(300, 310) + completions(200, 240);
    writeFileSync(join(folder, 'other.log'), other);
    expect(await reader.readIds()).toEqual([...ids(0, 40), ...ids(300, 310), ...ids(200, 240)]);
  });

  it('log files - two empty logs that grow are two (scenario 22)', async () => {
    const { folder, path, reader } = logOf();
    const other = join(folder, 'other.log');
    writeFileSync(other, '');
    expect(await reader.readIds()).toEqual([]);
    expect(reader.files.status().files.map(({ state }) => state)).toEqual(['incomplete', 'incomplete']);
    for (let number = 0; number < 60; number += 1) {
      appendFileSync(path, completion(number));
      appendFileSync(other, completion(number + 1_000));
      expect((await reader.readIds()).toSorted()).toEqual(
        [`ex-${number}`, `ex-${number + 1_000}`].toSorted(),
      );
    }
    await reader.restart();
    expect(await reader.readIds()).toEqual([]);
  });

  it('log files - below 1,024 bytes a log is read from its start after a restart', async () => {
    const { path, reader } = logOf(completions(0, 3));
    expect(await reader.readIds()).toEqual(ids(0, 3));
    appendFileSync(path, completion(3));
    expect(await reader.readIds()).toEqual(['ex-3']);
    await reader.restart();
    expect(await reader.readIds()).toEqual(ids(0, 4));
    writeFileSync(path, completions(10, 14));
    expect(await reader.readIds()).toEqual(ids(10, 14));
  });

  it('log files - reads the oldest log first', async () => {
    const { folder, reader } = logOf(completions(20, 30));
    writeFileSync(join(folder, 'runner.log.2'), completions(0, 10));
    writeFileSync(join(folder, 'runner.log.1.gz'), gzipSync(completions(10, 20)));
    expect(await reader.readIds()).toEqual(ids(0, 30));
  });

  it('log files - an entry is complete when the log is at rest, and its JSON too', async () => {
    const { path, reader } = logOf(completions(0, 1));
    await reader.readIds();
    appendFileSync(path, entry(1, 'Message received from task_created: {').trimEnd());
    expect(await reader.readIds()).toEqual([]);
    appendFileSync(path, '\n"executionId":\n');
    expect(await reader.readIds()).toEqual([]);
    expect(reader.files.status().files[0]?.state).toBe('incomplete');
    appendFileSync(path, '"ex-1"}\n');
    expect(await reader.read()).toEqual([]);
    expect(await reader.readIds()).toEqual(['ex-1']);
    expect(reader.files.status().files[0]?.state).toBe('read');
  });

  it('log files - after a minute the last entry is complete without a line end', async () => {
    const { path, reader } = logOf(completions(0, 1));
    await reader.readIds();
    appendFileSync(path, completion(1).trimEnd());
    await reader.read();
    expect(await reader.read(58_000)).toEqual([]);
    expect(await reader.read(3_000)).toMatchObject([{ executionId: 'ex-1' }]);
  });

  it('log files - a step that was not stored is read again', async () => {
    const { folder } = logOf(completions(0, 200));
    const reader = new LogReader(folder, { chunkBytes: 512 });
    writeFileSync(join(folder, 'z.log.gz'), gzipSync(completions(200, 400)));
    const found: string[] = [];
    let step = 0;
    await reader.files.look(reader.nowMs);
    for (;;) {
      const read = await reader.files.next(reader.nowMs);
      if (read === null) break;
      step += 1;
      if (step % 3 === 0) {
        reader.files.forgotten();
        continue;
      }
      reader.store(read);
      found.push(...read.facts.map((fact) => (fact.kind === 'completed' ? fact.executionId : '')));
    }
    expect(found).toEqual(ids(0, 400));
  });

  it('log files - positions, status and problems name no folder, address or id', async () => {
    const { folder, reader } = logOf(completions(0, 40));
    writeFileSync(join(folder, `with-0x${'ab'.repeat(20)}.log`), completions(50, 90));
    await reader.readIds();
    const text = JSON.stringify([
      reader.files.status(),
      [...reader.positions.values()].map(({ state }) => state),
    ]);
    expect(text).toContain('runner.log');
    expect(text).toContain('with-0x….log');
    expect(text).not.toMatch(/0x[0-9a-f]{3}|worker-runner|ex-\d|tmp/i);
  });

  it('log files - a folder that is missing is waited for', async () => {
    const { folder, path, reader } = logOf();
    rmSync(folder, { recursive: true });
    expect(await reader.readIds()).toEqual([]);
    expect(reader.files.status()).toMatchObject({
      isWanted: true,
      isReadable: false,
      looksFor: ['debug/*.log'],
    });
    mkdirSync(folder);
    writeFileSync(path, completions(0, 10));
    expect(await reader.readIds()).toEqual(ids(0, 10));
    expect(reader.files.status().isReadable).toBe(true);
  });
});
