// The numbers as CSV files: the history, and all nodes that match. The nodes are read from the pool in parts, as fast as
// the client takes them, and never with their place.

import type { FastifyInstance } from 'fastify';
import { type History, HISTORY_SERIES, type HistoryBar } from '../domain/history.ts';
import type { NodeListing } from '../domain/statistics.ts';
import { type CsvCell, csvHeaders, csvRow, fileTime } from '../../http/csv.ts';
import { Exports } from '../../http/exports.ts';
import type { QueryOf } from '../../http/parameter.ts';
import { TEXT } from '../../http/schema.ts';
import type { SharedAnswers } from '../../http/shared-answers.ts';
import { HISTORY_QUERY, historyQuery, NODE_EXPORT_QUERY, nodeOrderQuery } from './parameters.ts';
import { BUSY, type FederationParts, sharedHistory } from './routes.ts';

/** Number of nodes in one part of an export: a question of some milliseconds, so that a tick never waits long. */
const PART_NODES = 500;

const produces = ['text/csv'];

/** Adds the routes of the CSV files. */
export function addExportRoutes(app: FastifyInstance, parts: FederationParts, shared: SharedAnswers): void {
  const exports = new Exports();
  app.get<{ Querystring: QueryOf<typeof HISTORY_QUERY> }>(
    '/api/federation/history.csv',
    {
      schema: {
        summary: 'The history as a CSV file',
        produces,
        querystring: HISTORY_QUERY,
        response: { 200: TEXT, ...BUSY },
      },
    },
    async (request, reply) => {
      const query = historyQuery(request.query, parts.nowMs());
      const { text } = await sharedHistory(query, parts, shared);
      const file = `federation-history-${query.period}-${fileTime(query.toMs)}`;
      return reply.headers(csvHeaders(file)).send(historyCsv(JSON.parse(text) as History, query.bar));
    },
  );

  app.get<{ Querystring: QueryOf<typeof NODE_EXPORT_QUERY> }>(
    '/api/federation/nodes.csv',
    {
      schema: {
        summary: 'All nodes that match, as a CSV file; never their place',
        produces,
        querystring: NODE_EXPORT_QUERY,
        response: { 200: TEXT, ...BUSY },
      },
    },
    (request, reply) =>
      exports.send(request, reply, async () => {
        const { strip } = request.query;
        const order = await parts.nodeOrder(nodeOrderQuery(request.query));
        const read = (from: number) =>
          parts.nodeListings([...order.subarray(from, from + PART_NODES)], strip);
        // The first part is read before the answer begins, so that a trouble is answered with its status.
        return {
          headers: csvHeaders(`federation-nodes-${fileTime(parts.nowMs())}`),
          parts: nodesCsv(order.length, strip, await read(0), read),
        };
      }),
  );
}

function historyCsv({ at, series, bar, gaps }: History, asked: HistoryBar | undefined): string {
  const startsAfterGap = new Set(gaps.map(({ to }) => to));
  const columns: readonly (readonly [name: string, cellOf: (row: number) => CsvCell | undefined])[] = [
    ['at', (row) => at[row]],
    ...HISTORY_SERIES.map((name) => [name, (row: number) => series[name][row]] as const),
    ...(asked === undefined
      ? []
      : [[`${asked.distribution}:${asked.label}`, (row: number) => bar?.[row]] as const]),
    ['rowsMissingBefore', (row) => startsAfterGap.has(at[row] ?? '')],
  ];
  const rows = at.map((_time, row) => csvRow(columns.map(([, cellOf]) => cellOf(row) ?? null)));
  return csvRow(columns.map(([name]) => name)) + rows.join('');
}

async function* nodesCsv(
  count: number,
  strip: number,
  first: readonly NodeListing[],
  read: (from: number) => Promise<readonly NodeListing[]>,
): AsyncGenerator<string> {
  const cells = Array.from({ length: strip }, (_, index) => `strip${index + 1}`);
  yield csvRow([...NODE_COLUMNS, ...cells]) + nodeRows(first);
  for (let from = PART_NODES; from < count; from += PART_NODES) yield nodeRows(await read(from));
}

const NODE_COLUMNS = [
  'nodeId',
  'state',
  'firstSeenAt',
  'lastSeenAt',
  'heartbeats',
  'uptime',
  'authenticated',
] as const satisfies readonly (keyof NodeListing)[];

function nodeRows(nodes: readonly NodeListing[]): string {
  return nodes
    .map((node) => csvRow([...NODE_COLUMNS.map((name) => node[name]), ...(node.strip ?? [])]))
    .join('');
}
