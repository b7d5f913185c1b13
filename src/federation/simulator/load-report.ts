// The report of a load test: for the terminal, as JSON and as Markdown. All three have the same content.

import { outcomeTotal, receivedTotal } from './counters.ts';
import { commandLineOf } from './load-options.ts';
import { commitLatency, type LoadResult } from './load-result.ts';
import type { NamedDifference } from './load-account.ts';
import { format, table } from './report.ts';

const OUTCOMES = ['applied', 'duplicate', 'rejected', 'rate_limited', 'shed', 'quarantined', 'replayed'];
/** Maximum number of differences listed on the terminal and in Markdown; JSON has all. */
const DIFFERENCES_MAX = 200;

/** The report as plain data. */
function contentOf(result: LoadResult) {
  const { options, plan, fleet, aftermath, differences, elapsedMs } = result;
  const { counters } = aftermath;
  const resent = [...fleet.resent.values()].reduce((sum, count) => sum + count, 0);
  return {
    isEqual: differences.length === 0,
    profile: options.profile,
    startedAt: new Date(result.startedAtMs).toISOString(),
    seconds: elapsedMs / 1000,
    nodes: options.nodes,
    connections: plan.connections,
    ratePerMinute: options.ratePerMinute,
    seed: options.seed,
    sent: plan.messages.length,
    confirmed: fleet.confirmed,
    resent,
    unconfirmed: result.unconfirmed,
    outcomes:
      counters === null
        ? null
        : {
            received: receivedTotal(counters),
            ...Object.fromEntries(OUTCOMES.map((name) => [name, outcomeTotal(counters, name)])),
            lost: counters.lost,
          },
    rejected:
      counters === null
        ? null
        : Object.fromEntries(Object.entries(counters.rejected).filter(([, count]) => count !== 0)),
    fromOthers: aftermath.fromOthers,
    publishToPongMs: fleet.latency,
    publishToCommitMs: counters === null ? null : commitLatency(counters.publishToCommit),
    behindPlanMsMax: Math.round(result.behindMsMax),
    cuts: fleet.outages.map(({ lost, backAfterMs, arrivalsMs, lostAgain, awayMs }) => ({
      lost,
      back: backAfterMs.length,
      slowestReturnMs: Math.round(Math.max(0, ...backAfterMs)),
      firstArrivalMs: Math.round(arrivalsMs[0] ?? 0),
      lastArrivalMs: Math.round(arrivalsMs.at(-1) ?? 0),
      lostAgain,
      brokerAwayMs: awayMs,
    })),
    compared: aftermath.comparison.compared,
    differences,
    notes: [...plan.notes, ...aftermath.notes, ...aftermath.comparison.notes],
    machine: result.machine,
    versions: result.versions,
    commandLine: commandLineOf(options),
  };
}

type Content = ReturnType<typeof contentOf>;

/** The report for programs: one JSON object. */
export function loadReportJson(result: LoadResult): string {
  return JSON.stringify(contentOf(result), null, 2);
}

function milliseconds(value: number | null): string {
  if (value === null) return 'not observed';
  return value < 10 ? `${value.toFixed(1)} ms` : `${format(Math.round(value))} ms`;
}

function rowsOf(content: Content): readonly (readonly [string, string])[] {
  const { outcomes, publishToPongMs, publishToCommitMs } = content;
  const rows: (readonly [string, string])[] = [
    ['sent', format(content.sent)],
    ['confirmed', format(content.confirmed)],
    ['sent again', format(content.resent)],
  ];
  for (const [name, count] of Object.entries(outcomes ?? {})) rows.push([name, format(count)]);
  rows.push(
    ['publish to PONG p50', milliseconds(publishToPongMs.p50Ms)],
    ['publish to PONG p99', milliseconds(publishToPongMs.p99Ms)],
    ['publish to PONG max', milliseconds(publishToPongMs.maxMs)],
  );
  if (publishToCommitMs !== null) {
    rows.push(
      ['publish to commit p50', milliseconds(publishToCommitMs.p50Ms)],
      ['publish to commit p99', milliseconds(publishToCommitMs.p99Ms)],
      ['publish to commit max', milliseconds(publishToCommitMs.atMostMs)],
    );
  }
  rows.push(['behind the plan, max', milliseconds(content.behindPlanMsMax)]);
  return rows;
}

