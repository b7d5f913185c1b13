// Computes what is shown of one client from its stored summaries: the judgement of its line, return and drawdown, and the
// chart. It reads; it keeps the figures of clients that have not changed, and writes nothing.

import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import { type Chain, type Finding, type FindingKind, FINDING_KINDS, judgeChain, type Link } from './chain.ts';
import {
  type CurvePoint,
  curveOf,
  type Hour,
  hoursOf,
  maximumDrawdown,
  type StoredBucket,
} from './growth.ts';

/** Maximum number of findings that are shown of one client, the newest ones; all are counted. */
export const FINDINGS_SHOWN_MAX = 200;
/** Maximum number of quote assets whose sums are shown of one client, those of the most hours. */
export const QUOTES_SHOWN_MAX = 8;
/**
 * Figures that took longer than this to compute are kept for {@link REST} times as long, even if the client has changed:
 * summaries wait meanwhile.
 */
const LONG_MS = 50;
const REST = 9;

/** Sums in one quote asset. */
export interface QuoteSums {
  /** `USD`, or the asset. */
  readonly quote: string;
  readonly volume: number;
  readonly fees: number;
}

/** The figures of one client. */
export interface ClientFigures {
  /** Trades of the summaries that count. */
  readonly trades: number;
  readonly hours: number;
  /** Compounded growth of the hourly returns, in percent. */
  readonly totalReturnPct: number;
  readonly maximumDrawdownPct: number;
  readonly sums: readonly QuoteSums[];
  readonly periodStartMs: number | null;
  readonly periodEndMs: number | null;
  /** Corrections that replace another summary. */
  readonly corrections: number;
  /** Summaries without a number, as jobs send them. */
  readonly unnumbered: number;
  /** Findings by kind; of `missing` the missing numbers. */
  readonly found: Readonly<Record<FindingKind, number>>;
  /** The newest, at most {@link FINDINGS_SHOWN_MAX}, in the order of their numbers. */
  readonly findings: readonly Finding[];
}

/** A client with its hours, for the chart. */
export interface ClientHours {
  readonly hours: readonly Hour[];
  readonly curve: readonly CurvePoint[];
  readonly chain: Chain;
}

interface KeptFigures {
  readonly figures: ClientFigures;
  readonly summaries: number;
  readonly untilMs: number;
}

/** Computes and keeps figures. */
export class ClientFiguresReader {
  readonly #database: ReadDatabase;
  readonly #monotonicMs: () => number;
  /** One for each client, of which there is a maximum. */
  readonly #kept = new Map<number, KeptFigures>();

  constructor(database: ReadDatabase, monotonicMs: () => number) {
    this.#database = database;
    this.#monotonicMs = monotonicMs;
  }

  /** The figures of the client with this number; `summaries` is how many summaries it has. */
  figures(client: number, summaries: number): ClientFigures {
    const startedMs = this.#monotonicMs();
    const kept = this.#kept.get(client);
    if (kept !== undefined && (kept.summaries === summaries || startedMs < kept.untilMs)) return kept.figures;
    const links = this.#links(client);
    const figures = figuresOf(links, this.#hours(client, links));
    const endedMs = this.#monotonicMs();
    const tookMs = endedMs - startedMs;
    const untilMs = tookMs > LONG_MS ? endedMs + REST * tookMs : endedMs;
    this.#kept.set(client, { figures, summaries, untilMs });
    return figures;
  }

  /** The hours of a client and its curve. */
  hours(client: number): ClientHours {
    return this.#hours(client, this.#links(client));
  }

  /** The judgement of a client's line. */
  chain(client: number): Chain {
    return judgeChain(this.#links(client));
  }

  #hours(client: number, links: readonly StoredLink[]): ClientHours {
    const chain = judgeChain(links);
    const quotes = new Map(links.map(({ number, quote }) => [number, quote]));
    const sql = `SELECT b.summary AS summary, b.t_ms AS atMs, b.return_pct AS returnPct, b.trades AS trades,
      b.volume_base AS volumeBase, b.volume_quote AS volumeQuote, b.fees_usd AS fees
      FROM summaries s JOIN buckets b ON b.summary = s.number WHERE s.client = ?`;
    const buckets: StoredBucket[] = [];
    type Row = Omit<StoredBucket, 'quote'> & { readonly summary: number };
    for (const row of statement<[number], Row>(this.#database, sql).iterate(client))
      if (chain.counted.has(row.summary)) buckets.push({ ...row, quote: quotes.get(row.summary) ?? '' });
    const hours = hoursOf(buckets);
    return { hours, curve: curveOf(hours), chain };
  }

  #links(client: number): readonly StoredLink[] {
    const sql = `SELECT number, digest, seq, period_start_ms AS periodStartMs, period_end_ms AS periodEndMs, prev, revises,
      gap_from_ms AS gapFromMs, gap_to_ms AS gapToMs, quote FROM summaries WHERE client = ? ORDER BY number`;
    type Row = Omit<StoredLink, 'gap'> & {
      readonly gapFromMs: number | null;
      readonly gapToMs: number | null;
    };
    return statement<[number], Row>(this.#database, sql)
      .all(client)
      .map(({ gapFromMs, gapToMs, ...link }) => ({
        ...link,
        gap: gapFromMs === null || gapToMs === null ? null : { fromMs: gapFromMs, toMs: gapToMs },
      }));
  }
}

type StoredLink = Link & { readonly quote: string };

function figuresOf(links: readonly StoredLink[], { hours, curve, chain }: ClientHours): ClientFigures {
  const { findings, replacedBy } = chain;
  const counts = Object.fromEntries(FINDING_KINDS.map((kind) => [kind, 0])) as Record<FindingKind, number>;
  for (const { kind, count } of findings) counts[kind] += kind === 'missing' ? count : 1;
  const least = (times: readonly number[]) => times.reduce((a, b) => Math.min(a, b), Infinity);
  return {
    trades: hours.reduce((sum, { trades }) => sum + trades, 0),
    hours: hours.length,
    totalReturnPct: curve.at(-1)?.growthPct ?? 0,
    maximumDrawdownPct: maximumDrawdown(curve),
    sums: sumsOf(hours),
    periodStartMs: links.length === 0 ? null : least(links.map(({ periodStartMs }) => periodStartMs)),
    periodEndMs: links.length === 0 ? null : -least(links.map(({ periodEndMs }) => -periodEndMs)),
    corrections: new Set(replacedBy.values()).size,
    unnumbered: links.filter(({ seq }) => seq === null).length,
    found: counts,
    findings: findings.slice(-FINDINGS_SHOWN_MAX),
  };
}

function sumsOf(hours: readonly Hour[]): readonly QuoteSums[] {
  const sums = new Map<string, { volume: number; fees: number; hours: number }>();
  for (const { amounts } of hours) {
    for (const [quote, { volume, fees }] of amounts) {
      const sum = sums.get(quote) ?? { volume: 0, fees: 0, hours: 0 };
      sums.set(quote, { volume: sum.volume + volume, fees: sum.fees + fees, hours: sum.hours + 1 });
    }
  }
  return [...sums]
    .toSorted(([, a], [, b]) => b.hours - a.hours)
    .slice(0, QUOTES_SHOWN_MAX)
    .map(([quote, { volume, fees }]) => ({ quote: quote || 'USD', volume, fees }));
}
