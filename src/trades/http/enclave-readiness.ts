// Decides whether the enclave is ready, and why not. It judges plain data; it asks no other part and knows no HTTP.

import { judgeProcess, no, OK, readinessOf, type ComponentReadiness } from '../../http/readiness.ts';
import { counted } from '../../lib/counted.ts';
import type { LineLoss } from '../../lib/line-output.ts';
import { type Platform, UNSTORED_SUMMARIES_MAX } from '../domain/enclave-link.ts';

/** What the judgement needs. */
export interface EnclaveReadinessInputs {
  readonly platform: Platform;
  readonly isSealKeyTemporary: boolean;
  /** True while a service is linked. */
  readonly isLinked: boolean;
  readonly unstoredSummaries: number;
  /** Why the latest document of the hardware could not be had; null if it could. */
  readonly attestationProblem: string | null;
  readonly descriptorProblem: string | null;
  readonly logLoss: LineLoss;
}

/** The body of `/readyz`. */
export type EnclaveReadiness = ReturnType<typeof judgeEnclaveReadiness>;

/** Ready if every component is ok: it polls, can prove what it is, and takes registrations. */
export function judgeEnclaveReadiness(inputs: EnclaveReadinessInputs) {
  return readinessOf({
    link: judgeLink(inputs),
    seal_key: inputs.isSealKeyTemporary
      ? { ok: true, reason: 'the seal key lives in memory only: a restart forgets every account' }
      : OK,
    hardware: judgeHardware(inputs),
    process: judgeProcess(inputs.descriptorProblem, inputs.logLoss),
  });
}

function judgeLink({ isLinked, unstoredSummaries }: EnclaveReadinessInputs): ComponentReadiness {
  const waiting = counted(unstoredSummaries, 'summary waits', 'summaries wait');
  if (unstoredSummaries >= UNSTORED_SUMMARIES_MAX)
    return no(`${waiting} for a service, so polling has stopped`);
  return isLinked ? OK : { ok: true, reason: `no service is linked; ${waiting} for one` };
}

function judgeHardware({ platform, attestationProblem }: EnclaveReadinessInputs): ComponentReadiness {
  if (attestationProblem !== null) return no(attestationProblem);
  return platform === 'none'
    ? { ok: true, reason: 'there is no trusted hardware: root and the user of the enclave can read keys' }
    : OK;
}
