// The sources of a log in memory and on disk: the watermark of each, whether its server is away, and its clock. How far
// each was read is in the position (position.ts).

import { type Source, sourceName } from '../domain/cluster.ts';
import { type SourceTimes, unheardSource } from '../domain/event-clock-of-sources.ts';
import { type RoundHeader, watermarkMs } from '../domain/round.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

interface Row extends Source {
  watermark_ms: number;
  round_ms: number;
  is_away: number;
  last_ms: number;
  now_ms: number;
  offset_ms: number;
}

/** One source of the log. */
export interface LogSource extends Source {
  /** Every message that its brokers stored before this time has been applied; 0 if that is not known of any time. */
  watermarkMs: number;
  /** The broker's time of its newest round. */
  roundMs: number;
  /** True if that round says that the stream's server is away. */
  isAway: boolean;
  readonly times: SourceTimes;
}

/** The table of sources with its copy in memory. */
export class LogSources {
  readonly #save: Statement<Row>;
  readonly #sources = new Map<string, LogSource>();
  readonly #changed = new Set<LogSource>();

  constructor(database: Database) {
    const names = ['watermark_ms', 'round_ms', 'is_away', 'last_ms', 'now_ms', 'offset_ms'];
    this.#save = statement(
      database,
      `INSERT INTO log_sources (stream, incarnation, ${names.join(', ')})
       VALUES (@stream, @incarnation, ${names.map((name) => `@${name}`).join(', ')})
       ON CONFLICT DO UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join(', ')}`,
    );
    const rows = statement<[], Row>(database, 'SELECT * FROM log_sources ORDER BY rowid').all();
    for (const row of rows) this.#sources.set(sourceName(row), fromRow(row));
  }

  /** All sources, in the order in which they were first heard. */
  get all(): Iterable<LogSource> {
    return this.#sources.values();
  }

  /** The newest incarnation of each stream. */
  get current(): readonly LogSource[] {
    return [...new Map([...this.#sources.values()].map((source) => [source.stream, source])).values()];
  }

  /** The sources of the same stream that were heard before this one for the first time. */
  earlierThan({ stream, incarnation }: Source): readonly LogSource[] {
    const ofStream = [...this.#sources.values()].filter((source) => source.stream === stream);
    const at = ofStream.findIndex((source) => source.incarnation === incarnation);
    return at === -1 ? ofStream : ofStream.slice(0, at);
  }

  /** True if a message of any source was read. */
  get hasHeard(): boolean {
    return [...this.#sources.values()].some(({ times }) => times.lastMs > 0);
  }

  /** The source, made if it is not known. The next commit writes it. */
  change({ stream, incarnation }: Source): LogSource {
    const name = sourceName({ stream, incarnation });
    const known = this.#sources.get(name);
    const source = known ?? {
      stream,
      incarnation,
      watermarkMs: 0,
      roundMs: 0,
      isAway: false,
      times: unheardSource(),
    };
    if (known === undefined) this.#sources.set(name, source);
    this.#changed.add(source);
    return source;
  }

  /** Writes the changed sources, inside the caller's transaction. */
  write(): void {
    for (const source of this.#changed) {
      const { stream, incarnation, isAway, times } = source;
      this.#save.run({
        stream,
        incarnation,
        watermark_ms: source.watermarkMs,
        round_ms: source.roundMs,
        is_away: isAway ? 1 : 0,
        last_ms: times.lastMs,
        now_ms: times.nowMs,
        offset_ms: times.offsetMs,
      });
    }
  }

  /** The transaction that held {@link write} is committed. */
  committed(): void {
    this.#changed.clear();
  }
}

/** Records what a round says that holds nothing before which something is missing. */
export function noteRound(source: LogSource, header: RoundHeader): void {
  source.watermarkMs = Math.max(source.watermarkMs, watermarkMs(header));
  if (header.atMs < source.roundMs) return;
  source.roundMs = header.atMs;
  source.isAway = header.isAway;
}

function fromRow(row: Row): LogSource {
  const { stream, incarnation, last_ms, now_ms, offset_ms } = row;
  return {
    stream,
    incarnation,
    watermarkMs: row.watermark_ms,
    roundMs: row.round_ms,
    isAway: row.is_away === 1,
    times: { lastMs: last_ms, nowMs: now_ms, offsetMs: offset_ms },
  };
}
