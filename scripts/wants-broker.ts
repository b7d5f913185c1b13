// Whether the program would start a nats-server of its own with these arguments and the settings of this environment: exit
// code 0 if so. ./aggregator asks it and fetches a nats-server only then. It starts nothing, and leaves it to the program to
// say which arguments or settings are wrong.

import { asksForHelp } from '../src/cli/command-line.ts';
import { takeGlobalOptions } from '../src/cli/global-options.ts';
import { withEnvFile } from '../src/config/env-file.ts';
import { type Environment, environment, fromCaller } from '../src/config/environment.ts';
import { readSettings, wantsOwnBroker } from '../src/federation/config/settings.ts';
import { CodedError } from '../src/lib/errors.ts';
import { isTradesMeant } from '../src/trades/config/standard.ts';

function wantsBroker(given: readonly string[], own: Environment): boolean {
  const { args, envFile, asksForVersion } = takeGlobalOptions(given);
  if (asksForVersion || asksForHelp(args)) return false;
  const env = envFile === null ? own : withEnvFile(own, fromCaller(own, envFile));
  const isSet = (name: string) => (env[name] ?? '').trim() !== '';
  // ./aggregator looks at the real variable, and knows nothing of one in the file.
  if (own['NATS_SERVER_BIN'] === undefined && isSet('NATS_SERVER_BIN')) return false;
  const [word = isTradesMeant(env) ? 'trades' : 'serve', next] = args;
  // The demonstration of the agent brings an aggregator with a broker, unless a broker is named.
  if (word === 'agent') {
    return (args.includes('--demo') || args.includes('--or-demo')) && !isSet('FEDERATION_NATS_URL');
  }
  // A cluster for a trial brings its brokers.
  if (word === 'cluster') return next === 'up';
  return word === 'serve' && wantsOwnBroker(readSettings(env).settings);
}

try {
  process.exitCode = wantsBroker(process.argv.slice(2), environment()) ? 0 : 1;
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  process.exitCode = 1;
}