function cutLines({ cuts }: Content): readonly string[] {
  return cuts.map((cut, index) => {
    const arrivals = `arrivals after ${format(cut.firstArrivalMs)} to ${format(cut.lastArrivalMs)} ms`;
    const away = cut.brokerAwayMs > 0 ? `, broker away for ${format(cut.brokerAwayMs)} ms` : '';
    return `cut ${index + 1}: ${format(cut.lost)} connections lost, ${format(cut.back)} back, ${arrivals}${away}`;
  });
}

function rejectedLines({ rejected }: Content): readonly string[] {
  return Object.entries(rejected ?? {}).map(([key, count]) => `rejected: ${key} ${format(count)}`);
}

function differenceLine({ what, expected, found }: NamedDifference): string {
  return `${what}: expected ${expected}, found ${found}`;
}

function differenceLines(differences: readonly NamedDifference[]): readonly string[] {
  const lines = differences.slice(0, DIFFERENCES_MAX).map(differenceLine);
  const left = differences.length - DIFFERENCES_MAX;
  return left > 0 ? [...lines, `… and ${format(left)} more`] : lines;
}

function verdictOf({ differences, profile, compared }: Content): string {
  return differences.length === 0
    ? `${profile}: all as it must be, ${format(compared)} fields of the statistics compared`
    : `${profile}: ${format(differences.length)} differences`;
}

/** The report for people, line by line. */
export function loadReportLines(result: LoadResult): readonly string[] {
  const content = contentOf(result);
  const perSecond = Math.round(content.sent / Math.max(0.001, content.seconds));
  return [
    '',
    ...table(rowsOf(content)),
    `  in ${content.seconds.toFixed(1)} s, ${format(perSecond)} a second, ${format(content.connections)} connections`,
    ...rejectedLines(content),
    ...cutLines(content),
    ...content.notes,
    ...differenceLines(content.differences),
    `again: ${content.commandLine}`,
    verdictOf(content),
  ];
}

/** A cell of a Markdown table. */
function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`);
}

/** The report as Markdown. */
export function loadReportMarkdown(result: LoadResult): string {
  const content = contentOf(result);
  const { machine, versions } = content;
  const list = (lines: readonly string[]) => lines.map((line) => `- ${line}`);
  const rows = rowsOf(content).map(([name, value]) => `| ${cell(name)} | ${cell(value)} |`);
  const aggregator = versions.aggregator === '' ? 'unknown' : versions.aggregator;
  const sections = [
    [`# Load test: ${content.profile}`, '', `${verdictOf(content)}.`, ''],
    ['| what | value |', '|---|---:|', ...rows, ''],
    [
      '"Publish to PONG" is the time from a publication to the answer of the broker to the PING after it. "Publish to commit" is the time from the broker\'s receipt to the commit of the effects, as the aggregator measures it.',
      '',
    ],
    ['## Differences', '', ...list(differenceLines(content.differences)), ''],
    ['## Refused messages', '', ...list(rejectedLines(content)), ''],
    ['## Cuts', '', ...list(cutLines(content)), ''],
    ['## Notes', '', ...list(content.notes), ''],
    [
      '## Run',
      '',
      `- started ${content.startedAt}, ${content.seconds.toFixed(1)} s`,
      `- ${format(content.nodes)} nodes, ${format(content.connections)} connections, ${content.ratePerMinute} messages per node and minute, seed ${content.seed}`,
      `- machine: ${machine.system}, ${machine.processor}, ${machine.cores} cores, ${format(machine.memoryMiB)} MiB`,
      `- versions: loadtest ${versions.program} on Node ${versions.node}, broker ${versions.broker}, aggregator ${aggregator} on Node ${versions.aggregatorNode}`,
      `- again: \`${content.commandLine}\``,
    ],
  ];
  const isFilled = (section: readonly string[]) => section.length > 3 || !section[0]?.startsWith('## ');
  return `${sections.filter(isFilled).flat().join('\n')}\n`;
}

/** The beginning of the names of both report files: the time and the profile. */
export function reportFileStem({ startedAtMs, options }: LoadResult): string {
  return `${new Date(startedAtMs).toISOString().slice(0, 19).replaceAll(':', '-')}Z-${options.profile}`;
}
