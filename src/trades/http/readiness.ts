// Decides whether the program is ready, and why not. It judges plain data; it asks no other part and knows no HTTP.

import { COMMAND_NAME } from '../../lib/command-name.ts';
import type { TradesView } from '../domain/view.ts';

/** What the judgement needs. */
export type ReadinessInputs = Pick<
  TradesView,
  'store' | 'readProblem' | 'keyId' | 'socket' | 'accounts' | 'outbox' | 'logLinesDropped'
>;

/** The state of one component; with `ok: true` a reason is a warning. */
export interface ComponentReadiness {
  readonly ok: boolean;
  readonly reason?: string;
}

/** The body of `/readyz`. */
export interface Readiness {
  readonly status: 'ready' | 'not_ready';
  readonly components: {
    readonly database: ComponentReadiness;
    readonly key: ComponentReadiness;
    readonly jobs: ComponentReadiness;
    readonly accounts: ComponentReadiness;
    readonly backend: ComponentReadiness;
    readonly process: ComponentReadiness;
  };
}

const OK: ComponentReadiness = { ok: true };

/** Ready if every component is ok. A backend that is away is a warning: the outbox keeps its summaries. */
export function judgeReadiness(inputs: ReadinessInputs): Readiness {
  const components = {
    database: judgeDatabase(inputs),
    key: inputs.keyId === '' ? no('no key signs the summaries of jobs') : OK,
    jobs: inputs.socket.isListening ? OK : no('the WebSocket of the jobs does not listen'),
    accounts: judgeAccounts(inputs),
    backend: judgeBackend(inputs),
    process: judgeProcess(inputs),
  };
  return {
    status: Object.values(components).every(({ ok }) => ok) ? 'ready' : 'not_ready',
    components,
  };
}

function judgeDatabase({ store, readProblem }: ReadinessInputs): ComponentReadiness {
  if (store.problem !== null) return no(store.problem);
  if (readProblem !== null) return no(readProblem);
  const lost = store.droppedFacts + store.unstorableFacts;
  return lost === 0 ? OK : { ok: true, reason: `${lost} facts could not be stored: the log says why` };
}

/** Without accounts a missing enclave harms nobody. */
function judgeAccounts({ accounts }: ReadinessInputs): ComponentReadiness {
  const { online, stale, offline, isLinked } = accounts;
  if (isLinked !== false || online + stale + offline === 0) return OK;
  return no('the enclave that polls the accounts is not linked');
}

function judgeBackend({ outbox }: ReadinessInputs): ComponentReadiness {
  const { problem, waiting, deadLetters } = outbox;
  const reasons = [
    ...(problem === null ? [] : [`${problem}; ${waiting} summaries wait in the outbox`]),
    ...(deadLetters === 0
      ? []
      : [`the backend refused ${deadLetters} summaries for good: ${COMMAND_NAME} outbox list`]),
  ];
  return reasons.length === 0 ? OK : { ok: true, reason: reasons.join('; ') };
}

function judgeProcess({ logLinesDropped }: ReadinessInputs): ComponentReadiness {
  // An incomplete log makes no answer worse, but whoever reads the log must know that it is incomplete.
  if (logLinesDropped === 0) return OK;
  return { ok: true, reason: `the log is not whole: ${logLinesDropped} lines were dropped` };
}

function no(reason: string): ComponentReadiness {
  return { ok: false, reason };
}
