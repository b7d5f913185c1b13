// `aggregator loadtest`: wires the load test, prints its messages, writes its reports, and ends it in order at a signal.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import { setTimeout as delay } from 'node:timers/promises';
import { command } from '../../cli/command.ts';
import { complain, mention, print } from '../../cli/output.ts';
import { SAME_SIGNAL_MS } from '../../cli/until-signal.ts';
import { type Environment, fromCaller } from '../../config/environment.ts';
import { systemClock } from '../../lib/clock.ts';
import { requireDescriptors } from '../../lib/descriptors.ts';
import { errorCode } from '../../lib/error-code.ts';
import { CodedError, type ErrorCode } from '../../lib/errors.ts';
import { createAggregatorClient } from '../simulator/aggregator-client.ts';
import { connectSimulator } from '../simulator/broker.ts';
import { fleetDialer } from '../simulator/fleet-connection.ts';
import { LOAD_OPTIONS, type LoadOptions, readLoadOptions } from '../simulator/load-options.ts';
import {
  loadReportJson,
  loadReportLines,
  loadReportMarkdown,
  reportFileStem,
} from '../simulator/load-report.ts';
import { runLoadTest } from '../simulator/load-run.ts';
import type { LoadResult } from '../simulator/load-result.ts';
import { ownAddresses, thisMachine } from '../simulator/machine.ts';
import { PROFILES } from '../simulator/profiles.ts';
import { createSigner, type Signer } from '../simulator/signature.ts';

const EXIT_DIFFERENCES = 1;
const EXIT_USAGE = 2;
const UNSUITABLE: ReadonlySet<ErrorCode> = new Set(['usage', 'settings_invalid', 'too_few_descriptors']);
const FORCED_EXIT = 130;
/** Files that the process opens beside the connections of the nodes. */
const OTHER_DESCRIPTORS = 32;

/** The command `loadtest`. */
export const loadtestCommand = command({
  about:
    'Simulated nodes, each with a connection of its own, load an aggregator in one of several ways. Then its counters and statistics are compared with what they must be. The aggregator may hold earlier data; what is compared is the difference.',
  options: LOAD_OPTIONS,
  table: Object.entries(PROFILES).map(([name, { summary }]) => [name, summary]),
  exit: '0 all as it must be; 1 differences, messages of other publishers, or a run that proves nothing; 2 usage, wrong settings, limits, or an aggregator or broker that is not suitable.',
  async run(given, env) {
    const interrupted = new AbortController();
    const forget = onSignals(interrupted);
    try {
      return await loadtest(readLoadOptions(given, env, ownAddresses()), env, interrupted.signal);
    } catch (error) {
      if (interrupted.signal.aborted) {
        complain('loadtest: interrupted: the run proves nothing.\n');
        return EXIT_DIFFERENCES;
      }
      complain(`${error instanceof Error ? error.message : String(error)}\n`);
      return error instanceof CodedError && UNSUITABLE.has(error.code) ? EXIT_USAGE : EXIT_DIFFERENCES;
    } finally {
      forget();
    }
  },
});

/** Aborts at the first signal, and ends the process at a later one. Returns the function that undoes this. */
function onSignals(interrupted: AbortController): () => void {
  let firstMs: number | null = null;
  const onSignal = () => {
    const nowMs = systemClock.monotonicMs();
    if (firstMs !== null && nowMs - firstMs > SAME_SIGNAL_MS) process.exit(FORCED_EXIT);
    firstMs ??= nowMs;
    interrupted.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
}

/** Runs the load test with these options; resolves with the exit code. */
async function loadtest(options: LoadOptions, env: Environment, signal: AbortSignal): Promise<number> {
  const isTerminal = isatty((options.isJson ? process.stderr : process.stdout).fd);
  const folder = options.reportFolder === null ? null : reportFolder(fromCaller(env, options.reportFolder));
  return runLoadTest(options, {
    aggregator: createAggregatorClient(options.httpUrl, options.isHttpOurs),
    connectSimulator: () => connectSimulator(options, true),
    dial: fleetDialer(options),
    signer: readSigner(env, options.keyFile),
    foreignSigner: readSigner(env, options.foreignKeyFile),
    machine: thisMachine(),
    clock: systemClock,
    wait: (ms) => delay(ms, undefined, { signal }),
    output: { isTerminal, write: options.isJson ? complain : mention },
    nonce: randomUUID(),
    signal,
    requireConnections: (connections) => requireDescriptors(connections + OTHER_DESCRIPTORS),
    runCommand: (text) => runCommand(text, signal),
    report(result) {
      print(options.isJson ? `${loadReportJson(result)}\n` : `${loadReportLines(result).join('\n')}\n`);
      if (folder !== null) writeReports(folder, result, options.isJson ? complain : mention);
    },
  });
}

/** Makes the folder of the reports. Throws CodedError `usage` if that is not possible. */
function reportFolder(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true });
    return folder;
  } catch (error) {
    throw new CodedError('usage', `--report: the folder cannot be made (${errorCode(error) ?? 'unknown'}).`, {
      cause: error,
    });
  }
}

function writeReports(folder: string, result: LoadResult, write: (text: string) => void): void {
  const stem = join(folder, reportFileStem(result));
  writeFileSync(`${stem}.json`, `${loadReportJson(result)}\n`);
  writeFileSync(`${stem}.md`, loadReportMarkdown(result));
  write(`report: ${stem}.json and .md\n`);
}

/** The signer of the key in a file; null without a file. Throws CodedError `usage`. */
function readSigner(env: Environment, file: string | null): Signer | null {
  if (file === null) return null;
  let text: string;
  try {
    text = readFileSync(fromCaller(env, file), 'utf8').trim();
  } catch (error) {
    throw new CodedError('usage', `The key file cannot be read (${errorCode(error) ?? 'unknown'}).`, {
      cause: error,
    });
  }
  const signer = createSigner(text);
  if (signer === null) throw new CodedError('usage', 'The key file does not hold one API key.');
  return signer;
}

/** Runs a shell command, whose output goes to standard error; resolves with its exit code. */
async function runCommand(text: string, signal: AbortSignal): Promise<number | null> {
  const child = spawn('sh', ['-c', text], {
    stdio: ['ignore', process.stderr.fd, process.stderr.fd],
    signal,
  });
  const ended = Promise.withResolvers<number | null>();
  child.once('error', ended.reject);
  child.once('exit', (code) => ended.resolve(code));
  return ended.promise;
}
