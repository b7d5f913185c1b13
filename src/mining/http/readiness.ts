// Decides whether the program is ready, and why not. It judges plain data; it asks no other part and knows no HTTP.

import type { MiningView } from '../domain/view.ts';

/** Age of the newest information of any upstream from which on the program is not ready. */
export const INFORMATION_AGE_MAX_MS = 30_000;
/** Share of the open-file limit, taken by miners' connections, above which a warning is shown. */
const DESCRIPTOR_SHARE_WARNED = 0.9;

/** What the judgement needs. */
export type ReadinessInputs = Pick<
  MiningView,
  'upstreams' | 'store' | 'pool' | 'proofs' | 'door' | 'descriptors' | 'logLoss' | 'uptimeMs'
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
    readonly workers: ComponentReadiness;
    readonly upstream: ComponentReadiness;
    readonly process: ComponentReadiness;
  };
}

const OK: ComponentReadiness = { ok: true };

/** Ready if every component is ok. */
export function judgeReadiness(inputs: ReadinessInputs): Readiness {
  const components = {
    database: inputs.store.problem === null ? OK : no(inputs.store.problem),
    workers: judgeWorkers(inputs),
    upstream: judgeUpstreams(inputs),
    process: judgeProcess(inputs),
  };
  return {
    status: Object.values(components).every(({ ok }) => ok) ? 'ready' : 'not_ready',
    components,
  };
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

function judgeProcess({ descriptors, logLoss, door }: ReadinessInputs): ComponentReadiness {
  if (descriptors.problem !== null) return no(descriptors.problem);
  if (descriptors.limit !== null && door.connections > DESCRIPTOR_SHARE_WARNED * descriptors.limit)
    return {
      ok: true,
      reason: `miners hold ${door.connections} connections, and the limit of open files is ${descriptors.limit}: raise it (ulimit -n, LimitNOFILE)`,
    };
  const { lines, problem } = logLoss;
  if (problem === null) return OK;
  const why = problem === 'EAGAIN' ? 'its reader is too slow' : `it cannot be written (${problem})`;
  // An incomplete log makes no answer worse, but whoever reads the log must know that it is incomplete.
  return { ok: true, reason: `the log is not whole: ${why}, ${lines} lines were dropped` };
}

function seconds(ms: number): string {
  return `${Math.floor(ms / 1000)} s`;
}

function no(reason: string): ComponentReadiness {
  return { ok: false, reason };
}
