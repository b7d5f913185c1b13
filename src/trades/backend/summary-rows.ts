// Stores summaries: each whole in one transaction, on the disk before the sender hears of it, and each digest once.

import { type Database, durably } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { SummaryMetadata, SummaryPayload } from '../domain/summary.ts';

/** Maximum number of clients, each provenance of a client counted; a summary of a further one is refused. */
export const INGEST_CLIENTS_MAX = 10_000;
/** Size of the row that tries whether the disk takes data again, in bytes: more than most summaries need. */
const TRIAL_BYTES = 65_536;

/** Who vouches for a summary; `unstated` if neither its key nor its metadata says. */
export type StoredProvenance = 'client_reported' | 'polled' | 'unstated';

/** A verified summary. */
export interface VerifiedSummary {
  readonly digest: string;
  readonly payload: SummaryPayload;
  readonly provenance: StoredProvenance;
  /** Thumbprint of the key that signed it. */
  readonly keyId: string;
  readonly body: string;
  /** The wall clock. */
  readonly receivedMs: number;
}

/** What became of it. `clients_full`: the client is new, and there are {@link INGEST_CLIENTS_MAX} already. */
export type StoreOutcome = 'stored' | 'repeated' | 'clients_full';

/** The numbers of a database for the metrics and the page. */
export interface IngestCounts {
  readonly clients: number;
  readonly summaries: number;
  /** When the latest summary was received; null without any. */
  readonly receivedMs: number | null;
}

/** The only writer of the database. */
export class SummaryRows {
  readonly #database: Database;
  readonly #clientsMax: number;
  #counts: IngestCounts;
  /** True if the latest summary was the first one of its client. */
  #isNewClient = false;

  constructor(database: Database, clientsMax = INGEST_CLIENTS_MAX) {
    this.#database = database;
    this.#clientsMax = clientsMax;
    this.#counts = this.#count();
  }

  /** As of the last commit. */
  get counts(): IngestCounts {
    return this.#counts;
  }

  /** Stores the summary; when this returns it is on the disk. If it fails it throws the reason and changes nothing. */
  store(summary: VerifiedSummary): StoreOutcome {
    const run = this.#database.transaction(() => this.#write(summary));
    const outcome = durably(this.#database, () => run.immediate());
    if (outcome === 'stored') this.#counts = this.#countsAfter(summary.receivedMs);
    return outcome;
  }

  /** Writes a row that means nothing. Throws the reason if the database takes no data. */
  tryToWrite(): void {
    const sql = 'INSERT OR REPLACE INTO write_trial (id, filler) VALUES (1, randomblob(?))';
    durably(this.#database, () => statement<[number]>(this.#database, sql).run(TRIAL_BYTES));
  }

  /** Counting all clients again would take longer with each of them. */
  #countsAfter(receivedMs: number): IngestCounts {
    const { clients, summaries, receivedMs: latestMs } = this.#counts;
    return {
      clients: clients + (this.#isNewClient ? 1 : 0),
      summaries: summaries + 1,
      receivedMs: Math.max(receivedMs, latestMs ?? 0),
    };
  }

  #count(): IngestCounts {
    const sql =
      'SELECT count(*) AS clients, total(summaries) AS summaries, max(received_ms) AS receivedMs FROM ingest_clients';
    return (
      statement<[], IngestCounts>(this.#database, sql).get() ?? { clients: 0, summaries: 0, receivedMs: null }
    );
  }

  #write(summary: VerifiedSummary): StoreOutcome {
    const known = statement(this.#database, 'SELECT 1 FROM summaries WHERE digest = ?').get(summary.digest);
    if (known !== undefined) return 'repeated';
    const client = this.#clientOf(summary);
    if (client === null) return 'clients_full';
    const number = this.#insertSummary(client, summary);
    statement(this.#database, 'INSERT INTO bodies (summary, body) VALUES (?, ?)').run(number, summary.body);
    const bucket = statement(this.#database, 'INSERT INTO buckets VALUES (?, ?, ?, ?, ?, ?, ?)');
    for (const { t, return_pct, trades, volume_base, volume_quote, fees_usd } of summary.payload
      .hourly_buckets)
      bucket.run(number, Date.parse(t), return_pct, trades, volume_base, volume_quote, fees_usd);
    return 'stored';
  }

  /** The client's number; null if it is new and there is no room for it. */
  #clientOf({ payload, provenance, receivedMs }: VerifiedSummary): number | bigint | null {
    const find = 'SELECT number FROM ingest_clients WHERE client_id = ? AND provenance = ?';
    const known = statement<[string, string], { number: number }>(this.#database, find).get(
      payload.client_id,
      provenance,
    );
    this.#isNewClient = known === undefined;
    if (known !== undefined) {
      const touch =
        'UPDATE ingest_clients SET received_ms = max(received_ms, ?), summaries = summaries + 1 WHERE number = ?';
      statement(this.#database, touch).run(receivedMs, known.number);
      return known.number;
    }
    if (this.#counts.clients >= this.#clientsMax) return null;
    const insert =
      'INSERT INTO ingest_clients (client_id, provenance, first_ms, received_ms, summaries) VALUES (?, ?, ?, ?, 1)';
    return statement(this.#database, insert).run(payload.client_id, provenance, receivedMs, receivedMs)
      .lastInsertRowid;
  }

  #insertSummary(
    client: number | bigint,
    { digest, payload, keyId, receivedMs }: VerifiedSummary,
  ): number | bigint {
    const metadata: Partial<SummaryMetadata> = payload.metadata ?? {};
    const { seq = null, prev = null, revises = null, quote = '', gap } = metadata;
    const insert = `INSERT INTO summaries (
      digest, client, seq, period_start_ms, period_end_ms, prev, revises, gap_from_ms, gap_to_ms,
      exchange, connector_version, key_id, quote, trades, metadata, received_ms
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    return statement(this.#database, insert).run(
      digest,
      client,
      seq,
      Date.parse(payload.period_start),
      Date.parse(payload.period_end),
      prev,
      revises,
      timeOf(gap?.from),
      timeOf(gap?.to),
      payload.exchange,
      payload.connector_version,
      keyId,
      quote,
      payload.totals.trades,
      payload.metadata === undefined ? '' : JSON.stringify(payload.metadata),
      receivedMs,
    ).lastInsertRowid;
  }
}

/** A time of metadata, whose members have been looked at only as far as everybody needs them; null if it is none. */
function timeOf(text: unknown): number | null {
  const atMs = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? null : atMs;
}
