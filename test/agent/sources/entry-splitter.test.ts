import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LINE_HEAD_BYTES_MAX } from '../../../src/agent/domain/log-text.ts';
import {
  BEFORE_BYTES_MAX,
  CONTENT_START,
  ENTRY_BYTES_MAX,
  EntrySplitter,
} from '../../../src/agent/sources/entry-splitter.ts';
import { completion, entry } from './log-fixtures.ts';

interface Split {
  /** Null is an entry that is too long. */
  readonly entries: readonly (string | null)[];
  readonly position: { readonly at: number; readonly before: string };
}

function split(content: Buffer, chunkBytes: number, isFlushed = true): Split {
  const entries: (string | null)[] = [];
  const splitter = new EntrySplitter(CONTENT_START, (bytes) => entries.push(bytes?.toString('utf8') ?? null));
  for (let at = 0; at < content.length; at += chunkBytes)
    splitter.push(content.subarray(at, at + chunkBytes));
  if (isFlushed) splitter.flush();
  const { at, before } = splitter.position;
  return { entries, position: { at, before: before.toString('hex') } };
}

const MANY_LINES = entry(
  2,
  'Message received from task_created:\n{\n"executionId": "ä\\"}{€😀\\u00e9\\\\"\n}',
);
const COLOURED = completion(3).replace('2025', '\u001b[90m2025');
const PREFIXED = `runner-node | ${completion(4)}`;

describe('entry splitter', () => {
  it('entry splitter - a line without a time belongs to the entry before', () => {
    const content = [completion(1), MANY_LINES, COLOURED, PREFIXED, '\ufeffno\n', completion(5).trimEnd()];
    expect(split(Buffer.from(content.join('')), 65_536).entries).toEqual([
      completion(1),
      MANY_LINES,
      COLOURED,
      `${PREFIXED}\ufeffno\n`,
      completion(5).trimEnd(),
    ]);
  });

  it('entry splitter - lines before the first entry are passed over', () => {
    expect(split(Buffer.from(`rubbish\n\n${completion(1)}`), 10, false)).toMatchObject({
      entries: [],
      position: { at: 9 },
    });
    expect(split(Buffer.from(`\ufeff${completion(1)}`), 10).entries).toEqual([`\ufeff${completion(1)}`]);
  });

  it('entry splitter - chunks of 1 to 64 bytes give what one chunk gives (scenario 16)', () => {
    const part = fc.oneof(
      fc.constantFrom(
        completion(1),
        MANY_LINES,
        COLOURED,
        PREFIXED,
        '\n',
        '\r\n',
        '2025-11-24 13:00:0',
        '\u001b[',
      ),
      fc.string({ unit: 'binary', maxLength: 300 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.integer({ min: 1, max: 64 }), (parts, chunkBytes) => {
        const content = Buffer.from(parts.join(''));
        expect(split(content, chunkBytes)).toEqual(split(content, 65_536));
        expect(split(content, chunkBytes, false).position).toEqual(split(content, 65_536, false).position);
      }),
    );
  });

  it.each([1_000, 65_536, 262_144])(
    'entry splitter - an entry may have 1 MiB, in chunks of %i',
    (chunkBytes) => {
      const head = entry(1, '').trimEnd();
      const whole = `${head}${'x'.repeat(ENTRY_BYTES_MAX - head.length - 1)}\n`;
      const lines = `${head}\n${`${'y'.repeat(99)}\n`.repeat(20_000)}`;
      const content = Buffer.from(
        `${whole}${completion(2)}${whole.replace('\n', 'x\n')}${completion(3)}${lines}`,
      );
      const { entries, position } = split(content, chunkBytes);
      expect(entries.map((text) => text?.length ?? null)).toEqual([
        ENTRY_BYTES_MAX,
        completion(2).length,
        null,
        completion(3).length,
        null,
      ]);
      expect(position).toEqual({
        at: content.length,
        before: content.subarray(-BEFORE_BYTES_MAX).toString('hex'),
      });
    },
  );

  it('entry splitter - a long line outside of entries is counted, and a short one is not', () => {
    const content = `${'x'.repeat(ENTRY_BYTES_MAX)}\n${'x'.repeat(ENTRY_BYTES_MAX - 1)}\n${completion(1)}`;
    expect(split(Buffer.from(content), 100_000).entries).toEqual([null, completion(1)]);
  });

  it('entry splitter - the time stands in the first 256 bytes of a line', () => {
    const before = '\u001b[0m'.repeat(100).slice(0, Math.floor((LINE_HEAD_BYTES_MAX - 20) / 4) * 4);
    const late = `${before}${'\u001b[0m'.repeat(10)}`;
    const content = Buffer.from(`${completion(1)}${before}${completion(2)}${late}${completion(3)}`);
    expect(split(content, 7).entries).toEqual([
      completion(1),
      `${before}${completion(2)}${late}${completion(3)}`.slice(0, before.length + completion(2).length) +
        late +
        completion(3),
    ]);
  });

  it('entry splitter - keeps no more than an entry and a chunk', () => {
    const splitter = new EntrySplitter(CONTENT_START, () => undefined);
    splitter.push(Buffer.from(entry(1, 'x').trimEnd()));
    for (let chunk = 0; chunk < 200; chunk += 1) {
      splitter.push(Buffer.alloc(262_144, 'x'));
      expect(splitter.openEntry?.length ?? 0).toBeLessThanOrEqual(ENTRY_BYTES_MAX);
    }
    expect(splitter.end).toBeGreaterThan(52_000_000);
    expect(splitter.position.at).toBe(0);
    splitter.push(Buffer.from(`\n${completion(2)}${completion(3)}`));
    expect(splitter.position.at).toBe(splitter.end - completion(3).length);
  });
});
