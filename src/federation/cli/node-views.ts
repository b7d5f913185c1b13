// `aggregator nodes list` and `nodes show`: the nodes as they are stored, also while the program runs. They only read.

import { command } from '../../cli/command.ts';
import { flag, option, optionWithDefault, printable } from '../../cli/command-line.ts';
import { readNumber } from '../../cli/number-option.ts';
import { print } from '../../cli/output.ts';
import { tableText } from '../../cli/table.ts';
import { CodedError } from '../../lib/errors.ts';
import { NODE_STATES } from '../../lifecycle/node-state.ts';
import { NODE_ID } from '../domain/decode.ts';
import {
  NODE_SORTS,
  type NodeHistory,
  type NodeListing,
  type NodeOrderQuery,
  UPTIME_WINDOWS,
} from '../domain/statistics.ts';
import { readNode, readNodeListings, readNodeOrder } from '../workers/nodes.ts';
import { blockedText, readBlocked } from './blocked.ts';
import { reading } from './reading.ts';

const EXIT = '0 done; 1 not done, also if there is no such node; 2 usage.';
/** Maximum number of nodes in one list; more than any federation has. */
const LISTED_NODES_MAX = 1_000_000;
/** Number of nodes that are read and printed at once. */
const PART_NODES = 1_000;
const SHOWN_TRANSITIONS = 20;

/** The command `nodes list`. */
export const listCommand = command({
  about:
    'Lists the nodes in the database of DB_PATH, also while the program runs. Uptime is that of the last 24 h of observed time. With --blocked it lists the blocked ids instead, as nodes blocked does.',
  options: {
    state: option('STATE', `only nodes in this state: ${NODE_STATES.join(', ')}`),
    search: option('TEXT', 'only nodes whose id contains this, in any case'),
    sort: optionWithDefault(
      'KEY',
      `the order: ${NODE_SORTS.join(', ')}; --sort=-KEY is descending`,
      'firstSeen',
    ),
    limit: optionWithDefault('COUNT', 'the number of nodes to list at most', '100'),
    blocked: flag('list the blocked ids instead'),
    json: flag('print JSON'),
  },
  exit: EXIT,
  async run({ values }, env) {
    if (values.blocked) {
      print(blockedText(await readBlocked(env), values.json));
      return 0;
    }
    const query = orderQuery(values);
    const limit = readNumber('limit', values.limit, { min: 1, max: LISTED_NODES_MAX });
    const { nodes, total } = reading(env, (database) => {
      const numbers = readNodeOrder(database, query);
      const shown = Array.from(numbers.subarray(0, limit));
      const parts = Array.from({ length: Math.ceil(shown.length / PART_NODES) }, (_, part) =>
        readNodeListings(database, shown.slice(part * PART_NODES, (part + 1) * PART_NODES), 0),
      );
      return { nodes: parts.flat(), total: numbers.length };
    });
    print(values.json ? `${JSON.stringify({ nodes, total })}\n` : listText(nodes, total));
    return 0;
  },
});

/** The command `nodes show`. */
export const showCommand = command({
  about: `Shows one node of the database of DB_PATH, with its newest ${SHOWN_TRANSITIONS} changes of state; --json has up to 100. Write -- before an id that begins with -.`,
  operands: ['NODE_ID'],
  options: { json: flag('print JSON') },
  exit: EXIT,
  run({ values, operands: [nodeId = ''] }, env) {
    if (!NODE_ID.test(nodeId)) throw usage('A node id is 4 to 64 letters, digits, _ and -.');
    const windows = Object.entries(UPTIME_WINDOWS);
    const views = reading(env, (database) =>
      windows.map(([name, windowMs]) => ({
        name,
        node: readNode(database, { nodeId, windowMs, stripCells: 0 }),
      })),
    );
    const node = views[0]?.node;
    if (node == null) throw new CodedError('not_found', `There is no node ${nodeId} in the database.`);
    const uptimes = Object.fromEntries(views.map((view) => [view.name, view.node?.uptime ?? null]));
    print(values.json ? `${JSON.stringify({ ...node, uptime: uptimes })}\n` : nodeText(node, uptimes));
    return 0;
  },
});

interface Given {
  readonly state?: string | undefined;
  readonly search?: string | undefined;
  readonly sort: string;
}

function orderQuery({ state, search, sort }: Given): NodeOrderQuery {
  const descending = sort.startsWith('-');
  const key = NODE_SORTS.find((each) => each === sort.slice(descending ? 1 : 0));
  if (key === undefined)
    throw usage(
      `--sort ${printable(sort)}: must be one of ${NODE_SORTS.join(', ')}, with - before it or not.`,
    );
  const known = NODE_STATES.find((each) => each === state);
  if (state !== undefined && known === undefined)
    throw usage(`--state ${printable(state)}: must be one of ${NODE_STATES.join(', ')}.`);
  return {
    state: known ?? null,
    search: search === undefined || search === '' ? null : search,
    sort: key,
    descending,
  };
}

function listText(nodes: readonly NodeListing[], total: number): string {
  if (total === 0) return 'There is no such node.\n';
  const rows = nodes.map(({ nodeId, state, uptime, heartbeats, firstSeenAt, lastSeenAt, authenticated }) => [
    nodeId,
    state,
    share(uptime),
    String(heartbeats),
    firstSeenAt,
    lastSeenAt,
    authenticated ? 'signed' : 'claimed',
  ]);
  const head = ['node', 'state', 'uptime', 'heartbeats', 'first seen', 'last seen', 'trust'];
  const rest = total > nodes.length ? `${nodes.length} of ${total} nodes; --limit shows more\n` : '';
  return tableText([head, ...rows]) + rest;
}

function nodeText(node: NodeHistory, uptimes: Readonly<Record<string, number | null>>): string {
  const up = Object.entries(uptimes).map(([name, uptime]) => `${share(uptime)} of ${name}`);
  const facts = [
    ['node', node.nodeId],
    ['state', node.state],
    ['first seen', node.firstSeenAt],
    ['last seen', node.lastSeenAt],
    ['heartbeats', String(node.heartbeats)],
    ['uptime', up.join(', ')],
    ['trust', node.authenticated ? 'its newest message was signed with an API key' : 'claimed'],
  ];
  const changes = node.transitions
    .slice(0, SHOWN_TRANSITIONS)
    .map(({ at, from, to, cause }) => [at, `${from} to ${to}`, cause]);
  return tableText(facts) + (changes.length === 0 ? '' : `\n${tableText(changes)}`);
}

function share(uptime: number | null): string {
  // Rounded down, so that no node looks better than it is.
  return uptime === null ? '-' : `${(Math.floor(uptime * 1000) / 10).toFixed(1)} %`;
}

function usage(problem: string): CodedError {
  return new CodedError('usage', `${problem} --help lists the options.`);
}
