// `npm run simulate`: the wiring of the load simulator, and its words to the person at the terminal.

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../lib/clock.ts';
import { CodedError, type ErrorCode } from '../../lib/errors.ts';
import { createAggregatorClient } from '../simulator/aggregator-client.ts';
import { connectBroker } from '../simulator/broker.ts';
import { HELP, parseOptions } from '../simulator/options.ts';
import { reportJson, reportLines } from '../simulator/report.ts';
import { runSimulation } from '../simulator/run.ts';
import type { Command } from '../../cli/command.ts';
import { complain, mention, print } from '../../cli/output.ts';

const EXIT_DIFFERENCES = 1;
const EXIT_USAGE = 2;
const USAGE_CODES: ReadonlySet<ErrorCode> = new Set(['usage', 'settings_invalid']);

/**
 * Runs the simulator with the arguments after `simulate`; resolves to the exit code: 0 all equal, 1 differences or lost
 * messages, 2 usage, settings, limits, or nothing to talk to.
 */
export async function simulate(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  try {
    const options = parseOptions(args, env);
    const isTerminal = (options.isJson ? process.stderr : process.stdout).isTTY;
    return await runSimulation(options, {
      aggregator: createAggregatorClient(options.httpUrl, options.isHttpOurs),
      connectBroker: () => connectBroker(options),
      clock: systemClock,
      wait: (ms) => delay(ms),
      output: { isTerminal, write: options.isJson ? complain : mention },
      report(result) {
        print(options.isJson ? `${reportJson(result)}\n` : `${reportLines(result).join('\n')}\n`);
      },
      nonce: randomUUID(),
    });
  } catch (error) {
    complain(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof CodedError && USAGE_CODES.has(error.code) ? EXIT_USAGE : EXIT_DIFFERENCES;
  }
}

export const simulateCommand: Command = { help: HELP, run: simulate };
