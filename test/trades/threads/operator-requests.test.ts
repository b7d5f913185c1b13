import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { askControl, controlSocketPath } from '../../../src/io/control-socket.ts';
import { CodedError } from '../../../src/lib/errors.ts';
import {
  OperatorRequests,
  type OperatorRequestsParts,
} from '../../../src/trades/threads/operator-requests.ts';

async function begin(parts: Partial<OperatorRequestsParts>) {
  const folder = mkdtempSync(join(tmpdir(), 'requests-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const lines: string[] = [];
  const log = {
    warn: (sentence: string) => void lines.push(sentence),
    error: (sentence: string) => void lines.push(sentence),
  };
  const requests = new OperatorRequests(join(folder, 'trades.db'), {
    rows: async () => [],
    replay: async () => ({ replayed: 0, notDead: [], left: 0 }),
    log,
    ...parts,
  });
  onTestFinished(() => requests.stop());
  await requests.start();
  return {
    ask: (request: unknown) => askControl(controlSocketPath(join(folder, 'trades.db')), request),
    lines,
  };
}

it('operator requests - a list and a replay reach those who answer them', async () => {
  const asked: unknown[] = [];
  const replayed = { replayed: 1, notDead: [9], left: 0 };
  const { ask } = await begin({
    rows: async (query) => {
      asked.push(query);
      return [];
    },
    replay: async (ids) => {
      asked.push(ids);
      return replayed;
    },
  });
  expect(await ask({ type: 'listOutbox', state: 'dead', limit: 7 })).toEqual({ type: 'made', answer: [] });
  expect(await ask({ type: 'replay', ids: [9, 1] })).toEqual({ type: 'made', answer: replayed });
  expect(asked).toEqual([{ state: 'dead', beforeId: null, limit: 7 }, [9, 1]]);
});

it.each([
  [{ type: 'nope' }, null, 'usage', 0],
  [{ type: 'replay', ids: 'all' }, new CodedError('too_many', 'Too many facts wait.'), 'too_many', 0],
  [{ type: 'replay', ids: 'all' }, new Error('planted'), 'internal', 1],
])('operator requests - %j is refused with a code', async (request, error, code, lineCount) => {
  const { ask, lines } = await begin({
    replay: async () => {
      throw error ?? new Error('not asked');
    },
  });
  expect(await ask(request)).toMatchObject({
    type: 'refused',
    code,
    sentence: expect.not.stringContaining('planted'),
  });
  expect(lines).toHaveLength(lineCount);
});
