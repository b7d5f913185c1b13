// `aggregator agent trust`: accepts the other key that was offered for the statistics; if the agent does not run, the next
// key that it sees.

import { command } from '../../cli/command.ts';
import { flag } from '../../cli/command-line.ts';
import { answerTo } from '../../cli/operator-request.ts';
import { print } from '../../cli/output.ts';
import type { Database } from '../../store/database.ts';
import type { OperatorRequest, Trusted } from '../domain/operator-request.ts';
import { AGENT_DATABASE } from '../store/agent-database.ts';
import { StateWriter } from '../store/writer.ts';
import { statePath } from './own-state.ts';

/** The command `agent trust`. */
export const trustCommand = command({
  about:
    'Statistics count only with a signature of the pinned key. If the aggregator has a new one, ask its operator for its thumbprint, compare it with the one in the log of the agent, and accept it with this command. If the agent does not run, the pin is taken away, and the next key that it sees is pinned.',
  options: { json: flag('print JSON') },
  exit: '0 done; 1 the running agent was offered no other key, or it failed; 2 usage.',
  async run({ values }, env) {
    const request: OperatorRequest = { type: 'trust' };
    const operated = { path: statePath(env), program: AGENT_DATABASE, applyAlone: takePinAway };
    const trusted = (await answerTo(operated, request)) as Trusted;
    print(values.json ? `${JSON.stringify(trusted)}\n` : textOf(trusted));
    return trusted.accepted === null && !trusted.isPinGone ? 1 : 0;
  },
});

/** The identity beside the state file is written anew at the next start. */
function takePinAway(database: Database): Trusted {
  const writer = new StateWriter(database);
  const { identity } = writer;
  writer.change(() => writer.setIdentity({ ...identity, statsKey: null }), true);
  return { accepted: null, before: identity.statsKey?.kid ?? null, isPinGone: true };
}

function textOf({ accepted, before, isPinGone }: Trusted): string {
  if (isPinGone) {
    const what = before === null ? 'No key was pinned' : `The key ${before} is pinned no more`;
    return `${what}: the agent pins the next one that it sees.\n`;
  }
  const was = before === null ? '' : ` (before: ${before})`;
  if (accepted !== null) return `Statistics count with the key ${accepted} from now on${was}.\n`;
  return before === null
    ? 'No key is pinned, and none was offered.\n'
    : `No other key was offered; ${before} stays.\n`;
}
