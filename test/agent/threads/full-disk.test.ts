// A small file system that is full while the broker is away: the outbox holds ten messages, and the file five hundred facts.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CAN_MOUNT, mountSmall } from '../../support/mounts.ts';
import { until } from '../../support/until.ts';
import { dataIn, Reader, SALT, scratch, writeEvents } from '../support/reader.ts';

const SIZE_BYTES = 2 * 2 ** 20;
const FACTS = 500;

describe.runIf(CAN_MOUNT)('a full disk', () => {
  test('loses nothing, is said once, and is over by itself', async () => {
    const folder = scratch();
    const disk = mountSmall(join(folder, 'data'), SIZE_BYTES);
    writeEvents(folder, FACTS);
    const reader = new Reader(dataIn(folder, { path: join(disk, 'agent.db'), queueMax: 10 }));
    await reader.side.start();
    await reader.side.setSalt(SALT);
    await reader.reported('a full outbox', ({ pause }) => pause === 'outbox_full');
    const filler = join(disk, 'filler');
    try {
      writeFileSync(filler, Buffer.alloc(SIZE_BYTES));
    } catch {
      // The disk is full now.
    }
    // Room in the outbox makes the loop read and store, which the disk refuses now or after some more messages.
    const sent = new Set<string>();
    const collect = async () => {
      for (const { payload } of await reader.drain(7)) sent.add(payload);
    };
    const problem = await until('a problem', async () => {
      await collect();
      const { report } = reader.side;
      return report?.stateProblem === null ? null : report;
    });
    expect(problem.stateProblem).not.toContain(folder);
    expect(problem.pause === 'state_problem' || problem.pause === 'outbox_full').toBe(true);
    rmSync(filler);
    await until('everything', async () => {
      await collect();
      return sent.size === FACTS;
    });
    await reader.reported('the end', ({ waiting, stateProblem }) => waiting === 0 && stateProblem === null);
    expect(reader.side.report?.facts.queued).toBe(FACTS);
    expect(reader.side.report?.messages).toEqual({ confirmed: FACTS, setAside: 0 });
    await reader.side.stop();
    const problems = reader.lines.filter((line) => !/again/.test(line));
    expect(new Set(problems).size).toBe(problems.length);
    expect(problems.length).toBeLessThanOrEqual(2);
    expect(reader.lines.join('\n')).not.toContain(folder);
    expect(reader.errors).toEqual([]);
  });
});
