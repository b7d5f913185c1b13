// Decides whether the program is ready, and why not. It judges plain data; it asks no other part and knows no HTTP.

import { type ComponentReadiness, judgeProcess, no, OK, readinessOf } from '../../http/readiness.ts';
import { COMMAND_NAME } from '../../lib/command-name.ts';
import { counted } from '../../lib/counted.ts';
import type { TradesView } from '../domain/view.ts';

/** What the judgement needs. */
export type ReadinessInputs = Pick<
  TradesView,
  'store' | 'readProblem' | 'keyId' | 'socket' | 'accounts' | 'outbox' | 'descriptors' | 'logLoss'
>;

/** The body of `/readyz`. */
export type Readiness = ReturnType<typeof judgeReadiness>;

/** The outbox is shown as nearly full from this share of its size on, as the alert has it. */
const NEARLY_FULL_SHARE = 0.8;

/** Ready if every component is ok. A backend that is away is a warning: the outbox keeps its summaries. */
export function judgeReadiness(inputs: ReadinessInputs) {
  return readinessOf({
    database: judgeDatabase(inputs),
    key: inputs.keyId === '' ? no('no key signs the summaries of jobs') : OK,
    jobs: inputs.socket.isListening ? OK : no('the WebSocket of the jobs does not listen'),
    accounts: judgeAccounts(inputs),
    backend: judgeBackend(inputs),
    process: judgeProcess(inputs.descriptors.problem, inputs.logLoss),
  });
}

function judgeDatabase({ store, readProblem }: ReadinessInputs): ComponentReadiness {
  if (store.problem !== null) return no(store.problem);
  if (readProblem !== null) return no(readProblem);
  const lost = store.droppedFacts + store.unstorableFacts;
  return lost === 0
    ? OK
    : { ok: true, reason: `${counted(lost, 'fact')} could not be stored: the log says why` };
}

/** A missing enclave matters only if there are accounts. */
function judgeAccounts({ accounts }: ReadinessInputs): ComponentReadiness {
  const { isLinked, known, problem, stranded } = accounts;
  if (isLinked === false && known > 0)
    return no(`the enclave that polls the accounts is not linked${problem === null ? '' : `: ${problem}`}`);
  if (stranded === 0) return OK;
  const reason = `${counted(stranded, 'account')} cannot continue, because another seal key sealed what is known of them: ENCLAVE_SEAL_KEY`;
  return { ok: true, reason };
}

function judgeBackend({ outbox }: ReadinessInputs): ComponentReadiness {
  const { problem, waiting, deadLetters, heldBytes, bytesMax } = outbox;
  const share = heldBytes / bytesMax;
  const reasons = [
    ...(problem === null
      ? []
      : [`${problem}; ${counted(waiting, 'summary waits', 'summaries wait')} in the outbox`]),
    ...(deadLetters === 0
      ? []
      : [
          `the backend refused ${counted(deadLetters, 'summary', 'summaries')} for good: ${COMMAND_NAME} outbox list`,
        ]),
    ...(share <= NEARLY_FULL_SHARE
      ? []
      : [`the outbox is ${Math.floor(share * 100)} % full, and a full one processes no job: OUTBOX_MAX_MIB`]),
  ];
  return reasons.length === 0 ? OK : { ok: true, reason: reasons.join('; ') };
}
