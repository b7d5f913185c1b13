// Decides whether the program is ready, and why not. It judges plain data; it asks no other part and knows no HTTP.

import { type ComponentReadiness, judgeProcess, no, OK, readinessOf } from '../../http/readiness.ts';
import type { MiningView } from '../domain/view.ts';

/** Age of the newest information of any upstream from which on the program is not ready. */
export const INFORMATION_AGE_MAX_MS = 30_000;
/** Share of the open-file limit, taken by miners' connections, above which a warning is shown. */
const DESCRIPTOR_SHARE_WARNED = 0.9;

/** What the judgement needs. */
export type ReadinessInputs = Pick<
  MiningView,
  'upstreams' | 'store' | 'pool' | 'proofs' | 'door' | 'alarms' | 'descriptors' | 'logLoss' | 'uptimeMs'
>;

/** The body of `/readyz`. */
export type Readiness = ReturnType<typeof judgeReadiness>;

/** Ready if every component is ok. */
export function judgeReadiness(inputs: ReadinessInputs) {
  return readinessOf({
    database: inputs.store.problem === null ? OK : no(inputs.store.problem),
    workers: judgeWorkers(inputs),
    upstream: judgeUpstreams(inputs),
    process: judgeProgram(inputs),
  });
}

/** A receiver that takes no alarms is only a warning: the program works without it. */
function judgeProgram(inputs: ReadinessInputs): ComponentReadiness {
  const { descriptors, logLoss, alarms } = inputs;
  const judged = judgeDescriptors(inputs) ?? judgeProcess(descriptors.problem, logLoss);
  return judged === OK && alarms.problem !== null ? { ok: true, reason: alarms.problem } : judged;
}

function judgeWorkers({ pool, proofs }: ReadinessInputs): ComponentReadiness {
  if (!pool.isUp) return no('the thread that answers questions is not running');
  return proofs.isOff || proofs.workers > 0 ? OK : no('no thread that checks proofs is running');
}

/** An upstream that needs its operator is only a warning while another one gives informations. */
function judgeUpstreams({ upstreams, uptimeMs }: ReadinessInputs): ComponentReadiness {
  const ages = upstreams.flatMap(({ informationAgeMs }) => informationAgeMs ?? []);
  const newestMs = ages.length === 0 ? null : Math.min(...ages);
  if (newestMs === null)
    return no(`no upstream has given a mining information since the start, ${seconds(uptimeMs)} ago`);
  if (newestMs >= INFORMATION_AGE_MAX_MS)
    return no(`no upstream has given a mining information for ${seconds(newestMs)}`);
  const alarmed = upstreams.filter(({ alarms }) => alarms.length > 0).map(({ name }) => JSON.stringify(name));
  if (alarmed.length === 0) return OK;
  return {
    ok: true,
    reason: `an operator must look after the upstream ${alarmed.join(', ')}: the dashboard says why`,
  };
}

/** Null unless miners hold most of the descriptors. */
function judgeDescriptors({ descriptors, door }: ReadinessInputs): ComponentReadiness | null {
  const { limit, problem } = descriptors;
  if (problem !== null || limit === null || door.connections <= DESCRIPTOR_SHARE_WARNED * limit) return null;
  return {
    ok: true,
    reason: `miners hold ${door.connections} connections, and the limit of open files is ${limit}: raise it (ulimit -n, LimitNOFILE)`,
  };
}

function seconds(ms: number): string {
  return `${Math.floor(ms / 1000)} s`;
}
