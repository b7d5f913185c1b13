// `aggregator status`: one screen of the running program, from what it shows over HTTP to everybody. Only `--acknowledge`
// goes to the database, as every command does that changes something. It opens no connection to the broker.

import type { Environment } from '../../config/environment.ts';
import { ownHttpUrl } from '../config/own-urls.ts';
import { CodedError } from '../../lib/errors.ts';
import { parseCommandLine } from '../../lib/command-line.ts';
import { getText, isHttpUrl } from '../../lib/http-get.ts';
import { parsePrometheusText, type Sample } from '../../lib/prometheus-text.ts';
import type { Command } from '../../cli/command.ts';
import { complain, print } from '../../cli/output.ts';
import { systemClock } from '../../lib/clock.ts';

const HELP = `Usage: aggregator status [options]

One screen of the running program: readiness, nodes, messages, statistics, disk and memory.

  --http URL  where it listens (HTTP_HOST and HTTP_PORT, else http://127.0.0.1:8080)
  --live      only whether it is alive, as a health check asks; 1 also if nothing answers
  --json      the same as one JSON object
  --acknowledge
              ends the warning about messages that are missing from the numbers (lost, thrown away, set aside): prints what
              was found so far and notes in the database of DB_PATH that you know of it, also while the program is stopped.
              What is found later warns again. Nothing else changes: the messages stay missing, and no counter falls.

Exit code: 0 it is ready; 1 it is not, and the screen says why; 2 usage, wrong settings, or nothing answers. With
--acknowledge: 0 done, also if there was nothing to acknowledge; 1 not done; 2 usage.
`;

const PATIENCE_MS = 5000;
/** The time of an answer is told in whole seconds, and it takes a way. */
const AHEAD_SECONDS = 5;
/** Ends before a health check of 5 s would end us. */
const LIFE_PATIENCE_MS = 4000;
const EXIT_NOT = 1;
const EXIT_NO_ANSWER = 2;

/** The parts of `/readyz` that are shown. */
interface Readiness {
  readonly status: string;
  readonly mode: string | null;
  readonly catchingUp: boolean;
  readonly components: Readonly<Record<string, { readonly ok: boolean; readonly reason?: string }>>;
}

/** What is printed; counts are since the start of the process, times in seconds, sizes in bytes. */
export interface Status {
  readonly ready: boolean;
  readonly mode: string | null;
  readonly catchingUp: boolean;
  readonly problems: readonly string[];
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly nodes: Readonly<Record<string, number>>;
  readonly received: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly rejected: Readonly<Record<string, number>>;
  readonly lost: number;
  /** Messages missing from the numbers that no operator has acknowledged, since ever. */
  readonly unacknowledged: Readonly<Record<string, number>>;
  readonly lagSeconds: number;
  readonly pending: number;
  /** null before the first publication, and with PUBLISH=off. */
  readonly lastPublicationSeconds: number | null;
  readonly databaseBytes: number;
  readonly memoryBytes: number;
  readonly logLinesDropped: number;
}

/** Makes the screen's numbers of two answers of the program. */
export function statusOf(readiness: Readiness, samples: readonly Sample[], nowSeconds: number): Status {
  const sum = (name: string) =>
    samples.reduce((total, sample) => (sample.name === name ? total + sample.value : total), 0);
  const by = (name: string, label: string) => {
    const sums: Record<string, number> = {};
    for (const { name: found, labels, value } of samples) {
      const key = labels[label];
      if (found === name && key !== undefined) sums[key] = (sums[key] ?? 0) + value;
    }
    return sums;
  };
  const publishedAt = sum('aggregator_last_publish_timestamp_seconds');
  return {
    ready: readiness.status === 'ready',
    mode: readiness.mode,
    catchingUp: readiness.catchingUp,
    problems: Object.entries(readiness.components)
      .filter(([, { ok, reason }]) => !ok || reason !== undefined)
      .map(([name, { reason }]) => `${name}: ${reason ?? 'not well'}`),
    version: samples.find(({ name }) => name === 'aggregator_build_info')?.labels['version'] ?? 'unknown',
    uptimeSeconds: nowSeconds - sum('process_start_time_seconds'),
    nodes: by('aggregator_nodes', 'state'),
    received: sum('aggregator_messages_received_total'),
    outcomes: by('aggregator_messages_total', 'outcome'),
    rejected: by('aggregator_messages_rejected_total', 'reason'),
    lost: sum('aggregator_messages_lost_total'),
    unacknowledged: by('aggregator_unacknowledged_messages', 'outcome'),
    lagSeconds: sum('aggregator_ingest_lag_seconds'),
    pending: sum('aggregator_pending_messages'),
    lastPublicationSeconds: publishedAt === 0 ? null : nowSeconds - publishedAt,
    databaseBytes: sum('aggregator_db_size_bytes'),
    memoryBytes: sum('process_resident_memory_bytes'),
    logLinesDropped: sum('aggregator_log_lines_dropped_total'),
  };
}

