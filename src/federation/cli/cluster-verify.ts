// `aggregator cluster verify`: asks all replicas through the brokers for digests of their rows, compares them, and checks the
// account of every input stream. It changes nothing.

import { setTimeout as delay } from 'node:timers/promises';
import { command } from '../../cli/command.ts';
import { flag, option, optionWithDefault } from '../../cli/command-line.ts';
import { readQuantity } from '../../cli/number-option.ts';
import { print } from '../../cli/output.ts';
import { progressLine } from '../../cli/progress-line.ts';
import { rowsText, whole } from '../../cli/screen.ts';
import type { NatsConnection } from '../../io/nats.ts';
import { systemClock } from '../../lib/clock.ts';
import { DAY_MS } from '../../lib/durations.ts';
import { CodedError } from '../../lib/errors.ts';
import { askReplicas } from '../cluster/ask.ts';
import type { Place } from '../domain/cluster.ts';
import type { DigestAnswer, DigestRequest } from '../domain/digests.ts';
import { type Answers, compareReplicas, type ComparisonReport } from './cluster-compare.ts';
import { CLUSTER_FOLDER } from './cluster-files.ts';
import { clusterOf, hearPlaces, withBrokers } from './cluster-places.ts';

/** Time for one question to all replicas, in ms; it is asked again within it. */
const ANSWER_MS = 15_000;
const ASK_AGAIN_MS = 3_000;
const REST_MS = 300;
/** The clocks of two machines may differ. */
const CLOCK_MARGIN_MS = 3_600_000;
const TIMEOUT_SECONDS = { unit: 'seconds', min: 1, max: 3_600 } as const;

/** The command `cluster verify`. */
export const verifyClusterCommand = command({
  about:
    'Compares the rows of all replicas, and checks that each message of the input streams has one outcome. Node states are not compared: each replica judges them by itself. Under load the newest rows change all the time; then the command repeats its questions.',
  options: {
    dir: option(
      'DIR',
      `the folder of a cluster of cluster up; default the settings of a replica (CLUSTER), else ${CLUSTER_FOLDER}`,
    ),
    timeout: optionWithDefault(
      'TIME',
      'how long questions are repeated, at most 1h; a bare number is seconds',
      '60',
    ),
    json: flag('print the report as JSON'),
  },
  exit: '0 all rows are equal and all accounts are right; 1 they are not, or one replica is missing; 2 usage, or no broker answers.',
  async run({ values }, env) {
    const seconds = readQuantity('timeout', values.timeout, TIMEOUT_SECONDS);
    const cluster = clusterOf(env, values.dir);
    const progress = progressLine('verify');
    const keptMs =
      cluster.retentionDays === 0
        ? 0
        : systemClock.nowMs() - cluster.retentionDays * DAY_MS + CLOCK_MARGIN_MS;
    const deadlineMs = systemClock.monotonicMs() + seconds * 1_000;
    const report = await withBrokers(cluster.nats, async (connection) => {
      const places = requireTwo(await hearPlaces(connection));
      return compareReplicas({
        ask: (request) => askAll(connection, cluster.nats.inboxPrefix, places, request),
        keptMs: Math.max(0, keptMs),
        isOver: () => systemClock.monotonicMs() > deadlineMs,
        rest: () => delay(REST_MS),
        progress: progress.show,
      });
    }).finally(() => progress.end());
    print(values.json ? `${JSON.stringify(report, null, 2)}\n` : screenOf(report));
    return report.isClean ? 0 : 1;
  },
});

/** Errors: `not_found`. */
function requireTwo(places: readonly Place[]): readonly Place[] {
  if (places.length >= 2) return places;
  const who = places.map(({ replica }) => replica).join('') || 'none';
  throw new CodedError(
    'not_found',
    `Replicas that speak at the brokers: ${who}. Two are needed: start the other one.`,
  );
}

/** Asks all replicas of the places; each has its own inbox, so that no late answer is taken for another one. */
async function askAll(
  connection: NatsConnection,
  inboxPrefix: string | null,
  places: readonly Place[],
  request: DigestRequest,
): Promise<Answers> {
  const answers = new Map<string, DigestAnswer>();
  const refusals = new Map<string, string>();
  const done = Promise.withResolvers<void>();
  const stop = new AbortController();
  const [partition = 0] = places.map((place) => place.partition);
  const ask = askReplicas(
    connection,
    partition,
    {
      inboxPrefix,
      heard(_partition, reply) {
        const place = places.find(({ process }) => process === reply.process);
        if (place === undefined) return;
        if (reply.type === 'refused') refusals.set(place.replica, reply.reason);
        if (reply.type === 'digests') answers.set(place.replica, reply.digests);
        if (answers.size === places.length) done.resolve();
      },
      ignored: () => undefined,
    },
    stop.signal,
  );
  try {
    for (let waitedMs = 0; waitedMs < ANSWER_MS && answers.size < places.length; waitedMs += ASK_AGAIN_MS) {
      ask({ type: 'digests', request });
      await Promise.race([done.promise, delay(ASK_AGAIN_MS, undefined, { signal: stop.signal })]);
    }
  } finally {
    stop.abort();
  }
  const missing = places.map(({ replica }) => replica).filter((replica) => !answers.has(replica));
  if (missing.length === 0) return new Map([...answers].toSorted(([one], [other]) => (one < other ? -1 : 1)));
  const reasons = missing.map((replica) => `${replica} (${refusals.get(replica) ?? 'no answer'})`);
  throw new CodedError(
    'no_answer',
    `These replicas do not answer: ${reasons.join(', ')}. Look at their /readyz.`,
  );
}

const VERDICTS = {
  equal: 'equal',
  differs: 'DIFFERS',
  unsettled: 'NOT COMPARED: it changed all the time; run this again with less load or a longer --timeout',
} as const;

function screenOf({ replicas, progress, tables, accounts, isClean }: ComparisonReport): string {
  const wrong = accounts.filter((account) => !account.isBalanced);
  return rowsText([
    [
      'replicas',
      replicas.map((name, index) => `${name} (${whole(progress[index] ?? 0)} applied)`).join(', '),
    ],
    ...tables.map(({ table, rows, verdict, first }): [string, string] => [
      NAMES[table] ?? table,
      `${whole(rows)} ${VERDICTS[verdict]}${first === null ? '' : `, first above id ${first.after} and up to ${first.upto}`}`,
    ]),
    [
      'accounts',
      wrong.length === 0
        ? `${accounts.length} right`
        : wrong
            .map(({ replica, stream, first, upto }) => `WRONG in ${replica}: ${stream} ${first} to ${upto}`)
            .join('; '),
    ],
    ['verdict', isClean ? 'clean' : 'NOT CLEAN'],
  ]);
}

const NAMES: Readonly<Record<string, string>> = {
  taskReporters: 'reporters',
  invoiceReporters: 'reporters',
};
