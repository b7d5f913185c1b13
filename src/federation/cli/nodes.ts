// `aggregator nodes`: lists nodes, removes a node, and blocks node ids, whether the program runs or not.

import { type Command, command, group } from '../../cli/command.ts';
import { flag } from '../../cli/command-line.ts';
import { print } from '../../cli/output.ts';
import { readSettings } from '../config/settings.ts';
import { performOperatorRequest } from './operator-request.ts';

const EXIT = '0 done; 1 not done, also if there is no such node; 2 usage.';
const OPTIONS = { json: flag('print JSON') };
const ABOUT = {
  forgetNode:
    "Removes the node's row, its changes of state and its events. No total shrinks: the node still counts as ever seen, and its tasks and invoices stay. Tasks still count it as a reporter, but no one can tell which node it was. A later message makes it a new node.",
  blockNode:
    'Refuses every later message of the id (outcome rate_limited). The aggregator stores nothing of such a message, and does not take it as a sign of life. The row of the node stays; to erase it too, block the node first, then forget it.',
  unblockNode: 'Admits the id again.',
} as const;

/** Makes the command for one kind of change to a node; afterwards it prints `done`. */
function change(type: keyof typeof ABOUT, done: string): Command {
  return command({
    about: `${ABOUT[type]}\n\nWrite -- before an id that begins with -.`,
    operands: ['NODE_ID'],
    options: OPTIONS,
    exit: EXIT,
    async run({ values, operands: [nodeId = ''] }, env) {
      const answer = await performOperatorRequest(readSettings(env).settings, { type, nodeId });
      print(values.json ? `${JSON.stringify(answer)}\n` : `${nodeId}: ${done}\n`);
      return 0;
    },
  });
}

/** The command `nodes`. */
export const nodesCommand = group({
  about:
    'Shows and changes nodes in the database of DB_PATH. While the program runs, a change takes effect at once.',
  commands: {
    list: { summary: 'list the nodes', load: async () => (await import('./node-views.ts')).listCommand },
    show: {
      summary: 'show one node with its changes of state',
      load: async () => (await import('./node-views.ts')).showCommand,
    },
    forget: { summary: 'remove a node', load: () => Promise.resolve(change('forgetNode', 'forgotten')) },
    block: {
      summary: 'refuse all messages of a node',
      load: () => Promise.resolve(change('blockNode', 'blocked')),
    },
    unblock: {
      summary: 'admit a node again',
      load: () => Promise.resolve(change('unblockNode', 'admitted again')),
    },
    blocked: {
      summary: 'list the blocked ids',
      load: async () => (await import('./blocked.ts')).blockedCommand,
    },
  },
  exit: EXIT,
});
