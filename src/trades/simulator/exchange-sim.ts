// Starts a simulated exchange by its name. It knows which rules belong to which name, and no rule.

import { CodedError } from '../../lib/errors.ts';
import { binanceRules } from './binance-rules.ts';
import { bybitRules } from './bybit-rules.ts';
import { ExchangeServer, type ExchangeServerOptions } from './exchange-server.ts';
import { krakenRules } from './kraken-rules.ts';
import { readScenario } from './read-scenario.ts';
import type { ExchangeName, Scenario, ScenarioInput } from './scenario.ts';
import type { ExchangeRules } from './sim-wire.ts';

/** A simulated exchange that runs. */
export type ExchangeSim = ExchangeServer;

const RULES: Readonly<Record<ExchangeName, ExchangeRules>> = {
  binance: binanceRules,
  bybit: bybitRules,
  kraken: krakenRules,
};

/** The rules of an exchange. */
export function rulesOf(exchange: ExchangeName): ExchangeRules {
  return RULES[exchange];
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
