#!/usr/bin/env node
// The command line: names a command, turns its result or its error into an exit code and one sentence.

import { environment } from './config/environment.ts';
import { CodedError } from './lib/errors.ts';

const USAGE = `Usage: aggregator [command] [options]

  serve         run the aggregator (the default); settings come from the environment, see README.md
  check-config  check the settings and print those that are set, secrets left out; starts nothing
  simulate      send what real monitors send and check the published statistics; --help lists its options
`;

async function main(args: readonly string[]): Promise<number> {
  const [command = 'serve', ...rest] = args;
  switch (command) {
    case 'serve': {
      const { serve } = await import('./cli/serve.ts');
      return serve(environment());
    }
    case 'check-config': {
      const { checkConfig } = await import('./cli/check-config.ts');
      return checkConfig(environment());
    }
    case 'simulate': {
      const { simulate } = await import('./cli/simulate.ts');
      return simulate(rest, environment());
    }
    case '--help':
    case '-h':
    case 'help':
      process.stdout.write(USAGE);
      return 0;
    default:
      throw new CodedError('usage', `"${command}" is not a command.\n\n${USAGE}`);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  process.stderr.write(`${error.message} [${error.code}]\n`);
  process.exitCode = error.code === 'usage' ? 2 : 1;
}
process.exit();
