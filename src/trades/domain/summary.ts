// The signed summary of one client and period, as it stands on the wire. Plain data; docs/trades.md#the-summary.

/** One UTC hour. Members have the names of the wire. */
export interface HourlyBucket {
  /** The start of the hour, `2025-01-01T00:00:00.000Z`. */
  readonly t: string;
  /** Percent, at most 6 fractional digits. */
  readonly return_pct: number;
  readonly trades: number;
  readonly volume_base: number;
  /** In USD, or in the asset that `metadata.quote` names. */
  readonly volume_quote: number;
  /** As `volume_quote`; negative if rebates outweigh. */
  readonly fees_usd: number;
}

/** Sums over all buckets, of the exact values. */
export interface SummaryTotals {
  readonly trades: number;
  readonly volume_base: number;
  readonly volume_quote: number;
  readonly fees_usd: number;
}

/** Amounts of one asset for which there was no price. */
export interface UnconvertedAmounts {
  readonly volume: number;
  readonly fees: number;
  readonly profit: number;
}

/** How the figures came about. Members that do not apply are absent. */
export interface SummaryMetadata {
  readonly schema: 1;
  /** RFC 7638 thumbprint of the signing key. */
  readonly key_id: string;
  readonly provenance: 'client_reported' | 'polled';
  readonly return_basis: ReturnBasis;
  readonly scope: 'fills';
  readonly canonical?: 'plain';
  readonly quote?: string;
  readonly assumed_usd?: true;
  readonly mixed_base?: true;
  readonly unconverted?: Readonly<Record<string, UnconvertedAmounts>>;
  readonly unmatched_sells?: { readonly count: number; readonly volume_quote: number };
  // Of accounts only:
  readonly seq?: number;
  /** Digest of the client's summary before. */
  readonly prev?: string;
  /** Digest of the summary that this one replaces. */
  readonly revises?: string;
  readonly opening?: 'unknown';
  readonly gap?: { readonly from: string; readonly to: string };
  readonly unpolled_markets?: number;
}

/** How `return_pct` is computed: docs/trades.md#return. */
export type ReturnBasis = 'realized_fifo' | 'price_move';

/** How the signed bytes are written: RFC 8785, or with exponents written out. */
export type Canonical = 'rfc8785' | 'plain';

/** A summary without its signature. Members have the names of the wire. */
export interface SummaryPayload {
  readonly client_id: string;
  readonly exchange: string;
  readonly connector_version: string;
  readonly period_start: string;
  readonly period_end: string;
  readonly hourly_buckets: readonly HourlyBucket[];
  readonly totals: SummaryTotals;
  /** Absent with `INGEST_METADATA=off`. */
  readonly metadata?: SummaryMetadata;
}

/** A summary ready to be signed. */
export interface SealedSummary {
  readonly clientId: string;
  readonly exchange: string;
  /** Times of the period in ms since 1970. */
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  readonly buckets: readonly HourlyBucket[];
  /** Number of trades in it. */
  readonly trades: number;
  /** The asset that volumes and fees are in; null if they are in USD. */
  readonly quote: string | null;
  /** The canonical text of the payload, whose UTF-8 bytes are signed. */
  readonly canonicalText: string;
  /** SHA-256 of those bytes, in hex. */
  readonly digest: string;
}

/** The notes about figures that aggregation itself knows. */
export type FigureNotes = Pick<
  SummaryMetadata,
  'return_basis' | 'quote' | 'assumed_usd' | 'mixed_base' | 'unconverted' | 'unmatched_sells'
>;

/** What aggregation makes of the trades of a period: rounded once, ready for the payload. */
export interface SummaryFigures {
  /** Ascending by `t`, each hour once. */
  readonly buckets: readonly HourlyBucket[];
  readonly totals: SummaryTotals;
  readonly notes: FigureNotes;
}
