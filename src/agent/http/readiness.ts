// Decides whether the agent is ready, and why not. It judges plain data; it asks no other part and knows no HTTP. No
// reason has a path: files and globs have their base names only.

import { type ComponentReadiness, no, OK, readinessOf } from '../../http/readiness.ts';
import { counted } from '../../lib/counted.ts';
import type { SourceKind, SourceStatus } from '../domain/source-facts.ts';
import type { AgentView } from '../domain/view.ts';

/** What the judgement needs. */
export type ReadinessInputs = Pick<
  AgentView,
  | 'nodeId'
  | 'isEnabled'
  | 'sharesTasks'
  | 'link'
  | 'sources'
  | 'waiting'
  | 'queueMax'
  | 'isOtherKeyOffered'
  | 'stateProblem'
  | 'logLinesDropped'
>;

/** The body of `/readyz`. */
export type Readiness = ReturnType<typeof judgeReadiness>;

const OPTED_OUT: ComponentReadiness = {
  ok: true,
  reason: 'this node has opted out of the federation: nothing is sent',
};
const PRESENCE_ONLY = 'this node shares no tasks: only its presence is sent';
/** The settings that name the sources, for whoever has to change them. */
const SETTINGS: Readonly<Record<SourceKind, string>> = { events: 'AGENT_EVENTS', logs: 'AGENT_LOGS' };
const NAMES: Readonly<Record<SourceKind, string>> = { events: 'event file', logs: 'log file' };

/** Ready if every component is ok. What concerns statistics is a warning: sending works without them. */
export function judgeReadiness(inputs: ReadinessInputs) {
  const { status, components } = readinessOf({
    state: judgeState(inputs),
    broker: judgeBroker(inputs),
    salt: judgeSalt(inputs),
    sources: judgeSources(inputs.sources),
    statistics: inputs.isOtherKeyOffered
      ? {
          ok: true,
          reason: 'another key than the pinned one signs statistics: aggregator agent trust accepts it',
        }
      : OK,
    process: judgeLog(inputs),
  });
  return { status, nodeId: inputs.nodeId, components };
}

function judgeLog({ logLinesDropped }: ReadinessInputs): ComponentReadiness {
  if (logLinesDropped === 0) return OK;
  return {
    ok: true,
    reason: `the log is not whole: ${counted(logLinesDropped, 'line')} could not be written`,
  };
}

function judgeState({ stateProblem, waiting, queueMax }: ReadinessInputs): ComponentReadiness {
  if (stateProblem !== null) return no(stateProblem);
  if (waiting < queueMax) return OK;
  const reason = `${counted(waiting, 'message waits', 'messages wait')}, as many as AGENT_QUEUE_MAX allows: the sources are read no further`;
  return { ok: true, reason };
}

function judgeBroker({ isEnabled, link }: ReadinessInputs): ComponentReadiness {
  if (!isEnabled) return OPTED_OUT;
  if (!link.isConnected)
    return no(`not connected to the broker${link.reason === null ? '' : `: ${link.reason}`}`);
  const reasons = [
    ...(link.breaker === 'closed'
      ? []
      : ['sending failed five times in a row: one heartbeat tries again within about a minute']),
    ...(link.forbidden.length === 0
      ? []
      : [`the broker forbids ${link.forbidden.join(', ')}: these messages wait for the next connection`]),
  ];
  return reasons.length === 0 ? OK : { ok: true, reason: reasons.join('; ') };
}

function judgeSalt({ isEnabled, sharesTasks, link }: ReadinessInputs): ComponentReadiness {
  if (!isEnabled) return OK;
  if (!sharesTasks) return { ok: true, reason: PRESENCE_ONLY };
  const why = link.joinProblem === null ? '' : `: ${link.joinProblem}`;
  if (link.saltFrom === null)
    return no(`no salt is known, so only presence is sent${why}; FEDERATION_SALT gives one`);
  return link.saltFrom === 'kept' && link.joinProblem !== null
    ? { ok: true, reason: `the salt of an earlier time is used${why}` }
    : OK;
}

/** One readable source is enough; what is missing beside it is a warning. */
function judgeSources(sources: readonly SourceStatus[]): ComponentReadiness {
  const wanted = sources.filter(({ isWanted }) => isWanted);
  if (wanted.length === 0) return no('AGENT_EVENTS and AGENT_LOGS are both empty: nothing is read');
  const reasons = wanted.flatMap((source) => sourceReasons(source));
  if (!wanted.some(({ isReadable }) => isReadable)) return no(reasons.join('; '));
  return reasons.length === 0 ? OK : { ok: true, reason: reasons.join('; ') };
}

function sourceReasons({ source, isReadable, looksFor, files }: SourceStatus): readonly string[] {
  const name = NAMES[source];
  const faults = files.flatMap((file) => {
    if (file.state === 'unreadable') return [`${name} ${file.name} cannot be read`];
    if (file.state === 'damaged')
      return [`${name} ${file.name} is damaged at byte ${file.offset ?? 0}: what is behind it waits`];
    return [];
  });
  if (isReadable || faults.length > 0) return faults;
  return [`no ${name} ${looksFor.join(' or ')} is there: check ${SETTINGS[source]} and its mount`];
}
