// The enclave's part of `status`: the numbers of the screen, and the screen. It asks the running process.

import { counts, rowsText, size, whole, withoutZeros } from '../../cli/screen.ts';
import type { Readiness, StatusView } from '../../cli/status.ts';
import { counted } from '../../lib/counted.ts';
import { type Sample, sumOf, sumsBy } from '../../lib/prometheus-text.ts';
import { ownEnclaveUrl } from '../config/own-url.ts';

/** The numbers of the screen; counts are since the start of the process, sizes in bytes. */
interface EnclaveScreen {
  readonly ready: boolean;
  /** Components with a reason, each with it. */
  readonly problems: readonly string[];
  readonly accounts: Readonly<Record<string, number>>;
  readonly polls: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly requestsFailed: number;
  readonly summaries: number;
  readonly unstored: number;
  readonly memoryBytes: number;
}

function statusOf({ status, components }: Readiness, samples: readonly Sample[]): EnclaveScreen {
  const own = (name: string) => sumOf(samples, `aggregator_enclave_${name}`);
  return {
    ready: status === 'ready',
    problems: Object.entries(components)
      .filter(([, { ok, reason }]) => !ok || reason !== undefined)
      .map(([name, { reason }]) => `${name}: ${reason ?? 'not well'}`),
    accounts: sumsBy(samples, 'aggregator_enclave_accounts', 'state'),
    polls: sumsBy(samples, 'aggregator_enclave_polls_total', 'outcome'),
    requests: own('requests_total'),
    requestsFailed: own('requests_failed_total'),
    summaries: own('summaries_total'),
    unstored: own('unstored_summaries'),
    memoryBytes: own('resident_memory_bytes'),
  };
}

function screenOf(status: EnclaveScreen, url: string): string {
  return rowsText([
    ['enclave', url],
    ['ready', status.ready ? 'yes' : 'NO'],
    ...status.problems.map((problem) => ['', problem] as const),
    ['accounts', counts(withoutZeros(status.accounts)) || 'none'],
    ['polls', counts(withoutZeros(status.polls)) || 'none yet'],
    ['requests', `${whole(status.requests)}, of which ${whole(status.requestsFailed)} failed`],
    [
      'summaries',
      `${whole(status.summaries)} signed; ${counted(status.unstored, 'waits', 'wait')} for the service`,
    ],
    ['memory', size(status.memoryBytes)],
  ]);
}

/** The enclave's view for the command `status`. */
export const ENCLAVE_STATUS_VIEW: StatusView<EnclaveScreen> = {
  shows: 'readiness, accounts, polls, requests and memory',
  startWords: 'enclave',
  defaultUrl: 'ENCLAVE_HOST and ENCLAVE_PORT',
  ownUrl: ownEnclaveUrl,
  statusOf,
  screenOf,
};
