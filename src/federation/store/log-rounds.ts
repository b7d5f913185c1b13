// The rule by which rounds of a log are applied (docs/cluster.md): a round that was applied before is skipped, and so is a
// round before which something of its source is missing. It keeps the position in the log, which only saves reading: what
// was applied is decided by the position of each source, so a log may repeat, go back, or begin anew.

import { type ReplicaPosition, type Source, sourceName, type SourcePosition } from '../domain/cluster.ts';
import type { SourceClocks } from '../domain/event-clock-of-sources.ts';
import { LOG_OVERLAP_ROUNDS, type RoundHeader, watermarkMs } from '../domain/round.ts';
import type { StreamFacts } from '../domain/stream-facts.ts';
import type { Database } from '../../store/database.ts';
import type { StoredValues } from '../../store/stored-values.ts';
import { LogSources, noteRound } from './log-sources.ts';
import type { StreamPosition } from './position.ts';

const LOG_POSITION = 'log_position';

/**
 * What becomes of a round: its entries are taken; all were taken before; something before it is `missing`; or it was
 * missing something when it was read first, and is passed over again so that two readers of one log take every message
 * at the same place.
 */
export type RoundFate = 'taken' | 'repeated' | 'missing' | 'passed';

/** The round between its two marks. Plain data: it is kept at each commit, and resumed after a revert. */
export interface OpenRound {
  readonly header: RoundHeader;
  readonly logSeq: number;
  readonly fate: RoundFate;
}

/** The position in the log as it is stored. */
interface LogPosition {
  readonly stream: string;
  readonly created: string;
  readonly seq: number;
  /** The rounds among the last {@link LOG_OVERLAP_ROUNDS} before which something was missing. */
  readonly missing: readonly PassedRound[];
  /** Sources with a hole, by name: the last sequence of the rounds that were skipped for it. */
  readonly holes?: Readonly<Record<string, number>>;
}

interface PassedRound {
  readonly seq: number;
  readonly name: string;
}

/** The rounds of one writer. */
export class LogRounds {
  /** Rounds before which something was missing, since the process started. */
  holesSinceStart = 0;
  /** True between the marks of a round whose entries are not taken, and not counted either. */
  isPassing = false;
  readonly #stored: StoredValues;
  readonly #position: StreamPosition;
  readonly #sources: LogSources;
  #clocks: SourceClocks | null = null;
  #log: LogPosition | null;
  #open: OpenRound | null = null;

  constructor(database: Database, stored: StoredValues, position: StreamPosition) {
    this.#stored = stored;
    this.#position = position;
    this.#sources = new LogSources(database);
    const text = stored.text(LOG_POSITION);
    this.#log = text === null ? null : (JSON.parse(text) as LogPosition);
  }

  /** True once a log was attached to this writer. */
  get isFollowed(): boolean {
    return this.#clocks !== null;
  }

  /** True if a message of any source was read. */
  get hasHeard(): boolean {
    return this.#sources.hasHeard;
  }

  /** The log's sequence of the last round that is finished; 0 before the first. */
  get logSeq(): number {
    return this.#log?.seq ?? 0;
  }

  /** The open round; null between two rounds. */
  get open(): OpenRound | null {
    return this.#open;
  }

  /** Attaches to a log; `clocks` follows its messages. */
  attach(log: StreamFacts, clocks: SourceClocks): void {
    this.#follow(clocks);
    const known = this.#log;
    // A log of another creation time that still has its first message may be another log. (nats-server 2.9 also changes
    // the time of a known one.) To read it from its beginning is safe.
    const isAnother = known?.stream !== log.name || (known.created !== log.created && log.firstSeq <= 1);
    const seq = isAnother ? 0 : Math.min(known.seq, log.lastSeq);
    const missing = isAnother ? [] : known.missing.filter((round) => round.seq <= seq);
    this.#log = { ...known, stream: log.name, created: log.created, seq, missing };
  }

  /** Reads on in the log that was attached before, in the round that was open. For a writer that replaces another. */
  resume(open: OpenRound | null, clocks: SourceClocks): void {
    this.#follow(clocks);
    if (open !== null) {
      this.#enter(open.header);
      this.#hear(open);
    }
    this.#note(open);
  }

  /** Leaves the open round: the source detached, and will read it again. */
  leave(): void {
    this.#note(null);
    this.#position.detach();
  }

  /** A round begins. */
  begin(header: RoundHeader, logSeq: number): RoundFate {
    this.#giveUpHoles(header.source);
    const upto = this.#enter(header);
    const fate = this.#fateOf(header, logSeq, upto);
    if (fate === 'missing') {
      this.holesSinceStart++;
      this.#noteHole(header.source, header.to);
    }
    const open = { header, logSeq, fate };
    this.#hear(open);
    this.#note(open);
    return fate;
  }

