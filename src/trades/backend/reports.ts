// What the page and the read API ask of the database, and the answers. Plain data, made by the thread that owns the
// database.

import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { ClientFigures, ClientFiguresReader } from './client-figures.ts';
import { chartOf, type ClientChart } from './client-chart.ts';
import type { StoredProvenance } from './summary-rows.ts';

/** Rows of one page of clients or of summaries. */
export const REPORT_PAGE_ROWS_MAX = 50;
/** Characters of a text of a sender that a row shows; a longer one ends in `…`. */
const SHOWN_CHARACTERS_MAX = 200;

/** Columns by which clients are sorted. */
export const CLIENT_SORTS = ['receivedAt', 'clientId', 'summaries'] as const;

/** A page of clients. */
export interface ClientsQuery {
  /** A part of the client id; empty for all. */
  readonly search: string;
  readonly sort: (typeof CLIENT_SORTS)[number];
  readonly descending: boolean;
  /** From 1. */
  readonly page: number;
}

/** A client in the table. */
export interface ClientRow extends Omit<ClientFigures, 'findings'> {
  readonly client: number;
  readonly clientId: string;
  readonly provenance: StoredProvenance;
  readonly summaries: number;
  readonly receivedMs: number;
}

/** A page of rows. */
export interface ReportPage<Row> {
  readonly rows: readonly Row[];
  readonly page: number;
  readonly pages: number;
  readonly total: number;
}

/** One client with everything that is said of it. */
export interface ClientReport extends ClientRow, Pick<ClientFigures, 'findings'> {
  readonly firstReceivedMs: number;
}

/** A page of the summaries of a client, the newest received first. */
export interface SummariesQuery {
  readonly client: number;
  /** From 1. */
  readonly page: number;
}

/** A summary in the table. */
export interface SummaryRow {
  readonly digest: string;
  readonly seq: number | null;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  readonly exchange: string;
  readonly connectorVersion: string;
  readonly keyId: string;
  readonly trades: number;
  readonly revises: string | null;
  /** `counts`; `replaced` by a correction; `unused`: of a fork, or a correction that replaces nothing. */
  readonly state: 'counts' | 'replaced' | 'unused';
  /** Members of the metadata that qualify the figures, such as `unconverted`. */
  readonly notes: readonly string[];
  readonly receivedMs: number;
}

/** A chart of one client. */
export interface ChartQuery {
  readonly client: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The questions, by name. */
export interface IngestQuestions {
  readonly clients: { readonly argument: ClientsQuery; readonly answer: ReportPage<ClientRow> };
  readonly client: { readonly argument: { readonly client: number }; readonly answer: ClientReport | null };
  readonly summaries: { readonly argument: SummariesQuery; readonly answer: ReportPage<SummaryRow> };
  readonly chart: { readonly argument: ChartQuery; readonly answer: ClientChart | null };
}

const QUALIFYING = [
  'assumed_usd',
  'mixed_base',
  'unconverted',
  'unmatched_sells',
  'opening',
  'gap',
  'unpolled_markets',
  'canonical',
] as const;

interface StoredClient {
  readonly client: number;
  readonly clientId: string;
  readonly provenance: StoredProvenance;
  readonly firstReceivedMs: number;
  readonly receivedMs: number;
  readonly summaries: number;
}

const CLIENT_COLUMNS =
  'number AS client, client_id AS clientId, provenance, first_ms AS firstReceivedMs, received_ms AS receivedMs, summaries';

/** Answers the questions. Errors: SQLite's. */
export class Reports {
  readonly #database: ReadDatabase;
  readonly #figures: ClientFiguresReader;

  constructor(database: ReadDatabase, figures: ClientFiguresReader) {
    this.#database = database;
    this.#figures = figures;
  }

  /** Answers one question. */
  answer<Name extends keyof IngestQuestions>(
    name: Name,
    argument: IngestQuestions[Name]['argument'],
  ): IngestQuestions[Name]['answer'] {
    const answers: {
      readonly [N in keyof IngestQuestions]: (
        of: IngestQuestions[N]['argument'],
      ) => IngestQuestions[N]['answer'];
    } = {
      clients: (query) => this.#clients(query),
      client: ({ client }) => this.#client(client),
      summaries: (query) => this.#summaries(query),
      chart: (query) => this.#chart(query),
    };
    return answers[name](argument);
  }

