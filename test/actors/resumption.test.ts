import { describe, expect, it } from 'vitest';
import { resumeNodes } from '../../src/actors/resumption.ts';
import type { NodeSign } from '../../src/lifecycle/node-state.ts';
import { CodedError } from '../../src/lib/errors.ts';

const TIMEOUT = new CodedError('worker_timeout', 'not now');

/** A source of pages that answers with the given numbers, or throws; it records its calls in order. */
async function resume(pages: (readonly number[] | Error)[], stopsAfter = Infinity) {
  const told: string[] = [];
  let asked = 0;
  await resumeNodes(0, {
    async nodesAfter(number) {
      told.push(`ask ${number}`);
      asked++;
      const page = pages.shift() ?? [];
      if (page instanceof Error) throw page;
      return page.map(signOf);
    },
    heard: (signs) => told.push(`heard ${signs.map(({ number }) => number).join(' ')}`),
    waits: (error) => told.push(error.code),
    isStopping: () => asked >= stopsAfter,
  });
  return told;
}

function signOf(number: number): NodeSign {
  return {
    number,
    nodeId: `node-${number}`,
    lifeAtMs: 1,
    leftAtMs: 0,
    heardObservedMs: 0,
    state: 'online',
  };
}

describe('resumption', () => {
  it('resumption - it asks page by page, after the last node of each, until no node is left', async () => {
    expect(await resume([[1, 5], [6]])).toEqual(['ask 0', 'heard 1 5', 'ask 5', 'heard 6', 'ask 6']);
  });

  it('resumption - it asks again for a page that cannot be read yet, and reports this once', async () => {
    expect(await resume([TIMEOUT, TIMEOUT, [1], TIMEOUT])).toEqual([
      'ask 0',
      'worker_timeout',
      'ask 0',
      'ask 0',
      'heard 1',
      'ask 1',
      'worker_timeout',
      'ask 1',
    ]);
  });

  it('resumption - it throws an error that does not pass with time', async () => {
    await expect(resume([new CodedError('internal', 'a defect')])).rejects.toThrow('a defect');
    await expect(resume([new TypeError('a defect')])).rejects.toThrow('a defect');
  });

  it('resumption - a stop ends it, and nodes read afterwards are not passed on', async () => {
    expect(await resume([[1], [2], [3]], 2)).toEqual(['ask 0', 'heard 1', 'ask 1']);
    expect(await resume([[1], TIMEOUT], 2)).toEqual(['ask 0', 'heard 1', 'ask 1']);
  });
});
