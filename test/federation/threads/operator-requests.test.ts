import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Change } from '../../../src/federation/domain/operator-request.ts';
import { askControl, controlSocketPath } from '../../../src/io/control-socket.ts';
import { OperatorCommands } from '../../../src/federation/threads/operator-requests.ts';
import { until } from '../../support/until.ts';

function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'commands-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const databasePath = join(folder, 'aggregator.db');
  const asked: (readonly [number, Change])[] = [];
  const failures: string[] = [];
  const commands = new OperatorCommands(databasePath, {
    ask: (id, change) => asked.push([id, change]),
    failed: (sentence) => failures.push(sentence),
  });
  onTestFinished(() => commands.stop());
  return { commands, folder, socket: controlSocketPath(databasePath), asked, failures };
}

describe('operator commands', () => {
  it('operator commands - each is answered with what became of it, in whatever order', async () => {
    const { commands, socket, asked } = setUp();
    await commands.start();
    const first = askControl(socket, { type: 'listKeys' });
    await until('the first to be asked', () => asked.length === 1);
    const second = askControl(socket, { type: 'blockNode', nodeId: 'node-1' });
    await until('the second to be asked', () => asked.length === 2);
    expect(asked).toEqual([
      [1, { type: 'listKeys' }],
      [2, { type: 'blockNode', nodeId: 'node-1' }],
    ]);
    const refused = { type: 'refused', code: 'too_many', sentence: 'Too many.' } as const;
    commands.answer(2, refused);
    commands.answer(1, { type: 'made', answer: [] });
    commands.answer(1, refused);
    expect(await Promise.all([first, second])).toEqual([{ type: 'made', answer: [] }, refused]);
  });

  it('operator commands - what is no change is refused, and the writer not asked', async () => {
    const { commands, socket, asked } = setUp();
    await commands.start();
    expect(await askControl(socket, { type: 'blockNode', nodeId: 'a b' })).toEqual({
      type: 'refused',
      code: 'usage',
      sentence: 'A node id is 4 to 64 letters, digits, _ and -.',
    });
    expect(asked).toEqual([]);
  });

  it('operator commands - a stop during the start leaves no socket', async () => {
    const { commands, socket } = setUp();
    const starting = commands.start();
    await Promise.all([starting, commands.stop()]);
    expect(existsSync(socket)).toBe(false);
  });

  it('operator commands - a socket that cannot be made is told, and the start goes on', async () => {
    const { commands, folder, failures } = setUp();
    rmSync(folder, { recursive: true });
    await commands.start();
    expect(failures).toEqual(['the socket beside the database cannot be made']);
  });
});
