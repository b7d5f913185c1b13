// Whether a program is ready, from the judgement of its components: the same words for `/readyz` and for the page. Pure;
// the program judges its own components.

import type { JsonObject } from '../lib/merge-patch.ts';
import type { LineLoss } from '../lib/line-output.ts';

/** The state of one component; with `ok: true` a reason is a warning. */
export interface ComponentReadiness {
  readonly ok: boolean;
  readonly reason?: string;
}

/** What a program says about all its components; `Name` are their names. */
export interface ReadinessOf<Name extends string> {
  readonly status: 'ready' | 'not_ready';
  readonly components: Readonly<Record<Name, ComponentReadiness>>;
}

/** A component without a fault. */
export const OK: ComponentReadiness = { ok: true };

/** A component that makes the program not ready. */
export function no(reason: string): ComponentReadiness {
  return { ok: false, reason };
}

/** Ready if every component is ok. */
export function readinessOf<Name extends string>(
  components: Readonly<Record<Name, ComponentReadiness>>,
): ReadinessOf<Name> {
  const isReady = Object.values<ComponentReadiness>(components).every(({ ok }) => ok);
  return { status: isReady ? 'ready' : 'not_ready', components };
}

/** The components with a reason, for the document of a page. */
export function reasonsOf({ components }: ReadinessOf<string>): readonly JsonObject[] {
  return Object.entries(components).flatMap(([component, { ok, reason }]) =>
    reason === undefined ? [] : [{ component, ok, reason }],
  );
}

/** The component `process`: without a free descriptor nothing can be opened. A loss of log lines is a warning. */
export function judgeProcess(descriptorProblem: string | null, logLoss: LineLoss): ComponentReadiness {
  if (descriptorProblem !== null) return no(descriptorProblem);
  const { lines, problem } = logLoss;
  if (problem === null) return OK;
  const why = problem === 'EAGAIN' ? 'its reader is too slow' : `it cannot be written (${problem})`;
  // An incomplete log makes no answer worse, but whoever reads the log must know that it is incomplete.
  return { ok: true, reason: `the log is not whole: ${why}, ${lines} lines were dropped` };
}
