// The log: one line per event, JSON for machines or readable text for a terminal. It never blocks the program (a
// reader that stalls loses lines, not us our loop) and its callers never give it what a stranger sent.

import pino from 'pino';
import { LOG_BACKLOG_BYTES_MAX } from './config/bounds.ts';
import { systemClock, type Clock } from './lib/clock.ts';
import { CodedError } from './lib/errors.ts';

/** Severities, least severe first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Values beside the sentence; an `Error` becomes its code, message and frames. */
export type LogFields = Readonly<Record<string, unknown>>;

/** One method per severity: a sentence about what happened, and fields. */
export type Log = Readonly<Record<LogLevel, (event: string, fields?: LogFields) => void>>;

/** How to log; `write` receives whole lines instead of standard output. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'json' | 'text';
  readonly write?: (line: string) => void;
  readonly clock?: Pick<Clock, 'nowMs'>;
}

/** Makes a log; lines that still wait are written when the process exits. */
export function createLog(options: LogOptions): Log {
  const clock = options.clock ?? systemClock;
  const write =
    options.write ??
    standardOutput((lines) => log.warn('Log lines were dropped, the reader was too slow', { lines }));
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: options.format === 'json' ? write : (line) => write(asText(line)) },
  );
  const at = (level: LogLevel) => (event: string, fields?: LogFields) => {
    if (logger.isLevelEnabled(level)) logger[level](plain(fields), event);
  };
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return log;
}

function standardOutput(dropped: (lines: number) => void): (line: string) => void {
  // Asynchronous: a full pipe must not stop the loop. Over `maxLength` lines are dropped, and told of afterwards.
  const stream = pino.destination({ dest: 1, sync: false, maxLength: LOG_BACKLOG_BYTES_MAX });
  let lines = 0;
  stream.on('drop', () => {
    lines += 1;
  });
  stream.on('drain', () => {
    if (lines > 0) dropped(lines);
    lines = 0;
  });
  return (line) => stream.write(line);
}

// The line's own members; a field of the same name would make the line ambiguous.
const RESERVED = new Set(['time', 'level', 'msg']);

function plain(fields: LogFields = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      RESERVED.has(name) ? `${name}_` : name,
      value instanceof Error ? plainError(value) : value,
    ]),
  );
}

function plainError(error: Error): Record<string, unknown> {
  // Our own errors are sentences for the operator; they need no frames.
  if (error instanceof CodedError) {
    const cause = error.cause instanceof Error ? { cause: plainError(error.cause) } : {};
    return { code: error.code, message: error.message, ...cause };
  }
  // A syntax error of JSON.parse quotes its input, which a stranger may have sent.
  const message = error instanceof SyntaxError ? 'not shown' : error.message;
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  return { name: error.name, message, frames: frames.map((line) => line.trim()) };
}

const WORDS: Readonly<Record<string, string>> = {
  debug: 'DEBUG',
  info: 'INFO ',
  warn: 'WARN ',
  error: 'ERROR',
};

/** `2026-01-15T10:30:00.000Z INFO  sentence name=value`; JSON escapes control characters, the rest is replaced. */
function asText(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const values = Object.entries(fields).map(([name, value]) => ` ${name}=${word(value)}`);
  const text = `${String(time)} ${WORDS[String(level)] ?? String(level)} ${String(msg)}${values.join('')}`;
  return `${text.replace(/\p{Cc}/gu, (c) => (c === '\n' ? '\n    ' : '�'))}\n`;
}

function word(value: unknown): string {
  return typeof value === 'string' && /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
}
