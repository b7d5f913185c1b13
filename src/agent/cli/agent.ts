// `aggregator agent`: reads the settings, makes the agent, and runs it until a signal ends it; or prints what it would
// send; or runs the demonstration.

import { command } from '../../cli/command.ts';
import { flag } from '../../cli/command-line.ts';
import { limitHeapGrowth } from '../../cli/heap.ts';
import { untilSignal } from '../../cli/until-signal.ts';
import type { Environment } from '../../config/environment.ts';
import { createLog } from '../../io/log.ts';
import { requireDescriptors } from '../../lib/descriptors.ts';
import { CodedError } from '../../lib/errors.ts';
import { isAnythingSet, readSettings } from '../config/settings.ts';
import { withoutFolders } from '../sources/file-name.ts';

/** Number of file descriptors that a start needs: its threads and files, the door, and the node's files. */
const START_DESCRIPTORS = 128;

/** Runs the agent until a signal; resolves with the exit code. Throws a `CodedError` if the start fails. */
async function runAgent(env: Environment): Promise<number> {
  limitHeapGrowth();
  const { settings, warnings } = readSettings(env);
  requireDescriptors(START_DESCRIPTORS);
  // The text of an unexpected error may hold a path, and a path the wallet's address.
  const log = createLog({ ...settings.log, hidesErrorTexts: true });
  for (const warning of warnings) log.warn(`settings: ${warning}`);
  const { createAgent } = await import('../threads/main.ts');
  const shown = ({ code, message }: CodedError) =>
    new CodedError(code, withoutFolders(message, settings.databasePath));
  return untilSignal({
    log,
    ready: 'watching the files; /readyz says what is missing; stop with Ctrl-C or SIGTERM',
    stopping: 'telling the network that this node leaves; what is not confirmed waits on the disk',
    make: (fatal) =>
      createAgent(settings, { log, fatal: (error) => fatal(shown(error)), isDemonstration: false }),
  }).catch((error: unknown) => {
    throw error instanceof CodedError ? shown(error) : error;
  });
}

/** The command that runs the agent. */
export const agentCommand = command({
  about:
    'Runs the agent until Ctrl-C, SIGTERM, or its terminal closes. Settings are environment variables (see docs/agent.md); check-config checks them.',
  options: {
    'dry-run': flag(
      'print what would be sent, one message as JSON a line, as if nothing had been sent before; connect to nothing, change no file',
    ),
    once: flag('with --dry-run: end when everything that is there was read'),
    demo: flag('run a demonstration on this machine: a simulated node, an aggregator, and the agent'),
    'or-demo': flag('the same if no setting of the agent is there and no file at the usual places'),
  },
  exit: '0 orderly stop; 1 it cannot start or continue, and says why; 2 usage.',
  async run({ values }, env) {
    if (values.once && !values['dry-run']) throw wrong('--once belongs to --dry-run.');
    if (values['dry-run'] && values.demo) throw wrong('Give --dry-run or --demo, not both.');
    if (values['dry-run']) return (await import('./dry-run.ts')).dryRun(env, values.once);
    if (values.demo) return (await import('./demonstrate.ts')).demonstrate(env, 'asked for by --demo');
    const sought = values['or-demo'] && !isAnythingSet(env) ? await filesSought() : null;
    if (sought === null) return runAgent(env);
    return (await import('./demonstrate.ts')).demonstrate(env, sought);
  },
});

/** What was looked for in vain; null if a file is there. */
async function filesSought(): Promise<string | null> {
  const { settings } = readSettings({});
  const { expandGlob } = await import('../sources/globs.ts');
  const patterns = [...settings.sources.events, ...settings.sources.logs];
  for (const pattern of patterns) if ((await expandGlob(pattern)).paths.length > 0) return null;
  return `no setting AGENT_… or FEDERATION_… is there, and nothing matches ${patterns.join(' or ')}`;
}

function wrong(sentence: string): CodedError {
  return new CodedError('usage', `${sentence} --help lists the options.`);
}
