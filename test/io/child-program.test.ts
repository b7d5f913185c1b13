// A child program against real processes: what it printed is told when it ends by itself, and it is stopped in order.

import { expect, it } from 'vitest';
import { ChildProgram } from '../../src/io/child-program.ts';
import { until } from '../support/until.ts';

const ENV = { PATH: process.env['PATH'] ?? '' };

function program(code: string, ended: (output: string) => void): ChildProgram {
  return new ChildProgram({ words: ['-e', code], env: ENV, ended });
}

it('child program - of one that ends by itself the last 4,000 characters are told', async () => {
  const told: string[] = [];
  const child = program("process.stdout.write('x'.repeat(10000) + 'the end')", (output) => told.push(output));
  await child.start();
  await until('the end', () => told.length > 0);
  expect(told[0]).toHaveLength(4_000);
  expect(told[0]).toMatch(/x+the end$/);
  await child.stop();
  expect(told).toHaveLength(1);
});

it('child program - one that is stopped ends in order, and that is no end by itself', async () => {
  const told: string[] = [];
  const child = program('setInterval(() => undefined, 1000)', (output) => told.push(output));
  await child.start();
  await child.stop();
  expect(told).toEqual([]);
});

it('child program - another program is told of in parts as it prints, and with how it ended', async () => {
  const heard: string[] = [];
  const ends: string[] = [];
  const start = (words: readonly string[], path = '/bin/sh') => {
    const child = new ChildProgram({
      program: path,
      words,
      env: ENV,
      said: (text) => void heard.push(text),
      ended: (_output, how) => void ends.push(how),
    });
    return child.start().then(() => child);
  };
  const child = await start(['-c', 'echo one; read line; echo two >&2; exit 3']);
  expect(child.pid).toBeGreaterThan(0);
  await start(['-c', 'kill -9 $$']);
  const missing = await start([], '/no/such/program');
  expect(missing.pid).toBeNull();
  await until('all three ends', () => ends.length === 3);
  expect(ends.toSorted()).toEqual(['exit code 3', 'signal SIGKILL', 'spawn /no/such/program ENOENT']);
  expect(heard.join('')).toBe('one\ntwo\n');
});
