// `aggregator exchange-sim`: runs a simulated exchange until a signal ends it, with a scenario from a file or one that it
// makes up.

import { readFileSync } from 'node:fs';
import { command } from '../../cli/command.ts';
import { type CommandLine, option, optionWithDefault, printable } from '../../cli/command-line.ts';
import { complain, mention } from '../../cli/output.ts';
import { untilSignal } from '../../cli/until-signal.ts';
import { type Environment, fromCaller } from '../../config/environment.ts';
import { systemClock } from '../../lib/clock.ts';
import { COMMAND_NAME } from '../../lib/command-name.ts';
import { errorCode } from '../../lib/error-code.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Part } from '../../lib/part.ts';
import { systemTimers, type Timer } from '../../lib/timers.ts';
import { DemoExchange } from '../simulator/demo-exchange.ts';
import { createExchangeSim, type ExchangeSim, rulesOf } from '../simulator/exchange-sim.ts';
import { parseScenario, readScenario } from '../simulator/read-scenario.ts';
import { EXCHANGE_NAMES, type ExchangeName } from '../simulator/scenario.ts';

const OPTIONS = {
  host: optionWithDefault('ADDRESS', 'where it listens', '127.0.0.1'),
  port: option('N', 'where it listens; 0 for any free port; default 9101 binance, 9102 bybit, 9103 kraken'),
  scenario: option('FILE', 'what the exchange has and does, as JSON; default: a demonstration'),
} as const;

type Given = CommandLine<typeof OPTIONS>;

/** Hours before now from which the printed commands collect, so that there are summaries of whole hours at once. */
const SHOWN_HOURS = 6;
const HOUR_MS = 3_600_000;
/** Time between two lines of the log. */
const REPORT_INTERVAL_MS = 60_000;

const LOG = {
  info: (text: string) => mention(`${text}\n`),
  error: (text: string) => complain(`${text}\n`),
};

function exchangeOf([word = '']: readonly string[]): ExchangeName {
  const exchange = EXCHANGE_NAMES.find((name) => name === word);
  if (exchange === undefined) {
    throw new CodedError('usage', `'${printable(word)}' is not one of: ${EXCHANGE_NAMES.join(', ')}.`);
  }
  return exchange;
}

function portOf(text: string | undefined, standard: number): number {
  if (text === undefined) return standard;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new CodedError('usage', '--port must be a whole number from 0 to 65535.');
}

function scenarioText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = errorCode(error) ?? 'no code';
    throw new CodedError('not_found', `The scenario ${path} cannot be read (${code}).`);
  }
}

/** How a person registers the accounts of the demonstration, and sees their summaries. */
function demoLines(
  exchange: ExchangeName,
  { accounts }: DemoExchange,
  { atMs, url }: { readonly atMs: number; readonly url: string },
): readonly string[] {
  const since = new Date(atMs - SHOWN_HOURS * HOUR_MS).toISOString();
  return [
    `start the service with: EXCHANGE_URLS=${exchange}=${url} npm run trades`,
    ...accounts.map(
      ({ name, apiKey, secret }) => `account ${name}: key ${apiKey}, secret ${secret} (made up, no secret)`,
    ),
    `register an account with this; --since reads its last ${SHOWN_HOURS} hours, whose summaries come at once:`,
    ...accounts.map(
      ({ name, apiKey, secret, accountType }) =>
        `echo '${JSON.stringify({ apiKey, secret })}' | ./aggregator register-user --exchange ${exchange} --account-type ${accountType} --user ${name} --since ${since} --api-interval 5000 --secrets-stdin --allow-unattested`,
    ),
    `see the summaries with: ${COMMAND_NAME} outbox list --state delivered`,
    `end a session, whose open hour is sealed then, with: ${COMMAND_NAME} register-user --end session-….json`,
  ];
}

/** One line a minute on what was asked. */
class Report implements Part {
  readonly #sim: ExchangeSim;
  #timer: Timer | null = null;
  #shown = 0;

  constructor(sim: ExchangeSim) {
    this.#sim = sim;
  }

  async start(): Promise<void> {
    this.#timer = systemTimers.every(REPORT_INTERVAL_MS, () => LOG.info(this.line()));
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
  }

  line(): string {
    const { total, byKey, overlaps } = this.#sim.counts();
    const news = total - this.#shown;
    this.#shown = total;
    const fills = this.#sim.accounts.reduce((sum, name) => sum + this.#sim.fills(name).length, 0);
    const atOnce = Object.values(overlaps).reduce((sum, count) => sum + count, 0);
    return `${total} requests (${news} new) by ${Object.keys(byKey).length} keys, ${atOnce} of them while another of the key was under way; ${fills} fills`;
  }
}

function createProgram(given: Given, env: Environment) {
  const exchange = exchangeOf(given.operands);
  const rules = rulesOf(exchange);
  const { scenario: file, host } = given.values;
  const port = portOf(given.values.port, rules.port);
  const demo =
    file === undefined ? new DemoExchange(rules, { clock: systemClock, timers: systemTimers }) : null;
  const scenario =
    demo === null ? parseScenario(scenarioText(fromCaller(env, file ?? ''))) : readScenario(demo.scenario);
  const sim = createExchangeSim(exchange, scenario, { host, port });
  demo?.attach(sim);
  const report = new Report(sim);
  return {
    async start() {
      const { url } = await sim.start();
      LOG.info(`listening at ${url}`);
      const atMs = systemClock.nowMs();
      if (demo === null) LOG.info(`start the service with: EXCHANGE_URLS=${exchange}=${url} npm run trades`);
      else for (const line of demoLines(exchange, demo, { atMs, url })) LOG.info(line);
      await demo?.start();
      await report.start();
    },
    async stop() {
      await report.stop();
      await demo?.stop();
      await sim.stop();
      LOG.info(report.line());
    },
    kill: () => undefined,
  };
}

/** The command `exchange-sim`. */
export const exchangeSimCommand = command({
  about:
    'Answers like an exchange, for trials and demonstrations: signed requests are checked, and fills, balances and tables of markets come from a scenario, page by page as the exchange documents it. Faults, late fills, revoked keys and a wrong clock are part of scenarios; addresses under /sim/ show what was asked and change what happens.\n\nWithout --scenario it makes up two accounts that have traded for some days and go on trading, and prints how to register them.',
  operands: ['EXCHANGE'],
  options: OPTIONS,
  exit: '0 ended by a signal; 1 it cannot listen, or the scenario is wrong; 2 usage.',
  run(given, env) {
    const program = createProgram(given, env);
    return untilSignal({
      log: LOG,
      ready: 'the simulated exchange is ready; stop with Ctrl-C or SIGTERM',
      stopping: 'closing its connections',
      make: () => program,
    });
  },
});
