// Compares a part of docs/metrics.md with the metrics of a program, and asks promtool what it thinks of them.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A metric with its type and its labels in order. */
export interface MetricRow {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

const PROCESS_HEADING = '\n## Process and event loop\n';
const [FEDERATION = '', MINING = '', TRADES = '', BACKEND = '', ENCLAVE = '', AGENT = ''] = readFileSync(
  new URL('../../docs/metrics.md', import.meta.url),
  'utf8',
).split(/\n## (?:Mining|Trades|Reference backend of trades|Enclave|Agent)\n/);
/** What the enclave counts, which the service shows too. */
const SHARED = TRADES.split('\n').filter((line) => line.startsWith('| `aggregator_enclave_'));
const OWN = {
  mining: MINING,
  trades: TRADES,
  backend: BACKEND,
  enclave: [...SHARED, ENCLAVE].join('\n'),
  agent: AGENT,
} as const;

/** The page as far as it is about this program; the process and its event loop belong to all. */
export function metricsPage(program: 'federation' | keyof typeof OWN): string {
  if (program === 'federation') return FEDERATION;
  return `${FEDERATION.slice(FEDERATION.indexOf(PROCESS_HEADING))}${OWN[program]}`;
}

/** The cells of every table row whose first cell is a word in back quotes. */
export function tableRows(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf('|'))
        .split('|')
        .map((cell) => cell.trim()),
    );
}

/** The words in back quotes of a cell. */
export function quotedWords(cell = ''): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

/** The metrics of a text in the format of Prometheus, by name. */
export function metricsOfText(text: string): MetricRow[] {
  const metrics = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => {
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}{`)) ?? '';
    const labels = [...line.matchAll(/[{,]([a-z]+)="/g)].map((match) => match[1] ?? '');
    return { name, type, labels: labels.toSorted() };
  });
  return byName(metrics);
}

/** The metrics that the page documents, by name. */
export function metricsOfPage(page: string): MetricRow[] {
  const metrics = tableRows(page).map(([name, type = '', labels]) => ({
    name: quotedWords(name)[0] ?? '',
    type,
    labels: quotedWords(labels).toSorted(),
  }));
  return byName(metrics);
}

function byName(metrics: readonly MetricRow[]): MetricRow[] {
  return metrics.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What `promtool check metrics` says about a text. */
export function promtool(text: string): { readonly code: number | null; readonly said: string } {
  const program = process.env['PROMTOOL_BIN'] ?? 'promtool';
  const { status, stdout, stderr, error } = spawnSync(program, ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  if (error !== undefined) throw error;
  return { code: status, said: `${stdout}${stderr}` };
}

/** The series of a text with their values. */
export function seriesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}
