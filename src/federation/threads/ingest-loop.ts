// The order of things in the ingest thread: what the source says is taken in its turn, what main says goes to the writer
// beside it, and main hears of every commit. It has its clock, its timers and its ports from outside, and opens nothing.

import type { ThreadClock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { COMMIT_RETRY_MS, Committer } from '../../store/committer.ts';
import type { DatabaseFiles } from '../../store/database-files.ts';
import type { Disk } from '../../store/free-space.ts';
import { STOP_SALVAGE_MS } from '../../store/salvage.ts';
import type { Identity } from '../domain/identity.ts';
import { MissingNews } from '../domain/missing.ts';
import type { OperatorRequest } from '../domain/operator-request.ts';
import { BatchCommit, type Commit } from '../ingest/batch-commit.ts';
import type { Door } from '../ingest/door.ts';
import type { Ledger } from '../ingest/ledger.ts';
import { WaitingLine } from '../ingest/waiting-line.ts';
import { WriterHealth } from '../ingest/writer-health.ts';
import { KnownReach } from '../sources/reach.ts';
import { type OperatorRequestReply, replyToOperatorRequest } from '../store/operator-request-reply.ts';
import type { RevertibleWriter } from '../store/revertible-writer.ts';
import { beforeMessage } from './ingest-seams.ts';
import type { IngestToMain, IngestSeams, IngestToSource, SourceToIngest, MainToIngest } from './messages.ts';

/** How often the ingest thread tells main its counters and its clock when it has nothing to commit. */
export const SNAPSHOT_INTERVAL_MS = 1_000;

/** What may have to wait until it can be stored. */
type Waiting = Exclude<SourceToIngest, { readonly type: 'reach' }>;

/** The ingest thread's end of the port to the source thread. */
export interface SourcePort {
  postMessage(message: IngestToSource): void;
  on(event: 'message', heard: (message: SourceToIngest) => void): unknown;
  close(): void;
}

export interface IngestLoopOptions {
  /** The database's. */
  readonly path: string;
  /** Longest wait of what comes without a batch, in ms. */
  readonly commitSoonMs: number;
  readonly snapshotIntervalMs: number;
  readonly housekeepingRestMs: number;
  readonly seams: IngestSeams;
}

export interface IngestLoopParts {
  readonly writer: RevertibleWriter;
  readonly identity: Identity;
  readonly door: Door;
  /** The door's. */
  readonly ledger: Ledger;
  readonly files: DatabaseFiles;
  readonly disk: Disk;
  readonly clock: ThreadClock;
  readonly timers: Timers;
  /** Called before every commit. */
  beforeCommit(): void;
  /** To main. */
  send(message: IngestToMain): void;
}

export class IngestLoop implements Part {
  readonly health: WriterHealth;
  readonly #options: IngestLoopOptions;
  readonly #parts: IngestLoopParts;
  readonly #batches: BatchCommit;
  readonly #committer: Committer;
  readonly #line: WaitingLine<Waiting>;
  readonly #news: MissingNews;
  readonly #reach = new KnownReach();
  #source: SourcePort | null = null;
  #lagMs = 0;
  #snapshots: Timer | null = null;

  constructor(options: IngestLoopOptions, parts: IngestLoopParts) {
    const { writer, files, disk, timers } = parts;
    this.#options = options;
    this.#parts = parts;
    this.#news = new MissingNews(writer.current.missing.records);
    this.health = new WriterHealth(options.path, {
      files,
      disk,
      timers,
      log: (level, sentence) => this.#log(level, sentence),
      fatal: ({ code, message }) => parts.send({ type: 'failed', code, sentence: message }),
      roomChanged: () => this.#line.drain(),
    });
    this.#batches = this.#makeBatches();
    this.#committer = new Committer(
      { timeMaxMs: options.commitSoonMs, retryMs: COMMIT_RETRY_MS },
      {
        commit: () => this.#batches.commit(),
        failed: (error) => this.health.failed(error, this.#batches.isStuck),
        recovered: () => {
          this.health.recovered();
          this.#line.drain();
        },
      },
      timers,
    );
    this.#line = new WaitingLine<Waiting>({
      // What is merged may have to be dropped and merged again: until then nobody knows where the stream is to be read on.
      mayTake: ({ type }) =>
        !this.#committer.isFailing && !writer.isSpoilt && !(this.health.isSpaceLow && type === 'batch'),
      take: (message) => this.#take(message),
    });
  }

  /** Tells main what the database holds, and from now on how things are. */
  start(): Promise<void> {
    const { timers, writer, identity, send } = this.#parts;
    this.#snapshots = timers.every(this.#options.snapshotIntervalMs, () => this.report());
    void this.health.start();
    const { aggregatorId, keys, missing } = writer.current;
    send({
      type: 'opened',
      aggregatorId,
      identity,
      keys: keys.book.all,
      missing: missing.records,
      observedMs: this.#batches.observedMs,
    });
    return Promise.resolve();
  }

  /** Commits what is merged, if it can be; takes nothing more. The database is its caller's to close. */
  stop(): Promise<void> {
    const { clock } = this.#parts;
    this.#snapshots?.cancel();
    void this.health.stop();
    this.#committer.flush();
    const deadlineMs = clock.monotonicMs() + STOP_SALVAGE_MS;
    while (this.#batches.isMovingOn && !this.health.isRefused && clock.monotonicMs() < deadlineMs)
      this.#committer.flush();
    this.#committer.stop();
    this.#tellMissing(true);
    this.#source?.close();
    return Promise.resolve();
  }

  /** The source thread's port. Comes once. */
  connect(port: SourcePort): void {
    this.#source = port;
    port.on('message', (said) => {
      // It changes nothing, and may be told for days while nothing is taken.
      if (said.type === 'reach') this.#reach.told(said.reach);
      else this.#line.add(said);
    });
  }

  /** Main says this. */
  receive(message: Exclude<MainToIngest, { readonly type: 'stop' }>): void {
    const { writer, send } = this.#parts;
    switch (message.type) {
      case 'source':
        this.connect(message.port);
        return;
      case 'transitions':
        for (const fact of message.facts) writer.transition(fact);
        this.#committer.soon();
        return;
      case 'statistics':
        writer.statistics(message.tick);
        this.#committer.soon();
        return;
      case 'operatorRequest':
        send({ type: 'operatorReply', id: message.id, reply: this.#reply(message.request) });
        return;
      case 'keyUsed':
        writer.current.keys.used(message.keyId, message.atMs);
        this.#committer.soon();
        return;
      default:
        unreachable(message);
    }
  }

  /** Commits now what waits for company; false if that failed, and then it is tried again by itself. */
  flush(): boolean {
    return this.#committer.flush();
  }

  /** Tells main the counters, the state of the writer and its clock. */
  report(): void {
    const { writer, door, ledger, clock, send } = this.#parts;
    const accounts = ledger.snapshot({ ...writer.found, unknownLabels: door.unknownLabels });
    const status = this.health.status(Math.max(this.#lagMs, ledger.waitingMs(clock.nowMs())));
    const { totalNodes, trust } = writer.current;
    const missing = writer.current.missing.records;
    const { observedMs } = this.#batches;
    send({ type: 'snapshot', accounts, status, observedMs, totalNodes, trust, missing });
    this.#tellMissing();
  }

  #makeBatches(): BatchCommit {
    const { writer, door, files, clock, beforeCommit } = this.#parts;
    const { housekeepingRestMs, seams } = this.#options;
    return new BatchCommit(
      { observedMs: writer.current.observedMs, housekeepingRestMs },
      {
        writer,
        door,
        files,
        clock,
        beforeCommit,
        beforeMessage: beforeMessage(seams, writer, () => this.flush()),
        committed: (commit) => this.#committed(commit),
        giveBack: (batch, seq) => this.#source?.postMessage({ type: 'returned', batch, seq }),
        lost: (sentence) => this.#log('error', sentence),
      },
    );
  }

  #committed({ signs, seconds, messages }: Commit): void {
    const { writer, ledger, clock, send } = this.#parts;
    this.#lagMs = ledger.committed(clock.nowMs(), seconds, messages);
    const { gone } = writer.current.lastCommit;
    send({ type: 'committed', signs, gone, observedMs: this.#batches.observedMs });
    this.report();
  }

  #take(message: Waiting): void {
    const { writer } = this.#parts;
    try {
      this.#merge(message);
    } catch (error) {
      // The fate of an error is decided where commits fail.
      writer.spoil(error);
      if (message.type !== 'batch') this.#line.putBack(message);
    }
    if (message.type === 'batch' || writer.isSpoilt) this.#committer.flush();
  }

  #merge(message: Waiting): void {
    const { writer, ledger } = this.#parts;
    switch (message.type) {
      case 'batch':
        this.#settleKeys();
        this.#batches.merge(message.batch);
        return;
      case 'clock':
        this.#settleKeys();
        this.#batches.observedMs = message.observedMs;
        break;
      case 'shed':
        message.counts.forEach((count, subject) => ledger.shed(subject, count));
        writer.shed(message.counts.reduce((sum, count) => sum + count, 0));
        break;
      case 'lastKnown': {
        const known = writer.current.position.lastKnown(message.stream);
        this.#answer(known?.seq ?? null);
        return;
      }
      case 'attach':
        this.#reach.left();
        writer.attach(message.stream, message.storedAtMs);
        this.#answer(writer.current.position.nextSeq);
        break;
      case 'nothingUpTo':
        writer.nothingUpTo(message.seq);
        break;
      case 'detach':
        this.#reach.left();
        writer.detach();
        return;
      default:
        unreachable(message);
    }
    this.#committer.soon();
  }

  #answer(seq: number | null): void {
    this.#source?.postMessage({ type: 'position', seq });
  }

  /** Asked where all that was taken is committed: a batch that is merged again is judged as it was before. */
  #settleKeys(): void {
    const { writer } = this.#parts;
    const { keys, position } = writer.current;
    if (!keys.isSettled && this.#reach.isBehindChanges(position.nextSeq)) writer.settleKeys();
  }

  #reply(request: OperatorRequest): OperatorRequestReply {
    const { writer, clock, send } = this.#parts;
    const nowMs = clock.nowMs();
    const brokerMs = this.#reach.brokerMs(clock.sharedMs(), nowMs, writer.current.position.nextSeq);
    const reply = replyToOperatorRequest(
      request,
      { nowMs, brokerMs },
      { writer, committer: this.#committer, keys: (keys) => send({ type: 'keys', keys }) },
    );
    this.#reach.changed(clock.sharedMs());
    return reply;
  }

  #tellMissing(isLast = false): void {
    const { writer, clock, send } = this.#parts;
    const lines = this.#news.due(writer.current.missing.records, clock.monotonicMs(), isLast);
    for (const sentence of lines) send({ type: 'log', level: 'warn', sentence });
  }

  #log(level: 'info' | 'error', sentence: string): void {
    this.#parts.send({ type: 'log', level, sentence: `database: ${sentence}` });
  }
}