/** The screen. */
export function screenOf(status: Status, httpUrl: string): string {
  const { nodes, outcomes, lastPublicationSeconds } = status;
  const mode = status.mode === 'core' ? 'plain NATS' : status.mode === null ? 'no broker' : 'JetStream';
  const age = lastPublicationSeconds === null ? 'none yet' : ageText(lastPublicationSeconds);
  const rows: readonly (readonly [string, string])[] = [
    [
      'program',
      `${status.version} at ${httpUrl}, up ${duration(status.uptimeSeconds)}${aheadText(status.uptimeSeconds)}`,
    ],
    ['ready', `${status.ready ? 'yes' : 'NO'}, ${mode}${status.catchingUp ? ', catching up' : ''}`],
    ...status.problems.map((problem) => ['', problem] as const),
    ['nodes', counts(nodes)],
    ['received', `${whole(status.received)}${status.lost > 0 ? `, and ${whole(status.lost)} LOST` : ''}`],
    ['outcomes', counts(withoutZeros(outcomes)) || 'none yet'],
    ...(Object.keys(withoutZeros(status.rejected)).length > 0
      ? [['rejected', counts(withoutZeros(status.rejected))] as const]
      : []),
    ['lag', `${status.lagSeconds.toFixed(1)} s, ${whole(status.pending)} waiting in the stream`],
    ['published', age],
    ['database', size(status.databaseBytes)],
    ['memory', size(status.memoryBytes)],
    ...(status.logLinesDropped > 0
      ? [['log', `${whole(status.logLinesDropped)} lines could not be written`] as const]
      : []),
  ];
  return rows.map(([name, text]) => `${name.padEnd(11)}${text}\n`).join('');
}

function withoutZeros(counted: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(counted).filter(([, count]) => count > 0));
}

function counts(counted: Readonly<Record<string, number>>): string {
  return Object.entries(counted)
    .map(([name, count]) => `${name} ${whole(count)}`)
    .join(', ');
}

function whole(count: number): string {
  return count.toLocaleString('en');
}

function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${Math.max(0, Math.round(seconds))} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 1) return `${minutes} min`;
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** A time ahead of the program's clock is told as such: "0 s ago" would be taken for a publication of this moment. */
function ageText(seconds: number): string {
  return seconds > -AHEAD_SECONDS
    ? `${duration(seconds)} ago`
    : `${duration(-seconds)} in the future: the clock of the program was set back since`;
}

function aheadText(uptimeSeconds: number): string {
  return uptimeSeconds > -AHEAD_SECONDS ? '' : ' (its clock was set back since it started)';
}

function size(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

interface Answer {
  readonly text: string;
  /** The clock of the program, which may run on another machine; ours if the answer does not tell. */
  readonly nowMs: number;
}

/** Where the program is asked; `isOurs`: as our own settings say. */
interface Place {
  readonly url: string;
  readonly isOurs: boolean;
}

/** `path` stands below the address, which may be a path of a reverse proxy. */
async function ask({ url, isOurs }: Place, path: string, patienceMs = PATIENCE_MS): Promise<Answer> {
  try {
    const { text, date } = await getText(`${url.replace(/\/+$/, '')}/${path}`, patienceMs, isOurs);
    const toldMs = Date.parse(date ?? '');
    return { text, nowMs: Number.isNaN(toldMs) ? systemClock.nowMs() : toldMs };
  } catch (error) {
    throw new CodedError(
      'usage',
      `Nothing answers at ${url}: start the aggregator (npm start), or name it with --http URL.`,
      { cause: error },
    );
  }
}

async function run(args: readonly string[], env: Environment): Promise<number> {
  const { values } = parseCommandLine(args, {
    http: { type: 'string' },
    live: { type: 'boolean' },
    json: { type: 'boolean' },
    acknowledge: { type: 'boolean' },
  });
  const isLive = values.live === true;
  if (values.acknowledge === true) {
    if (values.http !== undefined || isLive) {
      throw new CodedError(
        'usage',
        `--acknowledge changes the database of DB_PATH, and ${isLive ? '--live' : '--http'} asks a program: give one of them.`,
      );
    }
    // Loaded when needed: a health check opens no database.
    const { acknowledge } = await import('./acknowledge.ts');
    print(await acknowledge(env, values.json === true));
    return 0;
  }
  const where = placeOf(values.http, env);
  if (where === null) return isLive ? EXIT_NOT : EXIT_NO_ANSWER;
  return isLive ? showLife(where, values.json === true) : showStatus(where, values.json === true);
}

/** Where the program listens; null after saying that the settings do not tell. */
function placeOf(http: string | undefined, env: Environment): Place | null {
  if (http !== undefined) {
    if (isHttpUrl(http)) return { url: http, isOurs: false };
    throw new CodedError('usage', '--http: must be a URL that begins with http:// or https://.');
  }
  try {
    return { url: ownHttpUrl(env), isOurs: true };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    complain(`${error.message} [${error.code}]\n`);
    return null;
  }
}

async function showLife(where: Place, isJson: boolean): Promise<number> {
  const live = await ask(where, 'livez', LIFE_PATIENCE_MS).then(saysOk, () => false);
  print(isJson ? `${JSON.stringify({ live })}\n` : `${live ? 'live' : 'NOT live'}: ${where.url}\n`);
  return live ? 0 : EXIT_NOT;
}

async function showStatus(where: Place, isJson: boolean): Promise<number> {
  const [readiness, metrics] = await Promise.all([ask(where, 'readyz'), ask(where, 'metrics')]);
  const status = statusOf(
    decode(readiness.text, where.url),
    parsePrometheusText(metrics.text),
    metrics.nowMs / 1000,
  );
  print(isJson ? `${JSON.stringify(status, null, 2)}\n` : screenOf(status, where.url));
  return status.ready ? 0 : EXIT_NOT;
}

function saysOk({ text }: Answer): boolean {
  try {
    return (JSON.parse(text) as { status?: unknown } | null)?.status === 'ok';
  } catch {
    return false;
  }
}

function decode(text: string, httpUrl: string): Readiness {
  try {
    const value = JSON.parse(text) as Readiness;
    if (typeof value.status === 'string' && typeof value.components === 'object') return value;
  } catch {
    // Said below.
  }
  throw new CodedError('usage', `What answers at ${httpUrl} is not an aggregator.`);
}

export const statusCommand: Command = { help: HELP, run };
