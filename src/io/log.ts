// The log: one line per event, JSON for machines or readable text for a terminal. It never blocks and never ends the
// program: it drops and counts lines that it cannot write. Callers must never pass it text that came from the network, and
// log one line for each change of state, never one for each event of a kind that strangers can repeat.

import pino from 'pino';
import { systemClock, type Clock } from '../lib/clock.ts';
import { CodedError } from '../lib/errors.ts';
import { LineOutput, type LineLoss } from '../lib/line-output.ts';
import { LogFile, type LogFilePlace } from './log-file.ts';

/**
 * Maximum amount of log text that waits for a slow reader. More is dropped, because logging must never delay the
 * program.
 */
export const LOG_BACKLOG_BYTES_MAX = 4_194_304;

/** Severities, least severe first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Values to log beside the sentence; of an `Error` the log shows code, message and frames. */
export type LogFields = Readonly<Record<string, unknown>>;

/** One method per severity: a sentence about what happened, and fields. */
export type Log = Readonly<Record<LogLevel, (event: string, fields?: LogFields) => void>>;

/** How to log; `write`, if present, receives whole lines instead of standard output. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'json' | 'text';
  readonly write?: (line: string) => void;
  readonly clock?: Pick<Clock, 'nowMs'>;
  /** A file that has every line too. */
  readonly file?: LogFilePlace | null;
  /** A word that every line names, for a process that writes to the output of another one. */
  readonly program?: string;
  /** True: of an unexpected error only its kind and frames are logged, because its text may hold a secret. */
  readonly hidesErrorTexts?: boolean;
}

/** What may change while the program runs. */
export type LogChange = Pick<LogOptions, 'level'> & { readonly file: LogFilePlace | null };

/** A log that also counts the lines it could not write. */
export interface LossyLog extends Log {
  readonly loss: () => LineLoss;
  /** Changes level and file. The file is opened again, also if it stays the same. */
  readonly change: (to: LogChange) => void;
}

const NO_LOSS: LineLoss = { lines: 0, problem: null };

/** Makes a log. It writes waiting lines when the process exits, and drops lines that cannot be written. */
export function createLog(options: LogOptions): LossyLog {
  const clock = options.clock ?? systemClock;
  const output = options.write === undefined ? standardOutput(tellLoss) : null;
  const file = new LogFile({ lost: tellFileLoss, emptied: tellEmptied });
  file.place(options.file ?? null);
  const write = (line: string) => {
    (options.write ?? ((text: string) => output?.write(text)))(line);
    file.write(line);
  };
  const logger = pino(
    {
      level: options.level,
      base: options.program === undefined ? null : { program: options.program },
      timestamp: () => `,"time":"${new Date(clock.nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: options.format === 'json' ? write : (line) => write(asText(line)) },
  );
  const at = (level: LogLevel) => (event: string, fields?: LogFields) => {
    if (logger.isLevelEnabled(level)) logger[level](plain(fields, options.hidesErrorTexts === true), event);
  };
  // Logged at every level, because the line shows that the log works again.
  const lossLogger = logger.child({}, { level: 'warn' });
  const warnOfLoss = (what: string, lines: number, problem: string) => {
    const why = problem === 'EAGAIN' ? 'the reader was too slow' : `they could not be written (${problem})`;
    lossLogger.warn({ lines }, `${what} were dropped, ${why}`);
  };
  function tellLoss(lines: number, problem: string): void {
    warnOfLoss('Log lines', lines, problem);
  }
  function tellFileLoss(lines: number, problem: string): void {
    warnOfLoss('Lines of the log file', lines, problem);
  }
  function tellEmptied(problem: string): void {
    lossLogger.warn(`The log file could not be renamed (${problem}), and was emptied at its greatest size`);
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    loss: () => {
      const [shown, kept] = [output?.loss ?? NO_LOSS, file.loss];
      return { lines: shown.lines + kept.lines, problem: shown.problem ?? kept.problem };
    },
    change: (to) => {
      logger.level = to.level;
      file.place(to.file);
    },
  };
}

function standardOutput(tell: (lines: number, problem: string) => void): LineOutput {
  return new LineOutput({ descriptor: 1, backlogBytesMax: LOG_BACKLOG_BYTES_MAX, tell });
}

// Members of every line; a field of the same name would make the line ambiguous.
const RESERVED = new Set(['time', 'level', 'msg', 'program']);

function plain(fields: LogFields = {}, isTextHidden = false): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      RESERVED.has(name) ? `${name}_` : name,
      value instanceof Error ? plainError(value, isTextHidden) : value,
    ]),
  );
}

function plainError(error: Error, isTextHidden: boolean): Record<string, unknown> {
  // A `CodedError` is a sentence for the operator and needs no frames.
  if (error instanceof CodedError) {
    const cause = error.cause instanceof Error ? { cause: plainError(error.cause, isTextHidden) } : {};
    return { code: error.code, message: error.message, ...cause };
  }
  // A syntax error of JSON.parse quotes its input, which may have come from the network.
  const message = isTextHidden || error instanceof SyntaxError ? 'not shown' : error.message;
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  return { name: error.name, message, frames: frames.map((line) => line.trim()) };
}

const WORDS: Readonly<Record<string, string>> = {
  debug: 'DEBUG',
  info: 'INFO ',
  warn: 'WARN ',
  error: 'ERROR',
};

/**
 * Makes `2026-01-15T10:30:00.000Z INFO  [program] sentence name=value`, without brackets for a log of no named program. JSON escapes control characters in values; elsewhere they
 * are replaced.
 */
function asText(line: string): string {
  const { time, level, program, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const values = Object.entries(fields).map(([name, value]) => ` ${name}=${word(value)}`);
  const whose = typeof program === 'string' ? `[${program}] ` : '';
  const text = `${String(time)} ${WORDS[String(level)] ?? String(level)} ${whose}${String(msg)}${values.join('')}`;
  return `${text.replace(/\p{Cc}/gu, (c) => (c === '\n' ? '\n    ' : '�'))}\n`;
}

function word(value: unknown): string {
  return typeof value === 'string' && /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
}
