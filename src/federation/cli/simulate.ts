// `aggregator simulate`: wires the load simulator, and prints its messages.

import { randomUUID } from 'node:crypto';
import { isatty } from 'node:tty';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../lib/clock.ts';
import { CodedError, type ErrorCode } from '../../lib/errors.ts';
import { createAggregatorClient } from '../simulator/aggregator-client.ts';
import { connectSimulator } from '../simulator/broker.ts';
import { OPTIONS, readOptions, type SimulationOptions } from '../simulator/options.ts';
import { reportJson, reportLines } from '../simulator/report.ts';
import { runSimulation } from '../simulator/run.ts';
import { command } from '../../cli/command.ts';
import { complain, mention, print } from '../../cli/output.ts';

const EXIT_DIFFERENCES = 1;
const EXIT_USAGE = 2;
const USAGE_CODES: ReadonlySet<ErrorCode> = new Set(['usage', 'settings_invalid']);

/** The command `simulate`. */
export const simulateCommand = command({
  about:
    'Simulated monitors send what real ones send; then the published statistics are compared with what they must be.',
  options: OPTIONS,
  exit: '0 all equal; 1 differences, or messages without an outcome; 2 usage, wrong settings, limits, or nothing to talk to.',
  async run(given, env) {
    try {
      return await simulate(readOptions(given, env));
    } catch (error) {
      complain(`${error instanceof Error ? error.message : String(error)}\n`);
      return error instanceof CodedError && USAGE_CODES.has(error.code) ? EXIT_USAGE : EXIT_DIFFERENCES;
    }
  },
});

/** Runs the simulator with these options; resolves with the exit code. */
function simulate(options: SimulationOptions): Promise<number> {
  const isTerminal = isatty((options.isJson ? process.stderr : process.stdout).fd);
  return runSimulation(options, {
    aggregator: createAggregatorClient(options.httpUrl, options.isHttpOurs),
    connectSimulator: () => connectSimulator(options),
    clock: systemClock,
    wait: (ms) => delay(ms),
    output: { isTerminal, write: options.isJson ? complain : mention },
    report(result) {
      print(options.isJson ? `${reportJson(result)}\n` : `${reportLines(result).join('\n')}\n`);
    },
    nonce: randomUUID(),
  });
}
