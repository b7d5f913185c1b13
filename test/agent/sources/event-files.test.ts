// Event files in a real folder: what is read, when it is read again, and what the status says.

import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SHOWN_FILES_MAX } from '../../../src/agent/domain/source-facts.ts';
import { GONE_AFTER_MS } from '../../../src/agent/sources/event-files.ts';
import { STEP_BYTES_MAX } from '../../../src/agent/sources/event-pass.ts';
import { documentOf, EventDrive, outcome, RESCAN_MS } from './event-files-drive.ts';

const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `id-${from + index}`);
/** Records of about 200 bytes. */
const records = (from: number, to: number): string[] =>
  ids(from, to).map((id) => outcome(id, { more: 'x'.repeat(150) }));
/** Looks for which a file that is shorter than its position is left alone. */
const SHORT_LOOKS = 1;
const ADDRESS = `0x${'aB'.repeat(20)}`;

describe('event files', () => {
  it('event files - a file that grows is read on behind the last record', async () => {
    await using drive = new EventDrive();
    drive.write('a.json', documentOf(records(0, 100)));
    expect(await drive.read()).toEqual(ids(0, 100));
    expect(await drive.read()).toEqual([]);
    expect(drive.bytes).toBe(0);
    drive.write('a.json', documentOf(records(0, 103)));
    expect(await drive.read()).toEqual(ids(100, 103));
    expect(drive.bytes).toBeLessThan(1_000);
    expect(drive.states()).toEqual({ 'a.json': 'read' });
  });

  it.each<[string, (content: readonly string[]) => string]>([
    ['a bare array', (content) => `[${content.join(',')}]`],
    ['a byte order mark', (content) => `\ufeff${documentOf(content)}`],
    ['indentation', (content) => documentOf(content, '\n  ')],
    [
      'members behind the records',
      (content) => documentOf(content).replace(/\}$/, `,"n":[{"records":[1]}],"count":${content.length}}`),
    ],
  ])('event files - with %s the reading goes on too, after a restart', async (_, write) => {
    await using drive = new EventDrive();
    drive.write('a.json', write(records(0, 50)));
    expect(await drive.read()).toEqual(ids(0, 50));
    await drive.restart();
    drive.write('a.json', write(records(0, 51)));
    expect(await drive.read()).toEqual(ids(50, 51));
    expect(drive.states()).toEqual({ 'a.json': 'read' });
  });

  it('event files - five restarts on an unchanged file find nothing', async () => {
    await using drive = new EventDrive();
    drive.write('a.json', documentOf(records(0, 50)));
    await drive.read();
    for (let start = 0; start < 5; start += 1) {
      await drive.restart();
      expect(await drive.read()).toEqual([]);
    }
  });

  it.each<[string, string, number, number]>([
    [
      'other content of the same length',
      documentOf(records(0, 100).map((record) => record.replaceAll('id-', 'no-'))),
      0,
      100,
    ],
    ['a changed head', `{"version":2,${documentOf(records(0, 100)).slice(1)}`, 0, 100],
    ['fewer records', documentOf(records(0, 60)), 0, 60],
    ['a change right before the position', documentOf([...records(0, 99), outcome('id-other')]), 0, 99],
  ])('event files - %s is read from the beginning', async (_, content, from, to) => {
    for (const isRestarted of [false, true]) {
      await using drive = new EventDrive();
      drive.write('a.json', documentOf(records(0, 100)));
      await drive.read();
      if (isRestarted) await drive.restart();
      drive.write('a.json', content);
      let found = await drive.read();
      for (let look = 0; look < SHORT_LOOKS && found.length === 0; look += 1) found = await drive.read();
      found = found.map((id) => id?.replace('no-', 'id-') ?? null);
      expect(found.slice(0, to)).toEqual(ids(from, to));
    }
  });

  it('event files - the middle is read again once in the interval, if the file has changed', async () => {
    await using drive = new EventDrive();
    const all = records(0, 200);
    drive.write('a.json', documentOf(all));
    await drive.read();
    const changed = all.with(100, outcome('id-new', { more: 'x'.repeat(150) }));
    drive.write('a.json', documentOf([...changed, ...records(200, 201)]));
    expect(await drive.read()).toEqual(['id-200']);
    drive.nowMs += RESCAN_MS - 1;
    expect(await drive.read()).toEqual([]);
    drive.nowMs += 1;
    expect(await drive.read()).toEqual([...ids(0, 100), 'id-new', ...ids(101, 201)]);
    // It has not changed since.
    drive.nowMs += RESCAN_MS;
    expect(await drive.read()).toEqual([]);
    drive.write('a.json', documentOf([...changed, ...records(200, 202)]));
    expect(await drive.read()).toHaveLength(202);
    // The clock went back.
    drive.nowMs -= 10 * RESCAN_MS;
    drive.write('a.json', documentOf([...changed, ...records(200, 203)]));
    expect(await drive.read()).toHaveLength(203);
  });

  it.each<[string, string, readonly string[]]>([
    ['nothing', '', []],
    ['a beginning', '{"records', []],
    ['half a record', documentOf(records(0, 3)).slice(0, -30), ids(0, 2)],
    ['a comma', `{"records":[${records(0, 3).join(',')},`, ids(0, 3)],
    ['no end', `{"records":[${records(0, 3).join(',')}]`, ids(0, 3)],
  ])('event files - a file that holds %s waits, and goes on', async (_, content, complete) => {
    await using drive = new EventDrive();
    drive.write('a.json', content);
    expect(await drive.read()).toEqual(complete);
    expect(drive.states()).toEqual({ 'a.json': 'incomplete' });
    expect(drive.status()).toMatchObject({ isReadable: true, bytesBehind: 0, problems: {} });
    drive.write('a.json', documentOf(records(0, 4)));
    expect(await drive.read()).toEqual(ids(complete.length, 4));
    expect(drive.states()).toEqual({ 'a.json': 'read' });
  });

  it('event files - damage stops the reading of this version, is told once, and is left when the file changes', async () => {
    await using drive = new EventDrive();
    const damaged = documentOf([...records(0, 2), '{"a":nil}', ...records(2, 3)]);
    const offset = damaged.indexOf('nil') + 1;
    drive.write('a.json', damaged);
    expect(await drive.read()).toEqual(ids(0, 2));
    drive.nowMs += RESCAN_MS;
    expect(await drive.read()).toEqual([]);
    expect(drive.bytes).toBe(0);
    expect(drive.status().files).toEqual([
      {
        source: 'events',
        name: 'a.json',
        state: 'damaged',
        bytes: damaged.length,
        bytesBehind: damaged.length - offset,
        offset,
      },
    ]);
    // The same damage in a file that has grown.
    drive.write('a.json', documentOf([...records(0, 2), '{"a":nil}', ...records(2, 4)]));
    expect(await drive.read()).toEqual([...ids(0, 2)]);
    expect(drive.problems).toEqual([{ source: 'events', name: 'a.json', problem: 'damaged', offset }]);
    expect(drive.status().problems).toEqual({ damaged: 1 });
    drive.write('a.json', documentOf(records(0, 3)));
    expect(await drive.read()).toContain('id-2');
    expect(drive.states()).toEqual({ 'a.json': 'read' });
  });

  it('event files - the oldest file is read first, and a reading is finished before the next begins', async () => {
    await using drive = new EventDrive();
    drive.write('a.json', documentOf([outcome('new')]), 10);
    drive.write('b.json', documentOf([outcome('old'), ...records(0, 3_000)]), 30);
    drive.write('c.json', documentOf([outcome('middle')]), 20);
    await drive.reader.look(drive.nowMs);
    expect((await drive.step())?.facts[0]).toMatchObject({ executionId: 'old' });
    drive.write('d.json', documentOf([outcome('oldest')]), 40);
    const rest = await drive.read();
    expect(rest.filter((id) => !id?.startsWith('id-'))).toEqual(['oldest', 'middle', 'new']);
    expect(rest.indexOf('oldest')).toBe(rest.length - 3);
    expect(drive.status().files.map(({ name }) => name)).toEqual(['a.json', 'c.json', 'b.json', 'd.json']);
  });

  it('event files - a step reads at most its limit, and its position is that of a complete record', async () => {
    await using drive = new EventDrive();
    const all = records(0, 4_000);
    drive.write('a.json', documentOf(all));
    await drive.reader.look(drive.nowMs);
    const found: (string | null)[] = [];
    let last = '';
    for (let step = await drive.step(); step !== null; step = await drive.step()) {
      expect(step.bytes).toBeLessThanOrEqual(STEP_BYTES_MAX);
      expect(step.facts.length).toBeGreaterThan(0);
      found.push(...step.facts.map((fact) => ('executionId' in fact ? fact.executionId : null)));
      last = step.position.state;
      // A new start at any step goes on exactly there.
      await drive.restart();
      await drive.reader.look(drive.nowMs);
      if (found.length === all.length) break;
    }
    expect(found).toEqual(ids(0, 4_000));
    expect(JSON.parse(last)).toMatchObject({ offset: documentOf(all).length - 2, form: 'object' });
  });

  it('event files - what could not be stored is read again', async () => {
    await using drive = new EventDrive();
    drive.write('a.json', documentOf(records(0, 4_000)));
    await drive.reader.look(drive.nowMs);
    const first = await drive.step();
    const length = first?.facts.length ?? 0;
    const lost = await drive.reader.next(drive.nowMs);
    expect(lost?.facts[0]).toMatchObject({ executionId: `id-${length}` });
    await drive.reader.next(drive.nowMs);
    drive.reader.forgotten();
    expect(drive.status().bytesBehind).toBeGreaterThan(documentOf(records(0, 4_000)).length - STEP_BYTES_MAX);
    const again = await drive.step();
    expect(again?.facts).toEqual(lost?.facts);
    expect(await drive.read()).toEqual(ids(length + (again?.facts.length ?? 0), 4_000));
    drive.reader.forgotten();
    expect(await drive.read()).toEqual([]);
  });

  it('event files - a missing folder, and a file that comes, goes and comes back', async () => {
    await using drive = new EventDrive(['data/*.json']);
    expect(await drive.read()).toEqual([]);
    expect(drive.status()).toMatchObject({
      isWanted: true,
      looksFor: ['*.json'],
      isReadable: false,
      files: [],
    });
    mkdirSync(join(drive.folder, 'data'));
    drive.write('data/a.json', documentOf(records(0, 2)));
    expect(await drive.read()).toEqual(ids(0, 2));
    unlinkSync(join(drive.folder, 'data/a.json'));
    expect(await drive.read()).toEqual([]);
    expect(drive.status()).toMatchObject({ isReadable: false, files: [], problems: {} });
    drive.write('data/a.json', documentOf(records(0, 3)));
    expect(await drive.read()).toEqual(ids(2, 3));
  });

  it('event files - the position of a file that stays away for a day is dropped', async () => {
    await using drive = new EventDrive();
    drive.write('a.json', documentOf(records(0, 2)));
    drive.write('b.json', documentOf(records(0, 2)));
    await drive.read();
    unlinkSync(join(drive.folder, 'a.json'));
    await drive.read();
    await drive.restart();
    await drive.read();
    drive.nowMs += GONE_AFTER_MS - 1;
    drive.write('b.json', documentOf(records(0, 3)));
    await drive.read();
    expect(drive.positions.size).toBe(2);
    drive.nowMs += 1;
    drive.write('b.json', documentOf(records(0, 4)));
    await drive.read();
    expect(drive.positions.size).toBe(1);
  });

  it('event files - what is no readable file is told once, and read when it can be', async () => {
    await using drive = new EventDrive();
    mkdirSync(join(drive.folder, 'folder.json'));
    execFileSync('mkfifo', [join(drive.folder, 'pipe.json')]);
    drive.write('b.json', documentOf(records(0, 1)));
    for (let look = 0; look < 3; look += 1) await drive.read();
    expect(drive.states()).toEqual({
      'folder.json': 'unreadable',
      'pipe.json': 'unreadable',
      'b.json': 'read',
    });
    expect(drive.status()).toMatchObject({ isReadable: true, problems: { unreadable: 2 } });
    rmSync(join(drive.folder, 'folder.json'), { recursive: true });
    drive.write('folder.json', documentOf(records(1, 2)));
    expect(await drive.read()).toEqual(['id-1']);
    expect(drive.states()).toMatchObject({ 'folder.json': 'read' });
  });

  it('event files - a path that cannot be followed is told once', async () => {
    await using drive = new EventDrive(['*.json', 'loop/*.json']);
    symlinkSync('loop', join(drive.folder, 'loop'));
    drive.write('a.json', documentOf(records(0, 1)));
    expect(await drive.read()).toEqual(['id-0']);
    await drive.read();
    expect(drive.problems).toEqual([
      { source: 'events', name: '*.json', problem: 'unreadable', offset: null },
    ]);
    unlinkSync(join(drive.folder, 'loop'));
    mkdirSync(join(drive.folder, 'loop'));
    drive.write('loop/b.json', documentOf(records(1, 2)));
    expect(await drive.read()).toEqual(['id-1']);
  });

  it('event files - neither status nor problem nor position tells a folder, an address or an id', async () => {
    await using drive = new EventDrive([`${ADDRESS}/*-${ADDRESS}.json`]);
    mkdirSync(join(drive.folder, ADDRESS));
    drive.write(`${ADDRESS}/events-${ADDRESS}.json`, `[${outcome('id-secret')},x`);
    expect(await drive.read()).toEqual(['id-secret']);
    expect(drive.status()).toMatchObject({
      looksFor: ['*-0x….json'],
      files: [{ name: 'events-0x….json', state: 'damaged' }],
    });
    const told = JSON.stringify([drive.status(), drive.problems, [...drive.positions.values()]]);
    expect(told).not.toMatch(/aBaB|secret|event-files-|\//);
  });

  it('event files - the status shows the newest files up to its limit, and counts all', async () => {
    await using drive = new EventDrive();
    for (let index = 0; index <= SHOWN_FILES_MAX; index += 1) drive.write(`${index}.json`, '[]', index);
    await drive.reader.look(drive.nowMs);
    expect(drive.status()).toMatchObject({ bytesBehind: 2 * (SHOWN_FILES_MAX + 1) });
    expect(drive.status().files).toHaveLength(SHOWN_FILES_MAX);
    expect(drive.status().files[0]).toMatchObject({ name: '0.json', state: 'reading' });
  });

  it('event files - without globs nothing is wanted', async () => {
    await using drive = new EventDrive([]);
    expect(await drive.read()).toEqual([]);
    expect(drive.status()).toMatchObject({ isWanted: false, looksFor: [], isReadable: false, files: [] });
  });

  it('event files - kinds and reasons are counted', async () => {
    await using drive = new EventDrive();
    drive.write('a.json', '[{"type":"ping"},{"type":"computed_outcome"},{"type":"invoice"},7,[],{}]');
    await drive.reader.look(drive.nowMs);
    expect(await drive.step()).toMatchObject({ facts: [], unread: { other: 2, invalid: 4 } });
  });

  it('event files - a file that is seen in the middle of being rewritten is not read from the beginning', async () => {
    await using drive = new EventDrive();
    drive.write('a.json', documentOf(records(0, 100)));
    await drive.read();
    drive.write('a.json', documentOf(records(0, 101)).slice(0, 5_000));
    expect(await drive.read()).toEqual([]);
    expect(drive.bytes).toBe(0);
    expect(drive.states()).toEqual({ 'a.json': 'incomplete' });
    drive.write('a.json', documentOf(records(0, 101)));
    expect(await drive.read()).toEqual(ids(100, 101));
  });

  it('event files - replaced or truncated between two steps, the reading begins again or waits', async () => {
    await using drive = new EventDrive();
    drive.write('a.json', documentOf(records(0, 4_000)));
    await drive.reader.look(drive.nowMs);
    await drive.step();
    drive.write('a.json', documentOf(records(5_000, 5_010)));
    for (let look = 0; look < SHORT_LOOKS; look += 1) expect(await drive.read()).toEqual([]);
    expect(await drive.read()).toEqual(ids(5_000, 5_010));

    drive.write('a.json', documentOf(records(0, 4_000)));
    await drive.reader.look(drive.nowMs);
    await drive.step();
    truncateSync(join(drive.folder, 'a.json'));
    expect(await drive.read()).toEqual([]);
    expect(await drive.read()).toEqual([]);
    expect(drive.states()).toEqual({ 'a.json': 'incomplete' });

    drive.write('a.json', documentOf(records(0, 4_000)));
    await drive.reader.look(drive.nowMs);
    await drive.step();
    drive.write('b.tmp', documentOf(records(6_000, 6_010)));
    renameSync(join(drive.folder, 'b.tmp'), join(drive.folder, 'a.json'));
    // The replaced file is read to its end through the open descriptor.
    expect(await drive.read()).toContain('id-3999');
    for (let look = 0; look < SHORT_LOOKS; look += 1) expect(await drive.read()).toEqual([]);
    expect(await drive.read()).toEqual(ids(6_000, 6_010));
    expect(drive.states()).toEqual({ 'a.json': 'read' });
  });
});
