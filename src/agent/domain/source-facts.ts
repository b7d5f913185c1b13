// What the node's files say, as plain data: the stage `sources` reads it, the stage `ingest` makes messages of it. A fact
// holds the raw id of an execution or invoice; it stays inside the process and is never stored, logged or sent.

/** The two kinds of sources: event files and log files. */
export const SOURCE_KINDS = ['events', 'logs'] as const;
/** One of {@link SOURCE_KINDS}. */
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** The node took a task. */
export interface ReceivedFact {
  readonly kind: 'received';
  /** The raw id, by the digits or letters of its text: 1 to 256 bytes. */
  readonly executionId: string;
  /** `[0-9]{1,20}`; null if absent or of another form. */
  readonly chainId: string | null;
  /** `[a-z0-9][a-z0-9-]{0,15}`; null if absent and not to be had from the task's name. */
  readonly taskType: string | null;
  /** The event's own time in ms since the epoch; null if the source has none. */
  readonly atMs: number | null;
}

/** The node began to execute a task; from the log only. */
export interface StartedFact {
  readonly kind: 'started';
  readonly executionId: string;
  readonly atMs: number | null;
}

/** What the log says about an execution's work. */
export interface ExecutionMetrics {
  /** Milliseconds. */
  readonly elapsedMs: number | null;
  readonly exitCode: number | null;
  readonly steps: number | null;
  readonly isCached: boolean | null;
}

/** The log told the metrics of an execution. */
export interface MetricsFact {
  readonly kind: 'metrics';
  /** Null if the entry names no execution: then they belong to the only one between start and completion, if there is one. */
  readonly executionId: string | null;
  readonly metrics: ExecutionMetrics;
  readonly atMs: number | null;
}

/** The node completed a task. */
export interface CompletedFact {
  readonly kind: 'completed';
  readonly executionId: string;
  readonly atMs: number | null;
}

/** An invoice was made. */
export interface InvoiceFact {
  readonly kind: 'invoice';
  readonly invoiceId: string;
  /** Null if the invoice names no execution. */
  readonly executionId: string | null;
  readonly chainId: string | null;
  readonly steps: number | null;
  /** Bytes; WebAssembly pages are converted already. */
  readonly peakMemoryBytes: number | null;
  /** `[a-z]{1,16}`. */
  readonly operation: string | null;
  /** `taskCreated_timeStamp`. */
  readonly atMs: number | null;
}

/** One fact of a source. */
export type SourceFact = ReceivedFact | StartedFact | MetricsFact | CompletedFact | InvoiceFact;

/** Why a record or entry gave no fact: `other` kinds are usual; the rest are problems. */
export const UNREAD_REASONS = ['other', 'invalid', 'too_long', 'metrics_unclear'] as const;
/** One of {@link UNREAD_REASONS}. */
export type UnreadReason = (typeof UNREAD_REASONS)[number];

/** Number of records or entries that gave no fact, by reason. Absent is 0. */
export type UnreadCounts = Readonly<Partial<Record<UnreadReason, number>>>;

/**
 * A reading position, as it is stored: `key` names the file without its path (an HMAC under the local key), `state` is
 * JSON that only the source understands. Neither holds a path, an address or a raw id.
 */
export interface StoredPosition {
  readonly source: SourceKind;
  readonly key: string;
  readonly state: string;
}

/** One step of reading: at most a chunk. The facts and the position are stored in one transaction. */
export interface ReadStep {
  readonly source: SourceKind;
  readonly facts: readonly SourceFact[];
  readonly unread: UnreadCounts;
  /** Where reading stands behind these facts. */
  readonly position: StoredPosition;
  /** Keys of positions that this step makes useless, for example of a file that is gone. */
  readonly dropped: readonly string[];
  /** Bytes read in this step. */
  readonly bytes: number;
}

/** A problem with a source, told once when it begins. It holds no path and no content. */
export interface SourceProblem {
  readonly source: SourceKind;
  /** The base name, or that of the glob, with `0x…` replaced. */
  readonly name: string;
  /** As in {@link SourceStatus.problems}. */
  readonly problem: string;
  /** Where in the file, in bytes; null if that says nothing. */
  readonly offset: number | null;
}

/** State of one source file. Names are base names with `0x…` replaced; never a path. */
export interface SourceFile {
  readonly source: SourceKind;
  readonly name: string;
  /** `incomplete`: what is complete was read, the rest waits. `damaged`: reading stopped at `offset` until the file changes. */
  readonly state: 'read' | 'reading' | 'incomplete' | 'damaged' | 'unreadable';
  readonly bytes: number;
  /** Uncompressed bytes behind which reading has not come yet; an estimate for gzip. */
  readonly bytesBehind: number;
  /** Where reading stopped in a damaged file, in bytes; else null. */
  readonly offset: number | null;
}

/** State of all files of one kind. */
export interface SourceStatus {
  readonly source: SourceKind;
  /** False if the setting is empty: none here. */
  readonly isWanted: boolean;
  /** The globs of the setting, each with its folders removed and `0x…` replaced, for a person. */
  readonly looksFor: readonly string[];
  /** True if at least one file can be read. */
  readonly isReadable: boolean;
  /** At most {@link SHOWN_FILES_MAX}, the newest first. */
  readonly files: readonly SourceFile[];
  readonly bytesBehind: number;
  /** Number of problems since the start, by kind: `damaged`, `unreadable`, `too_long`, `rotated_away`, `too_many_files`. */
  readonly problems: Readonly<Record<string, number>>;
}

/** Files of one source that a status shows. */
export const SHOWN_FILES_MAX = 20;

/** All files of one kind, as the reader's loop reads them. Never throws for the sake of a file: that is a status. */
export interface SourceReader {
  /**
   * Looks for changes (`stat`, globs). Called every `AGENT_POLL_INTERVAL`, and before the first `next`.
   */
  look(nowMs: number): Promise<void>;
  /** The next step of at most 256 KiB; null if everything that is complete was read. Oldest file first. */
  next(nowMs: number): Promise<ReadStep | null>;
  /** The step is stored; the next reading may go on behind it. Not called for a step that could not be stored. */
  stored(step: ReadStep): void;
  /** The step could not be stored: reading goes back to the last stored position. */
  forgotten(): void;
  status(): SourceStatus;
  /** Closes every file. */
  close(): Promise<void>;
}
