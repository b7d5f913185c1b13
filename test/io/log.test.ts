import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../src/lib/errors.ts';
import { createLog, type LogLevel } from '../../src/io/log.ts';

const clock = { nowMs: () => Date.UTC(2026, 0, 15, 10, 30) };
const logFile = fileURLToPath(new URL('../../src/io/log.ts', import.meta.url));

function collect(format: 'json' | 'text', level: LogLevel = 'debug') {
  const lines: string[] = [];
  return { lines, log: createLog({ level, format, clock, write: (line) => lines.push(line) }) };
}

describe('log - json', () => {
  it('writes time, level word, sentence and fields', () => {
    const { lines, log } = collect('json');
    log.warn('The broker went away', { host: 'a', attempt: 2 });
    expect(lines).toEqual([
      '{"level":"warn","time":"2026-01-15T10:30:00.000Z","host":"a","attempt":2,"msg":"The broker went away"}\n',
    ]);
  });

  it('hides the texts of unexpected errors where they may hold secrets, and not those for the operator', () => {
    const lines: string[] = [];
    const log = createLog({
      level: 'debug',
      format: 'json',
      hidesErrorTexts: true,
      write: (line) => lines.push(line),
    });
    const cause = new TypeError('planted in a cause');
    log.error('a', { error: new RangeError('planted: 0.5') });
    log.error('b', { error: new CodedError('key_unusable', 'The key is unusable.', { cause }) });
    const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(first).toMatchObject({ error: { name: 'RangeError', message: 'not shown' } });
    expect(second).toMatchObject({
      error: { message: 'The key is unusable.', cause: { name: 'TypeError' } },
    });
    expect(lines.join('')).not.toContain('planted');
  });

  it('leaves out lines below its level', () => {
    const { lines, log } = collect('json', 'warn');
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['c', 'd']);
  });

  it('keeps its own members when a field has their name', () => {
    const { lines, log } = collect('json');
    log.info('sentence', { msg: 'x', level: 'y', time: 'z' });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      msg: 'sentence',
      level: 'info',
      msg_: 'x',
      level_: 'y',
    });
  });

  it('shows code and sentence of a CodedError, and its cause', () => {
    const { lines, log } = collect('json');
    log.error('Stopped', {
      error: new CodedError('port_in_use', 'Taken', { cause: new Error('EADDRINUSE') }),
    });
    expect(JSON.parse(lines[0] ?? '').error).toEqual({
      code: 'port_in_use',
      message: 'Taken',
      cause: { name: 'Error', message: 'EADDRINUSE', frames: expect.any(Array) },
    });
  });

  it('never quotes input that JSON.parse refused', () => {
    const { lines, log } = collect('json');
    try {
      JSON.parse('hunter2');
    } catch (error) {
      log.error('Failed', { error });
    }
    expect(lines[0]).not.toContain('hunter2');
    expect(JSON.parse(lines[0] ?? '').error).toMatchObject({ name: 'SyntaxError', message: 'not shown' });
  });
});

describe('log - text', () => {
  it('writes one readable line', () => {
    const { lines, log } = collect('text');
    log.info('Listening', { url: 'http://127.0.0.1:8080', port: 8080, note: 'two words', none: null });
    expect(lines).toEqual([
      '2026-01-15T10:30:00.000Z INFO  Listening url=http://127.0.0.1:8080 port=8080 note="two words" none=null\n',
    ]);
  });

  it('names the program of a process that writes to the output of another one', () => {
    const lines: string[] = [];
    for (const format of ['text', 'json'] as const) {
      const log = createLog({
        level: 'info',
        format,
        program: 'enclave',
        clock: { nowMs: () => Date.UTC(2026, 0, 15, 10, 30) },
        write: (line) => lines.push(line),
      });
      log.info('stopped', { code: 0, program: 'other' });
    }
    expect(lines[0]).toBe('2026-01-15T10:30:00.000Z INFO  [enclave] stopped code=0 program_=other\n');
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({
      program: 'enclave',
      msg: 'stopped',
      program_: 'other',
    });
  });

  it('indents further lines of a sentence and lets no control character reach the terminal', () => {
    const { lines, log } = collect('text');
    log.error('2 settings are wrong:\n  A\u001b[2J\u009b', { value: '\u001b[31m', '\u009bname': 1 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('wrong:\n      A�[2J�');
    expect(lines[0]?.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });
});

describe('log - standard output', () => {
  const run = (script: string) =>
    spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });

  it('has every line when the process exits at once', async () => {
    const child = run(`
      import { createLog } from ${JSON.stringify(logFile)};
      const log = createLog({ level: 'info', format: 'json' });
      for (let i = 0; i < 1000; i++) log.info('line', { i });
      process.exit(3);
    `);
    const [text, code] = await Promise.all([
      child.stdout?.toArray().then((chunks) => Buffer.concat(chunks).toString()),
      new Promise((resolve) => child.once('exit', resolve)),
    ]);
    expect(code).toBe(3);
    expect(text?.trim().split('\n')).toHaveLength(1000);
  });

  it('does not block the program when the reader stops, and reports how many lines were dropped', async () => {
    const child = run(`
      import { createLog } from ${JSON.stringify(logFile)};
      const log = createLog({ level: 'info', format: 'json' });
      const filler = 'x'.repeat(10_000);
      for (let i = 0; i < 2000; i++) { log.info(filler); if (i % 100 === 0) await new Promise(setImmediate); }
      process.send('written');
    `);
    try {
      await new Promise((resolve) => child.once('message', resolve));
      let text = '';
      for await (const chunk of child.stdout ?? []) {
        text += String(chunk);
        if (/"lines":[1-9]\d*,"msg":"Log lines were dropped/.test(text)) break;
      }
      expect(text).toMatch(/Log lines were dropped/);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
