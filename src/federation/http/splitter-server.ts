// The HTTP of a process that only splits: `/livez`, `/readyz` and `/metrics`. It has no API and no page.

import { createBoundedServer, type HttpServer, type ListenAddress } from '../../http/bounded-server.ts';
import { addHealthRoutes, type HealthParts } from '../../http/health.ts';
import { type ComponentReadiness, judgeProcess, no, OK, readinessOf } from '../../http/readiness.ts';
import { COMPONENT, readyzSchema } from '../../http/schema.ts';
import type { LineLoss } from '../../lib/line-output.ts';
import type { ShardStatus, SplittersStatus } from '../domain/splitter-status.ts';

const READYZ = readyzSchema({ splitters: COMPONENT, process: COMPONENT });
/** No request has a body. */
const BODY_BYTES = 4_096;

/** The facts for the decision whether such a process is ready. */
export interface SplitterReadinessInputs {
  /** What the splitters last said; null before the first report. */
  readonly status: SplittersStatus | null;
  readonly descriptorProblem: string | null;
  readonly logLoss: LineLoss;
}

/** Ready while the brokers are reached; a splitter that begins again, and a stream that is away, are warnings. */
export function judgeSplitters({ status, descriptorProblem, logLoss }: SplitterReadinessInputs) {
  return readinessOf({ splitters: judge(status), process: judgeProcess(descriptorProblem, logLoss) });
}

function judge(status: SplittersStatus | null): ComponentReadiness {
  if (status === null) return no('the splitters have not started');
  if (status.problem !== null) return no(status.problem);
  if (status.shards.length === 0) return no('there is no input stream');
  const reason = status.shards.flatMap(warningsOf).join('; ');
  return reason === '' ? OK : { ok: true, reason };
}

function warningsOf({ shard, splitter }: ShardStatus): readonly string[] {
  if (splitter === null) return [];
  const { isAway, problem } = splitter;
  if (isAway) return [`${shard}: the server of this stream is away`];
  return problem === null ? [] : [`${shard}: ${problem}`];
}

/** Makes the server; it does not listen before `start`. */
export function createSplitterServer(
  { host, port }: Pick<ListenAddress, 'host' | 'port'>,
  parts: Omit<HealthParts, 'readinessSchema'>,
): HttpServer {
  const address = { host, port, hostSetting: 'HTTP_HOST', portSetting: 'HTTP_PORT' };
  const { app, start, stop } = createBoundedServer(address, BODY_BYTES);
  app.after(() => addHealthRoutes(app, { ...parts, readinessSchema: READYZ }));
  return { start, stop };
}
