// The file of the log on a real disk, a full one included.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LogFile, type LogFilePlace } from '../../src/io/log-file.ts';
import { createLog } from '../../src/io/log.ts';
import { CAN_MOUNT, mountBound, mountSmall } from '../support/mounts.ts';
import { until } from '../support/until.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'aggregator-log-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A log file that also keeps what it tells, each as a line of its own, as the log does. */
function logFile(place: LogFilePlace) {
  const told: string[] = [];
  const tell = (text: string) => {
    told.push(text);
    file.write(`${text}\n`);
  };
  const file = new LogFile({
    lost: (lines, problem) => tell(`lost ${lines} ${problem}`),
    emptied: (problem) => tell(`emptied ${problem}`),
  });
  file.place(place);
  onTestFinished(() => file.place(null));
  return { file, told };
}

const linesOf = (path: string) => readFileSync(path, 'utf8').split('\n').slice(0, -1);
const hasLines = (path: string, count: number) =>
  until(`${count} lines in ${path}`, () => existsSync(path) && linesOf(path).length >= count);

describe('log file', () => {
  it('log file - it is rotated by size, the newest of the others is .1, and the oldest goes', async () => {
    const path = join(folder(), 'a.log');
    const { file } = logFile({ path, sizeBytes: 30, files: 3 });
    for (let index = 0; index < 10; index++) {
      file.write(`line number ${index}\n`);
      await hasLines(path, (index % 2) + 1);
    }
    expect(linesOf(path)).toEqual(['line number 8', 'line number 9']);
    expect(linesOf(`${path}.1`)).toEqual(['line number 6', 'line number 7']);
    expect(linesOf(`${path}.2`)).toEqual(['line number 4', 'line number 5']);
    expect(existsSync(`${path}.3`)).toBe(false);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(file.loss).toEqual({ lines: 0, problem: null });
  });

  it('log file - it goes on in a file that exists, and keeps every line in order in a burst', async () => {
    const path = join(folder(), 'a.log');
    writeFileSync(path, 'before\n');
    const { file } = logFile({ path, sizeBytes: 10_000, files: 100 });
    const lines = Array.from({ length: 5_000 }, (_, index) => `a line with the number ${index}`);
    for (const line of lines) file.write(`${line}\n`);
    await until('the last line', () => readFileSync(path, 'utf8').includes('number 4999\n'));
    const files = Array.from({ length: 100 }, (_, index) => (index === 0 ? path : `${path}.${index}`));
    const written = files.filter(existsSync).toReversed().flatMap(linesOf);
    expect(written).toEqual(['before', ...lines]);
  });

  it('log file - with one file it is emptied; files beyond a lowered number are removed', async () => {
    const path = join(folder(), 'a.log');
    for (const index of [1, 2, 3]) writeFileSync(`${path}.${index}`, 'old\n');
    const { file } = logFile({ path, sizeBytes: 12, files: 2 });
    expect([1, 2, 3].map((index) => existsSync(`${path}.${index}`))).toEqual([true, false, false]);
    file.place({ path, sizeBytes: 12, files: 1 });
    expect(existsSync(`${path}.1`)).toBe(false);
    file.write('0123456789\n');
    await hasLines(path, 1);
    file.write('abc\n');
    await until('emptied', () => readFileSync(path, 'utf8') === 'abc\n');
  });

  it('log file - the same place opens the file again after another program has renamed it', async () => {
    const path = join(folder(), 'a.log');
    const place = { path, sizeBytes: 1_000, files: 2 };
    const { file } = logFile(place);
    file.write('one\n');
    await hasLines(path, 1);
    renameSync(path, `${path}.old`);
    file.write('two\n');
    await hasLines(`${path}.old`, 2);
    file.place(place);
    file.write('three\n');
    await hasLines(path, 1);
    expect(linesOf(path)).toEqual(['three']);
  });

  it('log file - without its folder it loses lines and counts them; when the folder is back it says so', async () => {
    const path = join(folder(), 'gone', 'a.log');
    const { file, told } = logFile({ path, sizeBytes: 1_000, files: 2 });
    file.write('one\n');
    file.write('two\n');
    expect(file.loss).toEqual({ lines: 2, problem: 'ENOENT' });
    mkdirSync(join(path, '..'));
    await until('told', () => {
      file.write('again\n');
      return told.length > 0;
    });
    expect(told).toEqual([expect.stringMatching(/^lost \d+ ENOENT$/)]);
    await until('written', () => linesOf(path).includes('again'));
    expect(file.loss).toMatchObject({ problem: null });
  });

  it('log file - a folder in its place is no file, and what is no file is never renamed', () => {
    const path = folder();
    const { file } = logFile({ path, sizeBytes: 10, files: 2 });
    file.write('one\n');
    expect(file.loss).toEqual({ lines: 1, problem: 'EISDIR' });
    file.place({ path: '/dev/null', sizeBytes: 10, files: 2 });
    for (let index = 0; index < 10; index++) file.write('a line\n');
    expect(existsSync('/dev/null.1')).toBe(false);
    expect(file.loss).toMatchObject({ problem: null });
  });

  it.runIf(CAN_MOUNT)(
    'log file - a full disk costs lines, which are counted and told when there is room, and no rotation',
    async () => {
      const disk = mountSmall(join(folder(), 'small'), 65_536);
      const path = join(disk, 'a.log');
      const { file, told } = logFile({ path, sizeBytes: 200_000, files: 3 });
      const line = `${'x'.repeat(999)}\n`;
      for (let round = 1; round <= 8; round++) {
        for (let index = 0; index < 50; index++) file.write(line);
        await until(`round ${round}`, () => file.loss.lines + linesOf(path).length >= round * 50);
      }
      expect(file.loss).toMatchObject({ problem: 'ENOSPC' });
      expect(file.loss.lines).toBeGreaterThan(300);
      expect(existsSync(`${path}.1`)).toBe(false);
      rmSync(path);
      file.place({ path, sizeBytes: 200_000, files: 3 });
      await until('told', () => told.some((text) => text.endsWith('ENOSPC') && linesOf(path).includes(text)));
      await until('no problem', () => file.loss.problem === null);
    },
  );

  it.runIf(CAN_MOUNT)(
    'log file - where it cannot be renamed it is emptied, and the log says so',
    async () => {
      const path = join(folder(), 'a.log');
      writeFileSync(path, '');
      const other = join(folder(), 'other');
      writeFileSync(other, '');
      mountBound(other, path);
      const { file, told } = logFile({ path, sizeBytes: 100, files: 3 });
      file.write(`${'x'.repeat(98)}\n`);
      await until('written', () => statSync(path).size === 99);
      file.write('more\n');
      await until('emptied', () => readFileSync(path, 'utf8') === 'emptied EBUSY\nmore\n');
      expect(told).toEqual(['emptied EBUSY']);
    },
  );
});

describe('log with a file', () => {
  it('log - a file has the same lines; level and file change while it runs', async () => {
    const at = folder();
    const [first, second] = [join(at, 'first'), join(at, 'second')];
    const lines: string[] = [];
    const log = createLog({
      level: 'info',
      format: 'text',
      write: (line) => lines.push(line),
      file: { path: first, sizeBytes: 1_000, files: 2 },
    });
    log.info('one');
    log.debug('two');
    await hasLines(first, 1);
    log.change({ level: 'debug', file: { path: second, sizeBytes: 1_000, files: 2 } });
    log.debug('three');
    await hasLines(second, 1);
    log.change({ level: 'error', file: null });
    log.warn('four');
    log.error('five');
    expect(lines.map((line) => line.trimEnd().split(' ').at(-1))).toEqual(['one', 'three', 'five']);
    expect([linesOf(first), linesOf(second)].flat()).toEqual(lines.slice(0, 2).map((line) => line.trimEnd()));
    expect(log.loss()).toEqual({ lines: 0, problem: null });
  });
});
