// The metrics of the upstreams and of the delivery to them. The label `upstream` is the name in the configuration.

import type { Reading, SeriesValue } from '../../metrics/reading.ts';
import { UPSTREAM_STATES } from '../domain/upstream-state.ts';
import {
  DELIVERY_OUTCOMES,
  type MiningView,
  REQUEST_OUTCOMES,
  UPSTREAM_METHODS,
  type UpstreamView,
} from '../domain/view.ts';

/** All counters and gauges of the upstreams. */
export const UPSTREAM_READINGS: readonly Reading<MiningView>[] = [
  each('gauge', 'upstream_state', '1 for the state in which the upstream is.', ['state'], ({ state }) =>
    UPSTREAM_STATES.map((name) => [{ state: name }, state === name ? 1 : 0]),
  ),
  one('gauge', 'upstream_active', '1 while miners are served from the upstream.', ({ isActive }) =>
    isActive ? 1 : 0,
  ),
  {
    name: 'aggregator_mining_upstream_information_age_seconds',
    type: 'gauge',
    help: 'Age of the last mining information of the upstream; before the first the time since the start.',
    labels: ['upstream'],
    read: ({ upstreams, uptimeMs }) =>
      upstreams.map(({ name, informationAgeMs }) => [
        { upstream: name },
        (informationAgeMs ?? uptimeMs) / 1000,
      ]),
  },
  one(
    'gauge',
    'upstream_alarms',
    'Number of things at the upstream that an operator must do something about.',
    ({ alarms }) => alarms.length,
  ),
  one('counter', 'block_changes_total', 'Changes of the block.', ({ blockChanges }) => blockChanges),
  one('counter', 'fetches_total', 'Fetches of the mining information.', ({ fetches }) => fetches),
  one(
    'counter',
    'fetches_failed_total',
    'Fetches of the mining information that failed.',
    ({ failedFetches }) => failedFetches,
  ),
  one(
    'gauge',
    'fetch_interval_seconds',
    'Least time between two fetches of the mining information at present.',
    ({ fetchIntervalMs }) => fetchIntervalMs / 1000,
  ),
  one(
    'counter',
    'alternations_refused_total',
    'Informations that changed nothing because their block alternated with the current one.',
    ({ alternationsRefused }) => alternationsRefused,
  ),
  one(
    'counter',
    'cookie_rereads_total',
    'Times that the cookie file was read again because the upstream refused a request.',
    ({ cookieRereads }) => cookieRereads,
  ),
  each(
    'counter',
    'upstream_requests_total',
    'Requests to the upstream that ended, by method and outcome.',
    ['method', 'outcome'],
    ({ requests }) =>
      UPSTREAM_METHODS.flatMap((method) =>
        REQUEST_OUTCOMES.map((outcome) => [{ method, outcome }, requests[method].outcomes[outcome]] as const),
      ),
  ),
  each(
    'counter',
    'upstream_request_seconds_total',
    'Time that the requests to the upstream took, in all.',
    ['method'],
    ({ requests }) =>
      UPSTREAM_METHODS.map((method) => [{ method }, requests[method].seconds.sumSeconds] as const),
  ),
  one(
    'gauge',
    'delivery_waiting_submissions',
    'Submissions that are not delivered yet.',
    ({ delivery }) => delivery.waiting,
  ),
  one(
    'gauge',
    'delivery_oldest_seconds',
    'Age of the oldest submission that is not delivered yet; 0 if none waits.',
    ({ delivery }) => delivery.oldestAgeMs / 1000,
  ),
  one(
    'counter',
    'delivery_attempts_total',
    'Attempts to deliver a submission.',
    ({ delivery }) => delivery.attempts,
  ),
  one(
    'counter',
    'delivery_attempts_failed_total',
    'Attempts that failed and are made again.',
    ({ delivery }) => delivery.failedAttempts,
  ),
  each(
    'counter',
    'deliveries_total',
    'Submissions given to the delivery, by what became of them.',
    ['outcome'],
    ({ delivery }) => DELIVERY_OUTCOMES.map((outcome) => [{ outcome }, delivery.outcomes[outcome]]),
  ),
  one(
    'counter',
    'redeliveries_total',
    'Accepted submissions sent again because the upstream had been away.',
    ({ delivery }) => delivery.redelivered,
  ),
  one(
    'counter',
    'mismatches_total',
    'Delivered submissions for which the upstream computed another raw quality.',
    ({ delivery }) => delivery.mismatched,
  ),
];

type Read = (upstream: UpstreamView) => readonly SeriesValue[];

function each(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  labels: readonly string[],
  read: Read,
): Reading<MiningView> {
  return {
    name: `aggregator_mining_${name}`,
    type,
    help,
    labels: ['upstream', ...labels],
    read: ({ upstreams }) =>
      upstreams.flatMap((upstream) =>
        read(upstream).map(([own, value]): SeriesValue => [{ upstream: upstream.name, ...own }, value]),
      ),
  };
}

function one(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  read: (upstream: UpstreamView) => number,
): Reading<MiningView> {
  return each(type, name, help, [], (upstream) => [[{}, read(upstream)]]);
}