  /**
   * The round with this sequence ends. Returns its watermark, up to which every message of its source is applied; null
   * if it proves nothing, or was read before.
   */
  end(logSeq: number): number | null {
    const open = this.#open;
    if (open === null) return null;
    const { header, fate } = open;
    if (fate === 'taken') {
      this.#position.passTo(header.to);
      this.#closeHole(header);
    }
    this.leave();
    if (this.#log === null || logSeq <= this.#log.seq) return null;
    const missing = this.#log.missing.filter(({ seq }) => seq > logSeq - LOG_OVERLAP_ROUNDS);
    if (fate === 'missing') missing.push({ seq: logSeq, name: nameOf(header) });
    this.#log = { ...this.#log, seq: logSeq, missing };
    if (fate === 'missing') return null;
    noteRound(this.#sources.change(header.source), header);
    return watermarkMs(header);
  }

  /** How far the log is applied. The caller adds what this does not know. */
  replica(): Pick<ReplicaPosition, 'logSeq' | 'progress' | 'sources'> {
    let progress = 0;
    for (const source of this.#sources.all) progress += this.#position.reachOf(source)?.entries ?? 0;
    const sources = this.#sources.current.map((source): SourcePosition => {
      const { stream, incarnation, isAway } = source;
      const { first = 1, upto = 0 } = this.#position.reachOf(source) ?? {};
      return { stream, incarnation, first, upto, watermarkMs: source.watermarkMs, isAway };
    });
    return { logSeq: this.logSeq, progress, sources };
  }

  /** Writes the sources, inside the caller's transaction, before the stored values are written. */
  write(): void {
    if (!this.isFollowed) return;
    // Its clock went on since the last commit, though the round began before.
    if (this.#open !== null) this.#sources.change(this.#open.header.source);
    this.#stored.set(LOG_POSITION, JSON.stringify(this.#log));
    this.#sources.write();
  }

  /** The transaction that held {@link write} is committed. */
  committed(): void {
    this.#sources.committed();
  }

  #follow(clocks: SourceClocks): void {
    this.#clocks = clocks;
    this.#note(null);
    this.#position.followLog();
  }

  #note(open: OpenRound | null): void {
    this.#open = open;
    this.isPassing = open?.fate === 'missing' || open?.fate === 'passed';
  }

  /** Only rounds that count move a source's clock, because replicas may read others again or not at all. */
  #hear({ header: { source, atMs }, fate }: OpenRound): void {
    this.#clocks?.hear(this.#sources.change(source).times, fate === 'taken' ? atMs : null);
  }

  #noteHole(source: Source, to: number): void {
    if (this.#log === null) return;
    const name = sourceName(source);
    const { holes = {} } = this.#log;
    this.#log = { ...this.#log, holes: { ...holes, [name]: Math.max(to, holes[name] ?? 0) } };
  }

  /** What was missing has come, and the skipped rounds too. */
  #closeHole({ source, to }: RoundHeader): void {
    const holeTo = this.#log?.holes?.[sourceName(source)];
    if (holeTo !== undefined && to >= holeTo) this.#forgetHole(source);
  }

  #forgetHole(source: Source): void {
    if (this.#log === null) return;
    const { [sourceName(source)]: _closed, ...holes } = this.#log.holes ?? {};
    this.#log = { ...this.#log, holes };
  }

  /**
   * A round of this source begins. What is missing of an earlier incarnation of its stream never comes, because splitters
   * read the newest one only: it is lost.
   */
  #giveUpHoles(source: Source): void {
    const names = Object.keys(this.#log?.holes ?? {});
    if (names.length === 0) return;
    for (const earlier of this.#sources.earlierThan(source)) {
      const to = this.#log?.holes?.[sourceName(earlier)];
      const reach = this.#position.reachOf(earlier);
      if (to === undefined || reach === null) continue;
      this.#position.enter(earlier, 1);
      this.#position.lose(to, Math.max(0, to - reach.upto));
      this.#position.detach();
      this.#forgetHole(earlier);
    }
  }

  #enter({ source, first }: RoundHeader): number {
    return this.#position.enter(source, first);
  }

  #fateOf(header: RoundHeader, logSeq: number, upto: number): RoundFate {
    if (header.to <= upto) return 'repeated';
    const isPassed = this.#log?.missing.some(({ seq, name }) => seq === logSeq && name === nameOf(header));
    if (logSeq <= this.logSeq && isPassed === true) return 'passed';
    return header.from > upto ? 'missing' : 'taken';
  }
}

/** Tells two rounds apart that stood at one sequence of a log. */
function nameOf({ maker, from, to, atMs }: RoundHeader): string {
  return `${maker} ${from} ${to} ${atMs}`;
}
