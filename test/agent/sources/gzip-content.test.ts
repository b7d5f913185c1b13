import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GzipContent, isGzip } from '../../../src/agent/sources/gzip-content.ts';
import { completions, ids, LogReader, logFolder } from './log-fixtures.ts';

async function read(bytes: Buffer, chunkBytes = 262_144, contentBytesMax = 1e9) {
  const folder = mkdtempSync(join(tmpdir(), 'aggregator-gzip-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'file'), bytes);
  const file = await open(join(folder, 'file'));
  const content = new GzipContent(file, { chunkBytes, contentBytesMax });
  const chunks: string[] = [];
  for (;;) {
    const chunk = await content.read();
    if (chunk === null) break;
    expect(chunk.length).toBeLessThanOrEqual(chunkBytes);
    chunks.push(chunk.toString('latin1'));
  }
  content.close();
  await file.close();
  return { text: chunks.join(''), end: content.end };
}

const TEXT = completions(0, 20_000);

describe('gzip content', () => {
  it.each([1_000, 65_536, 262_144])('gzip content - is given in chunks of %i bytes', async (chunkBytes) => {
    expect(await read(gzipSync(TEXT), chunkBytes)).toEqual({ text: TEXT, end: 'ended' });
  });

  it('gzip content - members may follow one another, and zeros the last', async () => {
    const members = [gzipSync(TEXT), gzipSync(''), gzipSync('end\n'), Buffer.alloc(512)];
    expect(await read(Buffer.concat(members))).toEqual({ text: `${TEXT}end\n`, end: 'ended' });
  });

  it('gzip content - what is cut is given as far as it goes', async () => {
    const whole = gzipSync(TEXT);
    for (const share of [0.1, 0.5, 0.9]) {
      const { text, end } = await read(whole.subarray(0, whole.length * share));
      expect(end).toBe('incomplete');
      expect(TEXT.startsWith(text)).toBe(true);
      expect(text.length).toBeGreaterThan(TEXT.length * (share - 0.1));
    }
    expect(await read(whole.subarray(0, whole.length - 1))).toEqual({ text: TEXT, end: 'incomplete' });
  });

  it('gzip content - what stands before damage is given to the last byte', async () => {
    // Blocks of text as it is: damage in the second one leaves the first alone.
    const stored = gzipSync(TEXT, { level: constants.Z_NO_COMPRESSION });
    const second = 10 + 5 + stored.readUInt16LE(11);
    const damaged = Buffer.from(stored);
    damaged[second] = 0x07;
    expect(await read(damaged)).toEqual({ text: TEXT.slice(0, stored.readUInt16LE(11)), end: 'damaged' });
    const checksum = Buffer.from(gzipSync('all of it\n'));
    checksum.writeUInt8((checksum.at(-6) ?? 0) ^ 1, checksum.length - 6);
    expect(await read(checksum)).toEqual({ text: 'all of it\n', end: 'damaged' });
    expect(await read(Buffer.concat([gzipSync('one\n'), Buffer.from('rubbish')]))).toEqual({
      text: 'one\n',
      end: 'damaged',
    });
  });

  it('gzip content - ends at the bound', async () => {
    expect(await read(gzipSync(TEXT), 65_536, TEXT.length)).toEqual({ text: TEXT, end: 'ended' });
    const bound = TEXT.length - 1;
    expect(await read(gzipSync(TEXT), 65_536, bound)).toEqual({
      text: TEXT.slice(0, bound),
      end: 'too_long',
    });
  });

  it('gzip content - is known by its first bytes', () => {
    expect(isGzip(gzipSync(''))).toBe(true);
    expect(isGzip(Buffer.from('2025'))).toBe(false);
    expect(isGzip(Buffer.alloc(0))).toBe(false);
  });
});

describe('gzip logs', () => {
  it('gzip logs - a damaged one counts as far as it goes, and is tried again when it changes', async () => {
    const folder = logFolder();
    const path = join(folder, 'old.log.gz');
    const whole = gzipSync(completions(0, 200), { level: constants.Z_NO_COMPRESSION });
    const damaged = Buffer.concat([whole.subarray(0, -8), Buffer.alloc(8)]);
    writeFileSync(path, damaged);
    const reader = new LogReader(folder);
    expect(await reader.readIds()).toEqual(ids(0, 200));
    expect(reader.files.status()).toMatchObject({ problems: { damaged: 1 }, files: [{ state: 'damaged' }] });
    expect(reader.files.status().files[0]?.offset).toBe(completions(0, 200).length);
    writeFileSync(path, Buffer.concat([whole, gzipSync(completions(200, 210))]));
    expect(await reader.readIds()).toEqual(ids(200, 210));
    expect(reader.files.status()).toMatchObject({ problems: { damaged: 1 }, files: [{ state: 'read' }] });
  });

  it('gzip logs - one that is still written gives each entry once', async () => {
    const folder = logFolder();
    const path = join(folder, 'old.log.gz');
    const whole = gzipSync(completions(0, 500));
    const reader = new LogReader(folder);
    await reader.read();
    const found: string[] = [];
    for (let at = 0; at < whole.length; at += 1_000) {
      appendFileSync(path, whole.subarray(at, at + 1_000));
      found.push(...(await reader.readIds()));
    }
    expect(found).toEqual(ids(0, 500));
  });

  it('gzip logs - compression is known by the content, not by the name', async () => {
    const folder = logFolder();
    writeFileSync(join(folder, 'a.log'), gzipSync(completions(0, 50)));
    writeFileSync(join(folder, 'b.log.gz'), completions(50, 100));
    expect(await new LogReader(folder).readIds()).toEqual(ids(0, 100));
  });

  it('gzip logs - content beyond the bound is counted', async () => {
    const folder = logFolder();
    writeFileSync(join(folder, 'a.log.gz'), gzipSync(completions(0, 100)));
    const reader = new LogReader(folder, { gzipContentBytesMax: completions(0, 50).length });
    expect(await reader.readIds()).toEqual(ids(0, 50));
    expect(reader.files.status().files[0]).toMatchObject({ state: 'damaged', bytesBehind: 0 });
  });
});
