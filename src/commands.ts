// The command line: names a command, turns its result or its error into an exit code and one sentence.

import type { Command } from './cli/command.ts';
import { complain, print } from './cli/output.ts';
import { environment } from './config/environment.ts';
import { asksForHelp, printable } from './lib/command-line.ts';
import { CodedError } from './lib/errors.ts';

interface Entry {
  readonly summary: string;
  load(): Promise<Command>;
}

/** In the order in which they are listed. Loaded when called, so that a small command starts quickly. */
const COMMANDS: Readonly<Record<string, Entry>> = {
  serve: {
    summary: 'run the aggregator (the default); settings come from the environment, see README.md',
    load: async () => (await import('./federation/cli/serve.ts')).serveCommand,
  },
  status: {
    summary: 'one screen of the running program',
    load: async () => (await import('./federation/cli/status.ts')).statusCommand,
  },
  'check-config': {
    summary: 'check the settings and print those that are set, secrets left out; starts nothing',
    load: async () => (await import('./federation/cli/check-config.ts')).checkConfigCommand,
  },
  audit: {
    summary: 'recount the stored rows and compare every roll-up with them',
    load: async () => (await import('./federation/cli/audit.ts')).auditCommand,
  },
  backup: {
    summary: 'copy the database to a file, also while the aggregator runs',
    load: async () => (await import('./federation/cli/backup.ts')).backupCommand,
  },
  restore: {
    summary: 'put a backup in the place of the database; the aggregator must not run',
    load: async () => (await import('./federation/cli/restore.ts')).restoreCommand,
  },
  keys: {
    summary: 'make, list and revoke API keys',
    load: async () => (await import('./federation/cli/keys.ts')).keysCommand,
  },
  nodes: {
    summary: 'forget a node, or block and unblock one',
    load: async () => (await import('./federation/cli/nodes.ts')).nodesCommand,
  },
  verify: {
    summary: 'say whether published statistics are genuine',
    load: async () => (await import('./federation/cli/verify.ts')).verifyCommand,
  },
  simulate: {
    summary: 'send what real monitors send and check the published statistics',
    load: async () => (await import('./federation/cli/simulate.ts')).simulateCommand,
  },
};

function usage(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}\n`,
  );
  return `Usage: aggregator [command] [options]\n\n${lines.join('')}\naggregator COMMAND --help says more of each.\n`;
}

async function main(args: readonly string[]): Promise<number> {
  const [name = 'serve', ...rest] = args;
  // `help NAME` is `NAME --help`.
  if (name === 'help' && rest.length > 0) return main([...rest, '--help']);
  if (name === 'help' || asksForHelp([name])) {
    print(usage());
    return 0;
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined)
    throw new CodedError('usage', `"${printable(name)}" is not a command.\n\n${usage()}`);
  const command = await entry.load();
  if (asksForHelp(rest)) {
    print(command.help);
    return 0;
  }
  return command.run(rest, environment());
}

// Libraries and threads may say something there; an error that nobody hears would end the program.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  const { failureLine } = await import('./cli/failure.ts');
  const { writtenDatabasePath } = await import('./federation/config/settings.ts');
  complain(failureLine(error, writtenDatabasePath(environment())));
  process.exitCode = error.code === 'usage' ? 2 : 1;
}
process.exit();
