// The real program as a child process: started with settings, read by its log and its HTTP, ended by signals.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { COMPILED_CODE } from './compiled-code.ts';
import { until } from './until.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** The entry with test seams, set by `SEAMS`. */
export const SERVE_WITH_SEAMS = fileURLToPath(new URL('serve-with-seams.ts', import.meta.url));

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Aggregator {
  readonly process: ChildProcess;
  readonly log: readonly LogLine[];
  readonly errors: () => string;
  /** Resolves with its HTTP address once it listens. */
  url(timeoutMs?: number): Promise<string>;
  get(path: string): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Resolves when `/readyz` is 200 and nothing waits in the stream. */
  ready(timeoutMs?: number): Promise<void>;
  /** A metric's value summed over its series whose labels contain `labels`; 0 if there is none. */
  metric(name: string, labels?: string): Promise<number>;
  /** Resolves when the program has ended and its whole output has been read. */
  exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** How a program other than the federation's service is started. */
export interface Launch {
  readonly args?: readonly string[];
  /** Default: the folder of the test. */
  readonly cwd?: string;
  /** Beginning of the log line with the HTTP address. */
  readonly urlLine?: string;
  /** Limit of open files; default: the limit of the test. */
  readonly openFiles?: number;
}

/**
 * Starts `main` (another entry for test seams) as `npm start` does, with these settings and of the environment of the
 * test only what Node needs.
 */
export function startAggregator(
  env: Readonly<Record<string, string>>,
  main = MAIN,
  { args = [], cwd, urlLine = 'dashboard: ', openFiles }: Launch = {},
): Aggregator {
  const { PATH = '', HOME = '', NATS_SERVER_BIN = '' } = process.env;
  const command = [process.execPath, '--max-semi-space-size=8', main, ...args];
  const [file = '', ...words] =
    openFiles === undefined ? command : ['sh', '-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh', ...command];
  const child = spawn(file, words, {
    cwd,
    env: {
      PATH,
      HOME,
      NATS_SERVER_BIN,
      ...COMPILED_CODE,
      HTTP_PORT: '0',
      // Trades would start a process of its own beside it.
      ENCLAVE: 'off',
      LOG_FORMAT: 'json',
      LOG_LEVEL: 'debug',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  let errors = '';
  createInterface({ input: child.stdout }).on('line', (line) => log.push(parseLine(line)));
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    // Not at 'exit': its last lines may still be in the pipe then.
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const url = (timeoutMs?: number) => {
    const find = () => {
      if (child.exitCode !== null)
        throw new Error(`the aggregator ended: ${errors}${JSON.stringify(log.at(-1))}`);
      const line = log.find(({ msg }) => msg.startsWith(`${urlLine}http`))?.msg.slice(urlLine.length);
      return line?.split(' ')[0];
    };
    return until('the HTTP address in the log', find, timeoutMs);
  };
  const get = async (path: string) => {
    const response = await fetch(`${await url()}${path}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const metric = async (name: string, labels = '') => {
    const text = await (await fetch(`${await url()}/metrics`)).text();
    let sum = 0;
    for (const line of text.split('\n')) {
      if (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) {
        if (line.includes(labels)) sum += Number(line.slice(line.lastIndexOf(' ') + 1));
      }
    }
    return sum;
  };
  return {
    process: child,
    log,
    errors: () => errors,
    url,
    get,
    metric,
    async ready(timeoutMs) {
      await url(timeoutMs);
      const isReady = async () => {
        const { status, body } = await get('/readyz');
        return status === 200 && body['catchingUp'] === false;
      };
      await until('readiness', isReady, timeoutMs);
    },
    exit,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return (await exit).code;
    },
  };
}

/** A kill may cut the last line short. */
function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { level: 'cut', msg: line };
  }
}
