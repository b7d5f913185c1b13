// `aggregator agent forget`: gives the node a new id. The network does not know that it is the same node.

import { command } from '../../cli/command.ts';
import { flag } from '../../cli/command-line.ts';
import { print } from '../../cli/output.ts';
import { newNodeId } from '../store/open-state.ts';
import { changeOwnIdentity } from './own-state.ts';

/** The command `agent forget`. */
export const forgetCommand = command({
  about:
    'Gives the node a new id, also in messages that wait. What was reported under the old id is not reported again. The aggregator goes on listing the old id, as offline. The agent must not run.',
  options: { json: flag('print JSON') },
  exit: '0 done; 1 the agent runs, or the state file cannot be changed; 2 usage.',
  run({ values }, env) {
    const { before, after } = changeOwnIdentity(env, (identity) => ({ ...identity, nodeId: newNodeId() }));
    print(
      values.json
        ? `${JSON.stringify({ nodeId: after.nodeId, before: before.nodeId })}\n`
        : `The node is ${after.nodeId} from now on; it was ${before.nodeId}.\n`,
    );
    return 0;
  },
});
