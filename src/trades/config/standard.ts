// Whether a call without a command means this program, as in an image that is told nothing but settings
// (docs/trades.md#image).

import type { Environment } from '../../config/environment.ts';
import { CodedError } from '../../lib/errors.ts';

const SETTINGS_OF_TRADES = ['AGGREGATOR_BACKEND_URL', 'AGGREGATOR_PRIVATE_KEY'] as const;

/** True if a setting of trades is set. Errors: `usage` if NATS_URL is set too, which is one of the federation. */
export function isTradesMeant(env: Environment): boolean {
  const isSet = (name: string) => (env[name] ?? '').trim() !== '';
  const name = SETTINGS_OF_TRADES.find(isSet);
  if (name === undefined) return false;
  if (!isSet('NATS_URL')) return true;
  throw new CodedError(
    'usage',
    `Without a command ${name} means the program trades, and NATS_URL means the federation's service: name one, "trades" or "serve".`,
  );
}
