// Where a splitter begins, and how far it has come: the record of its input stream. Records are written by
// compare-and-set, so that two splitters of one stream never give one incarnation two beginnings.

import { RecordConflict, type RecordStream } from '../../io/record-stream.ts';
import { type Checkpoint, checkpointOf, checkpointText } from '../domain/checkpoint.ts';
import { CLUSTER_SUBJECTS, sourceName } from '../domain/cluster.ts';
import { judgeIncarnation } from '../domain/incarnation.ts';
import type { InputFacts, InputStream, UptoOfSource } from './split-parts.ts';

/** What a {@link CheckpointKeeper} needs of its splitter. */
export interface CheckpointKeeperParts {
  readonly stream: Pick<InputStream, 'storedAtMs'>;
  readonly records: RecordStream;
  positions(): Promise<readonly UptoOfSource[]>;
  /** Another splitter has begun another incarnation of the stream. */
  overtaken(): void;
}

/** The stream as it was judged, and where to begin. */
interface JudgedBeginning {
  readonly facts: InputFacts;
  readonly place: Checkpoint;
}

/** The checkpoint of one input stream. */
export class CheckpointKeeper {
  readonly #shard: string;
  readonly #subject: string;
  readonly #parts: CheckpointKeeperParts;
  #current: Checkpoint | null = null;
  /** The sequence of the record on which the next write builds; 0 if there is none. */
  #revision = 0;
  /** The checkpoint that the record holds; null if it is not known. */
  #stored: Checkpoint | null = null;
  #isSaving = false;

  constructor(shard: string, parts: CheckpointKeeperParts) {
    this.#shard = shard;
    this.#subject = CLUSTER_SUBJECTS.checkpoint(shard);
    this.#parts = parts;
  }

  /** The checkpoint; null until the first {@link load} that found one, or {@link judge}. */
  get current(): Checkpoint | null {
    return this.#current;
  }

  /** Reads the record. Rejects if that fails and no checkpoint is known. */
  async load(): Promise<void> {
    try {
      await this.#read();
    } catch (error) {
      // The work goes on while the stream of records is missing.
      if (this.#current === null) throw error;
    }
    this.#current = further(this.#stored, this.#current);
  }

  /**
   * Finds out which incarnation the stream is, and returns where to begin. A beginning that is new is in the record when
   * this resolves. `ask` asks the broker about the stream. Rejects with {@link RecordConflict} if another splitter was
   * quicker.
   */
  async judge(ask: () => Promise<InputFacts>): Promise<JudgedBeginning> {
    // The replicas are asked first: another splitter may work, and they must not be ahead of what is known of the stream.
    const positions = this.#current === null ? await this.#parts.positions() : [];
    const facts = await ask();
    const before = this.#current ?? this.#placeOf(positions, facts);
    const isTaken = before !== null && before.seq >= before.first;
    const atMs = isTaken ? await this.#parts.stream.storedAtMs(before.seq) : null;
    const judged = judgeIncarnation(facts, before, atMs);
    const { incarnation } = judged;
    const next: Checkpoint =
      judged.firstSeq === null && before !== null
        ? { ...before, incarnation }
        : {
            source: { stream: this.#shard, incarnation },
            incarnation,
            first: judged.firstSeq ?? 1,
            seq: (judged.firstSeq ?? 1) - 1,
            atMs: null,
          };
    if (this.#current === null || !isSameSource(this.#current, next)) await this.#write(next);
    this.#current = next;
    return { facts, place: next };
  }

  /** All logs have everything up to `seq`, whose message the broker stored at `atMs`. */
  moved(seq: number, atMs: number | null): void {
    if (this.#current !== null && seq > this.#current.seq)
      this.#current = { ...this.#current, seq, atMs: atMs ?? this.#current.atMs };
  }

  /** Writes the record if it is behind. Never rejects: what fails is tried again at the next call. */
  async save(): Promise<void> {
    const current = this.#current;
    if (current === null || this.#isSaving || this.#isCovered(current)) return;
    this.#isSaving = true;
    try {
      await this.#write(current);
    } catch (error) {
      if (error instanceof RecordConflict) await this.#reread();
    } finally {
      this.#isSaving = false;
    }
  }

  #isCovered({ seq, source }: Checkpoint): boolean {
    const stored = this.#stored;
    return stored !== null && isSameSource(stored, { source }) && stored.seq >= seq;
  }

  async #read(): Promise<void> {
    const record = await this.#parts.records.read(this.#subject);
    this.#revision = record?.seq ?? 0;
    this.#stored = record === null ? null : checkpointOf(record.text);
  }

  async #write(checkpoint: Checkpoint): Promise<void> {
    const text = checkpointText(checkpoint);
    this.#revision = await this.#parts.records.write(this.#subject, text, this.#revision);
    this.#stored = checkpoint;
  }

  /** Another splitter wrote the record, or an answer to this one was lost. */
  async #reread(): Promise<void> {
    try {
      await this.#read();
    } catch {
      return;
    }
    if (this.#stored !== null && this.#current !== null && !isSameSource(this.#stored, this.#current))
      this.#parts.overtaken();
  }

  /** There is no record: the replicas may know the stream. */
  #placeOf(all: readonly UptoOfSource[], { created }: InputFacts): Checkpoint | null {
    const positions = all.filter(({ stream }) => stream === this.#shard);
    const ofStream = positions.filter(({ incarnation }) => incarnation.split('#')[0] === created);
    const latest = (ofStream.length > 0 ? ofStream : positions).toSorted(byIncarnation).at(-1);
    if (latest === undefined) return null;
    const { incarnation } = latest;
    const known = positions.filter((one) => one.incarnation === incarnation);
    const upto = Math.min(...known.map((one) => one.upto));
    // A replica that is further behind, or new, asks for everything from there on.
    const first = Math.min(...known.map((one) => one.first ?? one.upto + 1));
    const source = { stream: this.#shard, incarnation };
    return { source, incarnation, first, seq: upto, atMs: null };
  }
}

/** By creation time, then by number. */
function byIncarnation(one: UptoOfSource, other: UptoOfSource): number {
  const [[created = '', number = '0'], [otherCreated = '', otherNumber = '0']] = [
    one.incarnation.split('#'),
    other.incarnation.split('#'),
  ];
  return created === otherCreated
    ? Number(number) - Number(otherNumber)
    : Date.parse(created) - Date.parse(otherCreated);
}

/** The record counts, unless this splitter is further in the same incarnation. */
function further(stored: Checkpoint | null, own: Checkpoint | null): Checkpoint | null {
  if (stored === null || own === null) return stored ?? own;
  return isSameSource(stored, own) && own.seq > stored.seq ? own : stored;
}

function isSameSource(one: Pick<Checkpoint, 'source'>, other: Pick<Checkpoint, 'source'>): boolean {
  return sourceName(one.source) === sourceName(other.source);
}
