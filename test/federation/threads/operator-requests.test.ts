import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { OperatorRequest } from '../../../src/federation/domain/operator-request.ts';
import { askControl, controlSocketPath } from '../../../src/io/control-socket.ts';
import { OperatorRequests } from '../../../src/federation/threads/operator-requests.ts';
import { until } from '../../support/until.ts';

function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'requests-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const databasePath = join(folder, 'aggregator.db');
  const asked: (readonly [number, OperatorRequest])[] = [];
  const failures: string[] = [];
  const requests = new OperatorRequests(databasePath, {
    ask: (id, request) => asked.push([id, request]),
    failed: (sentence) => failures.push(sentence),
  });
  onTestFinished(() => requests.stop());
  return { requests, folder, socket: controlSocketPath(databasePath), asked, failures };
}

describe('operator requests', () => {
  it('operator requests - each request gets its own result, in whatever order the results come', async () => {
    const { requests, socket, asked } = setUp();
    await requests.start();
    const first = askControl(socket, { type: 'listKeys' });
    await until('the first to be asked', () => asked.length === 1);
    const second = askControl(socket, { type: 'blockNode', nodeId: 'node-1' });
    await until('the second to be asked', () => asked.length === 2);
    expect(asked).toEqual([
      [1, { type: 'listKeys' }],
      [2, { type: 'blockNode', nodeId: 'node-1' }],
    ]);
    const refused = { type: 'refused', code: 'too_many', sentence: 'Too many.' } as const;
    requests.answer(2, refused);
    requests.answer(1, { type: 'made', answer: [] });
    requests.answer(1, refused);
    expect(await Promise.all([first, second])).toEqual([{ type: 'made', answer: [] }, refused]);
  });

  it('operator requests - input that is not a request is refused without asking the writer', async () => {
    const { requests, socket, asked } = setUp();
    await requests.start();
    expect(await askControl(socket, { type: 'blockNode', nodeId: 'a b' })).toEqual({
      type: 'refused',
      code: 'usage',
      sentence: 'A node id is 4 to 64 letters, digits, _ and -.',
    });
    expect(asked).toEqual([]);
  });

  it('operator requests - a stop during the start leaves no socket', async () => {
    const { requests, socket } = setUp();
    const starting = requests.start();
    await Promise.all([starting, requests.stop()]);
    expect(existsSync(socket)).toBe(false);
  });

  it('operator requests - a socket that cannot be made is reported, and the start continues', async () => {
    const { requests, folder, failures } = setUp();
    rmSync(folder, { recursive: true });
    await requests.start();
    expect(failures).toEqual(['the socket beside the database cannot be made']);
  });
});
