// `aggregator nodes`: erases a node on request, and shuts node ids out, while the program runs or not.

import type { Environment } from '../../config/environment.ts';
import { readSettings } from '../config/settings.ts';
import { parseCommandLine } from '../../lib/command-line.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { changeDatabase } from './change-database.ts';
import type { Command } from '../../cli/command.ts';
import { print } from '../../cli/output.ts';
import { readSubcommand } from '../../cli/subcommand.ts';

const HELP = `Usage: aggregator nodes forget NODE_ID [--json]
       aggregator nodes block NODE_ID [--json]
       aggregator nodes unblock NODE_ID [--json]
       aggregator nodes list [--json]

Changes what the database of DB_PATH knows of nodes, also while the program runs: then it takes effect at once.

forget   removes the node's row and its changes of state. No total shrinks: it still counts as a node ever seen, and its
         tasks and invoices stay. Tasks still count it as a reporter, but nobody can tell which node it was. A later message
         makes it a new node.
block    refuses every later message of the id, as one over its limit (outcome rate_limited): it stores nothing and is no
         sign of life. What is stored stays; to erase it as well: block, then forget.
unblock  lets the id in again.
list     lists the blocked ids.

An id that begins with - stands behind a --: nodes block -- -id

Exit code: 0 done; 1 not done, also if there is no such node; 2 usage.
`;

const OPTIONS = { json: { type: 'boolean', default: false } } as const;
const WORDS = ['forget', 'block', 'unblock', 'list'] as const;

async function list(args: readonly string[], env: Environment): Promise<string> {
  const { values } = parseCommandLine(args, OPTIONS);
  const blocked = await changeDatabase(readSettings(env).settings, { type: 'listBlocked' });
  if (values.json) return `${JSON.stringify({ blocked })}\n`;
  if (blocked.length === 0) return 'No node is blocked.\n';
  return blocked.map(({ nodeId, blockedAt }) => `${nodeId}  blocked ${blockedAt}\n`).join('');
}

async function change(
  word: Exclude<(typeof WORDS)[number], 'list'>,
  args: readonly string[],
  env: Environment,
): Promise<string> {
  const { values, operands } = parseCommandLine(args, OPTIONS, ['NODE_ID']);
  const { settings } = readSettings(env);
  const [nodeId = ''] = operands;
  const say = (answer: object, sentence: string) =>
    values.json ? `${JSON.stringify(answer)}\n` : `${nodeId}: ${sentence}\n`;
  switch (word) {
    case 'forget':
      return say(await changeDatabase(settings, { type: 'forgetNode', nodeId }), 'forgotten');
    case 'block':
      return say(await changeDatabase(settings, { type: 'blockNode', nodeId }), 'blocked');
    case 'unblock':
      return say(await changeDatabase(settings, { type: 'unblockNode', nodeId }), 'let in again');
    default:
      return unreachable(word);
  }
}

export const nodesCommand: Command = {
  help: HELP,
  async run(args, env) {
    const { word, rest } = readSubcommand(WORDS, args);
    print(word === 'list' ? await list(rest, env) : await change(word, rest, env));
    return 0;
  },
};
