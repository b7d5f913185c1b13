// The order of work in the ingest thread: it takes messages of the source thread in turn, passes messages of the main
// thread to the writer in between, and reports every commit to the main thread. It gets clock, timers and ports from
// outside, and opens nothing.

import type { ThreadClock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { COMMIT_RETRY_MS, Committer } from '../../store/committer.ts';
import type { DatabaseFiles } from '../../store/database-files.ts';
import type { Disk } from '../../store/free-space.ts';
import { STOP_SALVAGE_MS } from '../../store/salvage.ts';
import { WriterHealth } from '../../store/writer-health.ts';
import type { Identity } from '../domain/identity.ts';
import { MissingNews } from '../domain/missing.ts';
import type { OperatorRequest } from '../domain/operator-request.ts';
import { BatchCommit, type Commit } from '../ingest/batch-commit.ts';
import type { Door } from '../ingest/door.ts';
import type { Ledger } from '../ingest/ledger.ts';
import { ToldHoles } from '../ingest/told-holes.ts';
import { WaitingLine } from '../ingest/waiting-line.ts';
import { KnownReach } from '../sources/reach.ts';
import { type OperatorRequestReply, replyToOperatorRequest } from '../store/operator-request-reply.ts';
import type { RevertibleWriter } from '../store/revertible-writer.ts';
import { beforeMessage } from './ingest-seams.ts';
import type { IngestToMain, IngestSeams, IngestToSource, SourceToIngest, MainToIngest } from './messages.ts';

/** Time between two reports of counters and clock to the main thread while there is nothing to commit. */
export const SNAPSHOT_INTERVAL_MS = 1_000;

/** Messages of the source thread that may have to wait until they can be stored. */
type Waiting = Exclude<SourceToIngest, { readonly type: 'reach' }>;

/** The ingest thread's end of the port to the source thread. */
export interface SourcePort {
  postMessage(message: IngestToSource): void;
  on(event: 'message', heard: (message: SourceToIngest) => void): unknown;
  close(): void;
}

/** Settings of an {@link IngestLoop}. */
export interface IngestLoopOptions {
  /** The path of the database. */
  readonly path: string;
  /** Maximum wait, in ms, before changes that came without a batch are committed. */
  readonly commitSoonMs: number;
  readonly snapshotIntervalMs: number;
  readonly housekeepingRestMs: number;
  readonly seams: IngestSeams;
}

/** What an {@link IngestLoop} needs of its thread. */
export interface IngestLoopParts {
  readonly writer: RevertibleWriter;
  readonly identity: Identity;
  readonly door: Door;
  /** The ledger of the door. */
  readonly ledger: Ledger;
  readonly files: DatabaseFiles;
  readonly disk: Disk;
  readonly clock: ThreadClock;
  readonly timers: Timers;
  /** Called before every commit. */
  beforeCommit(): void;
  /** Sends a message to the main thread. */
  send(message: IngestToMain): void;
}

/** The work of the ingest thread. */
export class IngestLoop implements Part {
  readonly health: WriterHealth;
  readonly #options: IngestLoopOptions;
  readonly #parts: IngestLoopParts;
  readonly #batches: BatchCommit;
  readonly #committer: Committer;
  readonly #line: WaitingLine<Waiting>;
  readonly #news: MissingNews;
  readonly #reach = new KnownReach();
  readonly #toldHoles = new ToldHoles();
  /** The cluster that the next commit makes this database's. */
  #joining: Extract<MainToIngest, { type: 'join' }> | null = null;
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
      words: { item: 'message', pause: 'taking no more messages' },
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
      // A spoilt writer may have to drop its merged changes and merge them again; until then the position in the stream
      // is unknown.
      mayTake: ({ type }) =>
        !this.#committer.isFailing && !writer.isSpoilt && !(this.health.isSpaceLow && type === 'batch'),
      take: (message) => this.#take(message),
    });
  }

  /** Sends the main thread the contents of the opened database, and from then on regular reports. */
  start(): Promise<void> {
    const { timers, writer, identity, send } = this.#parts;
    this.#snapshots = timers.every(this.#options.snapshotIntervalMs, () => this.report());
    void this.health.start();
    const { aggregatorId, keys, missing, membership, lastRun } = writer.current;
    send({
      type: 'opened',
      aggregatorId,
      identity,
      keys: keys.book.all,
      missing: missing.records,
      observedMs: this.#batches.committedObservedMs,
      membership,
      hasRows: writer.current.totalNodes > 0,
      lastRun,
    });
    // Readiness would otherwise wait for the first commit.
    this.report();
    return Promise.resolve();
  }

  /**
   * Commits the merged changes and, if commits work again only now, the messages that waited for that. Takes nothing that
   * comes later. The caller closes the database.
   */
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

  /** Takes the source thread's port; called once. */
  connect(port: SourcePort): void {
    this.#source = port;
    port.on('message', (message) => {
      // A reach changes nothing in the database, and must not pile up if the writer accepts nothing for days.
      if (message.type === 'reach') this.#reach.reported(message.reach);
      else this.#line.add(message);
    });
  }

  /** Handles a message of the main thread. */
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
      case 'event':
        writer.event(message.event);
        this.#committer.soon();
        return;
      case 'operatorRequest':
        send({ type: 'operatorReply', id: message.id, reply: this.#reply(message.request) });
        return;
      case 'join':
        this.#join(message);
        return;
      case 'keyUsed':
        writer.current.keys.used(message.keyId, message.atMs);
        this.#committer.soon();
        return;
      default:
        unreachable(message);
    }
  }

  /** Commits waiting changes now; false if that failed, and then the committer tries again by itself. */
  flush(): boolean {
    return this.#committer.flush();
  }

  /** Reports the counters, the state of the writer and its clock to the main thread. */
  report(): void {
    const { writer, door, ledger, clock, send } = this.#parts;
    const accounts = ledger.snapshot({ ...writer.found, unknownLabels: door.unknownLabels });
    const lagMs = Math.max(this.#lagMs, ledger.waitingMs(clock.nowMs()));
    const status = { lagMs, ...this.health.status() };
    const { totalNodes, trust } = writer.current;
    const missing = writer.current.missing.records;
    const observedMs = this.#batches.committedObservedMs;
    const position = writer.replica;
    send({ type: 'snapshot', accounts, status, observedMs, totalNodes, trust, missing, position });
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
    const { gone, hasChangedKeys } = writer.current.lastCommit;
    send({ type: 'committed', signs, gone, observedMs: this.#batches.committedObservedMs });
    if (hasChangedKeys) send({ type: 'keys', keys: writer.current.keys.book.all });
    this.#joined();
    this.#tellHoles();
    this.report();
  }

  #take(message: Waiting): void {
    const { writer } = this.#parts;
    try {
      this.#merge(message);
    } catch (error) {
      // The commit below fails with this error, and that failure decides what happens.
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
      case 'attachLog':
        this.#reach.left();
        writer.attachLog(message.log);
        this.#answer(writer.current.rounds.logSeq + 1);
        break;
      case 'commands':
        this.#know(message);
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

  /**
   * Called only when all taken messages are committed, so that a batch that is merged again is judged by the same keys.
   */
  #settleKeys(): void {
    const { writer } = this.#parts;
    const { keys, position, rounds } = writer.current;
    // Commands of a cluster have their place in the log from the beginning.
    if (rounds.isFollowed) return;
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

  #know({ entries, isAll }: Extract<Waiting, { type: 'commands' }>): void {
    const { writer } = this.#parts;
    writer.know(entries);
    if (!isAll) return;
    const missing = writer.current.commands.beside(entries);
    this.#source?.postMessage({ type: 'missingCommands', entries: missing });
  }

  /** Makes the database that of a cluster; the main thread is told when that is on disk, and not before. */
  #join(message: Extract<MainToIngest, { type: 'join' }>): void {
    const { writer } = this.#parts;
    writer.join(message.membership, message.identity, message.aggregatorId);
    this.#joining = message;
    writer.current.durably(() => this.#committer.flush());
  }

  #joined(): void {
    if (this.#joining === null) return;
    const { identity, aggregatorId } = this.#joining;
    this.#joining = null;
    this.#parts.send({ type: 'joined', identity, aggregatorId });
  }

  /** Asks the source for what is missing. */
  #tellHoles(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const hole of this.#parts.writer.takeHoles())
      if (this.#toldHoles.isNews(hole, nowMs)) this.#source?.postMessage({ type: 'hole', ...hole });
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
