// `aggregator agent adopt`: takes node id, continent and opt-outs from the database of a deployed monitor.

import { command } from '../../cli/command.ts';
import { flag } from '../../cli/command-line.ts';
import { print } from '../../cli/output.ts';
import { fromCaller } from '../../config/environment.ts';
import { CodedError } from '../../lib/errors.ts';
import type { AgentIdentity } from '../domain/agent-state.ts';
import { readMonitor } from '../store/adoption.ts';
import { changeOwnIdentity } from './own-state.ts';

/** The command `agent adopt`. */
export const adoptCommand = command({
  about:
    'Takes over the node of a deployed monitor: its node id, its continent, and what it has opted out of (the federation, the location, the tasks). FILE is its SQLite database, which is only read. Stop the monitor first: two programs with one node id confuse the network. The agent must not run.',
  operands: ['FILE'],
  options: { json: flag('print JSON') },
  exit: '0 done; 1 FILE is no database of a monitor, the agent runs, or the state file cannot be changed; 2 usage.',
  run({ values, operands }, env) {
    const [file] = operands;
    if (file === undefined) throw new CodedError('usage', 'FILE is missing. --help lists the options.');
    const adopted = readMonitor(fromCaller(env, file));
    const { before, after } = changeOwnIdentity(env, (identity) => ({ ...identity, ...adopted }));
    print(
      values.json
        ? `${JSON.stringify({ ...adopted, before: before.nodeId })}\n`
        : textOf(after, before.nodeId),
    );
    return 0;
  },
});

function textOf({ nodeId, continent, ...shares }: AgentIdentity, before: string): string {
  const yesOrNo = (holds: boolean) => (holds ? 'yes' : 'no');
  return [
    nodeId === before
      ? `The node is ${nodeId}, as before.`
      : `The node is ${nodeId} from now on; it was ${before}.`,
    `  takes part: ${yesOrNo(shares.isEnabled)}`,
    `  shares its tasks: ${yesOrNo(shares.sharesTasks)}`,
    `  shares its location: ${yesOrNo(shares.sharesLocation)}`,
    `  continent: ${continent ?? 'not told; NODE_CONTINENT tells it'}`,
    '',
  ].join('\n');
}