  #clients({ search, sort, descending, page }: ClientsQuery): ReportPage<ClientRow> {
    const column = { receivedAt: 'received_ms', clientId: 'client_id', summaries: 'summaries' }[sort];
    const found = "FROM ingest_clients WHERE instr(lower(client_id), lower(?)) > 0 OR ? = ''";
    const total = Number(
      statement<[string, string]>(this.#database, `SELECT count(*) ${found}`).pluck().get(search, search),
    );
    const order = `ORDER BY ${column} ${descending ? 'DESC' : 'ASC'}, number`;
    const sql = `SELECT ${CLIENT_COLUMNS} ${found} ${order} LIMIT ? OFFSET ?`;
    const rows = statement<[string, string, number, number], StoredClient>(this.#database, sql)
      .all(search, search, REPORT_PAGE_ROWS_MAX, (page - 1) * REPORT_PAGE_ROWS_MAX)
      .map((stored) => this.#row(stored));
    return { rows, page, pages: pagesOf(total), total };
  }

  #row(stored: StoredClient): ClientRow {
    const { findings: _, ...figures } = this.#figures.figures(stored.client, stored.summaries);
    const { client, clientId, provenance, summaries, receivedMs } = stored;
    return { client, clientId: shown(clientId), provenance, summaries, receivedMs, ...figures };
  }

  #client(client: number): ClientReport | null {
    const stored = this.#stored(client);
    if (stored === null) return null;
    const { findings } = this.#figures.figures(client, stored.summaries);
    return { ...this.#row(stored), firstReceivedMs: stored.firstReceivedMs, findings };
  }

  #stored(client: number): StoredClient | null {
    const sql = `SELECT ${CLIENT_COLUMNS} FROM ingest_clients WHERE number = ?`;
    return statement<[number], StoredClient>(this.#database, sql).get(client) ?? null;
  }

  #summaries({ client, page }: SummariesQuery): ReportPage<SummaryRow> {
    const total = this.#stored(client)?.summaries ?? 0;
    const sql = `SELECT number, digest, seq, period_start_ms AS periodStartMs, period_end_ms AS periodEndMs, exchange,
      connector_version AS connectorVersion, key_id AS keyId, trades, revises, metadata, received_ms AS receivedMs
      FROM summaries WHERE client = ? ORDER BY number DESC LIMIT ? OFFSET ?`;
    type Row = Omit<SummaryRow, 'state' | 'notes'> & { readonly number: number; readonly metadata: string };
    const stored = statement<[number, number, number], Row>(this.#database, sql).all(
      client,
      REPORT_PAGE_ROWS_MAX,
      (page - 1) * REPORT_PAGE_ROWS_MAX,
    );
    const chain = this.#figures.chain(client);
    const rows = stored.map(({ number, metadata, ...row }): SummaryRow => {
      const state = chain.counted.has(number)
        ? 'counts'
        : chain.replacedBy.has(number)
          ? 'replaced'
          : 'unused';
      const { exchange, connectorVersion } = row;
      const texts = { exchange: shown(exchange), connectorVersion: shown(connectorVersion) };
      return { ...row, ...texts, state, notes: notesOf(metadata) };
    });
    return { rows, page, pages: pagesOf(total), total };
  }

  #chart({ client, fromMs, toMs }: ChartQuery): ClientChart | null {
    if (this.#stored(client) === null) return null;
    return chartOf(this.#figures.hours(client), fromMs, toMs);
  }
}

function pagesOf(total: number): number {
  return Math.ceil(total / REPORT_PAGE_ROWS_MAX);
}

function notesOf(metadata: string): readonly string[] {
  if (metadata === '') return ['no metadata'];
  const members = JSON.parse(metadata) as Readonly<Record<string, unknown>>;
  const isPriceMove = members['return_basis'] === 'price_move';
  return [
    ...QUALIFYING.filter((name) => Object.hasOwn(members, name)),
    ...(isPriceMove ? ['price_move'] : []),
  ];
}

function shown(text: string): string {
  return text.length <= SHOWN_CHARACTERS_MAX
    ? text
    : `${text.slice(0, SHOWN_CHARACTERS_MAX).toWellFormed()}…`;
}
