// Starts a simulated exchange by its name. It knows which rules belong to which name, and no rule.

import { CodedError } from '../../lib/errors.ts';
import { binanceRules } from './binance-rules.ts';
import { ExchangeServer, type ExchangeServerOptions } from './exchange-server.ts';
import { readScenario } from './read-scenario.ts';
import type { ExchangeName, Scenario, ScenarioInput } from './scenario.ts';
import type { ExchangeRules } from './sim-wire.ts';

/** A simulated exchange that runs. */
export type ExchangeSim = ExchangeServer;

const RULES: Partial<Readonly<Record<ExchangeName, ExchangeRules>>> = {
  binance: binanceRules,
};

/** The rules of an exchange. Errors: `usage` if it cannot be simulated. */
export function rulesOf(exchange: ExchangeName): ExchangeRules {
  const rules = RULES[exchange];
  if (rules === undefined) throw new CodedError('usage', 'This exchange cannot be simulated yet.');
  return rules;
}

/** A server that does not listen yet. Errors: `settings_invalid` if the scenario is for another exchange, or wrong. */
export function createExchangeSim(
  exchange: ExchangeName,
  scenario: Scenario,
  options: ExchangeServerOptions = {},
): ExchangeSim {
  if (scenario.exchange !== null && scenario.exchange !== exchange) {
    throw new CodedError(
      'settings_invalid',
      `The scenario is for ${scenario.exchange}, not for ${exchange}.`,
    );
  }
  return new ExchangeServer(rulesOf(exchange), scenario, options);
}

/** Starts a server at a free port of this machine. Errors as those of the scenario's reader and of `listen`. */
export async function startExchangeSim(
  exchange: ExchangeName,
  scenario: ScenarioInput,
  options: ExchangeServerOptions = {},
): Promise<ExchangeSim> {
  const sim = createExchangeSim(exchange, readScenario(scenario), options);
  await sim.start();
  return sim;
}
