// Failure stories of others at the level of the reader: a file that is rewritten whole again and again, a record of
// 100 MB, and borders of chunks anywhere.

import { open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentOf, EventDrive, idIn, outcome } from './event-files-drive.ts';
import { scan } from './plain-records.ts';

const REWRITES = 1_000;

describe('event file scenarios', () => {
  it.each<[string, (path: string, content: string) => Promise<void>]>([
    ['in place', writeFile],
    [
      'by renaming',
      async (path, content) => {
        await writeFile(`${path}.tmp`, content);
        await rename(`${path}.tmp`, path);
      },
    ],
  ])('event file - 1,000 rewrites %s, while it is read: every fact, no damage', async (_, write) => {
    await using drive = new EventDrive();
    const records: string[] = [];
    const found = new Set<string | null>();
    const writing = (async () => {
      for (let index = 0; index < REWRITES; index += 1) {
        records.push(outcome(`id-${index}`, { output: `"{[é${'x'.repeat(index % 300)}` }));
        await write(join(drive.folder, 'a.json'), documentOf(records));
      }
    })();
    while (records.length < REWRITES) for (const id of await drive.read()) found.add(id);
    await writing;
    for (let look = 0; look < 3; look += 1) for (const id of await drive.read()) found.add(id);
    expect(found).toEqual(new Set(records.map((_record, index) => `id-${index}`)));
    expect(drive.problems).toEqual([]);
    expect(drive.states()).toEqual({ 'a.json': 'read' });
  });

  it('event file - a record with an input of 100 MB is read, in flat memory', async () => {
    await using drive = new EventDrive();
    const part = 'input \\" {[\\u00e9 '.repeat(55_556);
    const file = await open(join(drive.folder, 'a.json'), 'w');
    await file.write(
      `{"records":[${outcome('before')},{"payload":{"type":"task_created","message":{"input":"`,
    );
    for (let index = 0; index < 100; index += 1) await file.write(part);
    await file.write(`","chainId":"43113"},"executionId":"big"}},${outcome('behind')}]}`);
    await file.close();

    const used = (): number => {
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    await drive.reader.look(drive.nowMs);
    const found: (string | null)[] = [];
    const before = used();
    let most = 0;
    for (let step = await drive.step(); step !== null; step = await drive.step()) {
      found.push(...step.facts.map(idIn));
      most = Math.max(most, used() - before);
    }
    expect(found).toEqual(['before', 'big', 'behind']);
    expect(most).toBeLessThan(48_000_000);
    expect(await drive.read()).toEqual([]);
    expect(drive.bytes).toBe(0);
  });

  it('event file - characters, escapes and braces fall on every border of chunks of 1 to 64 bytes', () => {
    const tricky = [
      'é€😀',
      '\\" \\\\ \\/ \\b\\f\\n\\r\\t',
      '\\u00e9\\ud83d\\ude00\\ud83d',
      '}]{["',
      '\\\\\\"}'.repeat(9),
    ];
    const texts = tricky.map((text, index) => `"${text.replaceAll(/(?<!\\)"/g, '\\"')}${index}"`);
    const content = texts.map(
      (text) =>
        `{"payload":{"x${text.slice(1)}:${text},"type":"task_\\u0063reated","message":{"input":{"a":[${text}]},"executionId":${text},"chainId":43113}}}`,
    );
    const bytes = Buffer.from(`\ufeff{"n":${texts[4]},"records":[${content.join(' ,\n')}]}`);
    const expected = texts.map((text) => ({
      kind: 'received',
      executionId: (JSON.parse(text) as string).toWellFormed(),
      chainId: '43113',
      taskType: null,
      atMs: null,
    }));
    for (let length = 1; length <= 64; length += 1) expect(scan(bytes, [length]).results).toEqual(expected);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 200 }), (lengths) => {
        expect(scan(bytes, lengths).results).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});
