// The ingest thread's wiring: batches of the source thread → door → writer → SQLite, and to main the signs of life of each
// commit. It is the only writer, and the only thread that looks into a message.

import { statSync } from 'node:fs';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { STOP_EMPTY_LOG_MS } from '../../store/empty-log.ts';
import {
  FREE_SPACE_CHECK_MS,
  FREE_SPACE_ENOUGH_SHARE,
  FREE_SPACE_LOW_SHARE,
} from '../../store/free-space.ts';
import { STOP_SALVAGE_MS } from '../../store/salvage.ts';
import { HOUSEKEEPING_REST_MS } from '../store/housekeeping.ts';
import {
  BATCH_TIME_MS,
  COMMIT_RETRY_MS,
  FUTURE_TOLERANCE_MS,
  MISSING_NEWS_REST_MS,
  SNAPSHOT_INTERVAL_MS,
} from './bounds.ts';
import type { WriterStatus } from '../domain/accounting.ts';
import type { Change } from '../domain/operator-request.ts';
import { MissingNews } from '../domain/missing.ts';
import { SUBJECTS } from '../domain/vocabulary.ts';
import { sharedMs, systemClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { createAuthenticator } from '../ingest/authenticator.ts';
import { type Batch, type BatchMessage, readBatch } from '../sources/batch.ts';
import { Door } from '../ingest/door.ts';
import { Ledger } from '../ingest/ledger.ts';
import { KnownReach } from '../sources/reach.ts';
import { WaitingLine } from '../ingest/waiting-line.ts';
import { DatabaseFiles } from '../../store/database-files.ts';
import { emptyLog } from '../../store/empty-log.ts';
import { type ChangeReply, replyToChange } from '../store/change-reply.ts';
import { Committer } from '../../store/committer.ts';
import { openDatabase } from '../store/open-database.ts';
import { Salvage } from '../../store/salvage.ts';
import { FreeSpace, roomBeside } from '../../store/free-space.ts';
import { codeOf, explainRefusal, type Refusal, refusalOf } from '../../store/refusal.ts';
import type {
  IngestToMain,
  IngestSeams,
  IngestThreadData,
  IngestToSource,
  SourceToIngest,
  MainToIngest,
} from './messages.ts';

/** What may have to wait until it can be stored. */
type Waiting = Exclude<SourceToIngest, { readonly type: 'reach' }>;

/** SQLite's own limit. */
const SQLITE_PAGES_MAX = 4_294_967_294;

function run(data: IngestThreadData, send: (message: IngestToMain) => void): (message: MainToIngest) => void {
  const { settings, seams } = data;
  const path = settings.databasePath;
  const { lock, database, writer, identity } = openDatabase(settings, systemClock.nowMs(), log);
  const files = new DatabaseFiles(path, database, systemClock.monotonicMs);
  const space = new FreeSpace({ lowShare: FREE_SPACE_LOW_SHARE, enoughShare: FREE_SPACE_ENOUGH_SHARE }, () =>
    roomBeside(path),
  );
  const authenticateNow = () =>
    createAuthenticator(writer.current.keys.book, settings.authMode === 'required', (atMs) =>
      writer.current.eventMs(atMs),
    );
  let authenticate = authenticateNow();
  const ledger = new Ledger();
  const door = new Door(
    {
      ledger,
      authenticate: (message, nodeId) => authenticate(message, nodeId),
      apply: (signal, moment, signer) => writer.current.applyNext(signal, moment, signer),
      take: (seq, atMs) => writer.current.position.take(seq, atMs),
      count: (outcome) => writer.current.position.count(outcome),
    },
    FUTURE_TOLERANCE_MS,
  );
  const news = new MissingNews(writer.current.missing.records, MISSING_NEWS_REST_MS);
  const reach = new KnownReach();
  let source: MessagePort | null = null;
  let observedMs = writer.current.observedMs;
  let lagMs = 0;
  /** Merged, and to be given back with the next commit. */
  let merged: Batch | null = null;
  /** How many messages of it have been received. */
  let entered = 0;
  /** Stores, in parts, what failed for no reason of the environment, or broke off while it was merged. */
  let salvage: Salvage | null = null;
  /** Why nothing is stored at the moment, and what of the environment it is; null if it is a message. */
  let problem: { readonly sentence: string; readonly refusal: Refusal | null } | null = null;
  let housekeepFromMs = 0;
  let isFatal = false;
  const line = new WaitingLine<Waiting>({
    // What is merged may have to be dropped and merged again: until then nobody knows where the stream is to be read on.
    mayTake: ({ type }) => !committer.isFailing && !writer.isSpoilt && !(space.isLow && type === 'batch'),
    take,
  });

  const committer = new Committer(
    { timeMaxMs: BATCH_TIME_MS, retryMs: COMMIT_RETRY_MS },
    {
      commit() {
        files.check();
        if (salvage === null) {
          try {
            commitMerged();
          } catch (error) {
            if (writer.isSpoilt || refusalOf(error) === null) salvage = beginSalvage(error);
            throw error;
          }
        } else {
          if (salvage.step()) return true;
          for (const loss of salvage.losses) log('error', loss);
          salvage = null;
        }
        giveBack();
        return false;
      },
      failed,
      recovered() {
        if (problem?.refusal != null) log('info', 'commits work again');
        problem = null;
        line.drain();
      },
    },
  );

  function log(level: 'info' | 'warn' | 'error', sentence: string): void {
    send({ type: 'log', level, sentence: `database: ${sentence}` });
  }

  /** Commits what is merged; so many messages of the batch are in it, all of them if absent. */
  function commitMerged(messages?: number): void {
    const startedMs = systemClock.monotonicMs();
    if (seams.commitDelayMs !== undefined) sleep(seams.commitDelayMs);
    if (seams.pagesMax !== undefined) {
      database.pragma(`max_page_count = ${seams.pagesMax[0] || SQLITE_PAGES_MAX}`);
    }
    if (salvage === null && startedMs >= housekeepFromMs)
      writer.current.housekeep(systemClock.nowMs(), startedMs);
    const signs = writer.commit(systemClock.nowMs(), observedMs);
    files.written();
    door.committed();
    lagMs = ledger.committed(systemClock.nowMs(), (systemClock.monotonicMs() - startedMs) / 1000, messages);
    send({ type: 'committed', signs, gone: writer.current.lastCommit.gone, observedMs });
    sendSnapshot();
  }

  function failed(error: unknown): void {
    const cause = refusalOf(error);
    if (cause === 'damaged') files.suspect(error);
    if (error instanceof CodedError && !isFatal) {
      isFatal = true;
      send({ type: 'failed', code: error.code, sentence: error.message });
    }
    const sentence =
      cause === null
        ? salvage?.isStuck === true
          ? `a message cannot be stored (${codeOf(error)}), and not be set aside either: this is a defect of ours; please report it`
          : `a batch cannot be stored (${codeOf(error)}); looking for the message that keeps it from being stored`
        : explainRefusal(error, cause, path);
    const isNews = problem === null || problem.refusal !== cause || salvage?.isStuck === true;
    if (isNews && !isFatal && problem?.sentence !== sentence) {
      log('error', `${sentence}; taking no more messages, trying again until it works`);
    }
    problem = { sentence, refusal: cause };
  }

  /** What is merged failed with this error: it will be merged again from the batch, which still holds every message. */
  function beginSalvage(error: unknown): Salvage {
    const entries: BatchMessage[] = [];
    if (merged !== null) readBatch(merged, (entry) => entries.push(entry));
    const nowMs = systemClock.nowMs();
    for (const entry of entries.slice(entered)) door.receive(entry, nowMs);
    if (refusalOf(error) === null) housekeepFromMs = systemClock.monotonicMs() + HOUSEKEEPING_REST_MS;
    const entryAt = (at: number): BatchMessage => {
      const entry = entries[at];
      if (entry === undefined) throw new RangeError('no such message in the batch');
      observedMs = entry.observedMs;
      return entry;
    };
    return new Salvage(entries.length, error, {
      revert() {
        writer.revert();
        authenticate = authenticateNow();
        door.forget();
      },
      dropFacts() {
        writer.dropFacts();
        authenticate = authenticateNow();
      },
      merge: (at) => door.admit(entryAt(at), nowMs),
      setAside(at, code) {
        const entry = entryAt(at);
        const { seq, subject, atMs } = entry;
        if (door.setAside(entry) === 'replayed') return;
        writer.current.quarantine({ seq, subject: SUBJECTS[subject] ?? 'other', code, atMs });
      },
      commit: commitMerged,
    });
  }

  /** False if the files are damaged, or no longer those that were opened: then nothing of the log is brought into them. */
  function areFilesWhole(): boolean {
    if (problem?.refusal === 'damaged') return false;
    try {
      files.check();
      return true;
    } catch {
      return false;
    }
  }

  function reply(message: IngestToSource): void {
    source?.postMessage(message);
  }

  function giveBack(): void {
    const batch = merged;
    merged = null;
    if (batch !== null) reply({ type: 'returned', batch, seq: (writer.current.position.nextSeq ?? 1) - 1 });
  }

  function take(message: Waiting): void {
    try {
      merge(message);
    } catch (error) {
      // The fate of an error is decided where commits fail.
      writer.spoil(error);
      if (message.type === 'batch') merged = message.batch;
      else line.putBack(message);
    }
    if (message.type === 'batch' || writer.isSpoilt) committer.flush();
  }

  function merge(message: Waiting): void {
    switch (message.type) {
      case 'batch': {
        settleKeys();
        const nowMs = systemClock.nowMs();
        entered = 0;
        readBatch(message.batch, (entry) => {
          if (seams.pruneEvery !== undefined) pruneBehind(seams.pruneEvery);
          observedMs = entry.observedMs;
          entered++;
          door.enter(entry, nowMs);
        });
        merged = message.batch;
        return;
      }
      case 'clock':
        settleKeys();
        observedMs = message.observedMs;
        committer.soon();
        return;
      case 'shed':
        message.counts.forEach((count, subject) => ledger.shed(subject, count));
        writer.shed(message.counts.reduce((sum, count) => sum + count, 0));
        committer.soon();
        return;
      case 'lastKnown': {
        const known = writer.current.position.lastKnown(message.stream);
        reply({ type: 'position', seq: known?.seq ?? null });
        return;
      }
      case 'attach':
        reach.left();
        writer.attach(message.stream, message.storedAtMs);
        reply({ type: 'position', seq: writer.current.position.nextSeq });
        committer.soon();
        return;
      case 'nothingUpTo':
        writer.nothingUpTo(message.seq);
        committer.soon();
        return;
      case 'detach':
        reach.left();
        writer.detach();
        return;
      default:
        unreachable(message);
    }
  }

  /** Asked where all that was taken is committed: a batch that is merged again is judged as it was before. */
  function settleKeys(): void {
    const { keys, position } = writer.current;
    if (!keys.isSettled && reach.isBehindChanges(position.nextSeq)) writer.settleKeys();
  }

  /** The seam of that name. Asked before every message, so that a pass which a crash cut short is made whole first. */
  function pruneBehind(every: NonNullable<IngestSeams['pruneEvery']>): void {
    const { last } = writer.current.position;
    if (last === null || last.seq % every.messages !== 0) return;
    do {
      writer.current.pruneStep(last.atMs - every.keepMs);
      while (!committer.flush()) sleep(COMMIT_RETRY_MS);
    } while (writer.current.lastCommit.pruned?.isPassOver !== true);
  }

  function change(asked: Change): ChangeReply {
    const nowMs = systemClock.nowMs();
    const brokerMs = reach.brokerMs(sharedMs(), nowMs, writer.current.position.nextSeq);
    const made = replyToChange(
      asked,
      { nowMs, brokerMs },
      { writer, committer, keys: (all) => send({ type: 'keys', keys: all }) },
    );
    reach.changed(sharedMs());
    return made;
  }

  function stop(): void {
    clearInterval(snapshots);
    clearInterval(looks);
    committer.flush();
    const deadlineMs = systemClock.monotonicMs() + STOP_SALVAGE_MS;
    const isMoving = () => salvage !== null && !salvage.isStuck && problem?.refusal == null;
    while (isMoving() && systemClock.monotonicMs() < deadlineMs) committer.flush();
    committer.stop();
    tellMissing(true);
    // Pool threads may still have the file open. Then closing it here would leave the log as it is.
    if (!isFatal && !(areFilesWhole() && emptyLog(database, STOP_EMPTY_LOG_MS, systemClock))) {
      log(
        'warn',
        `another process reads ${path}, or the disk refuses: what was committed last may stand in ${path}-wal alone; copy both files, or start and stop the program again`,
      );
    }
    writer.current.close();
    lock.release();
    send({ type: 'stopped' });
    source?.close();
    parentPort?.close();
  }

  function status(): WriterStatus {
    return {
      lagMs: Math.max(lagMs, ledger.waitingMs(systemClock.nowMs())),
      databaseProblem: problem?.sentence ?? (space.isLow ? space.explain(path) : null),
      databaseSizeBytes: sizeOf(path) + sizeOf(`${path}-wal`),
      diskFreeBytes: space.room?.freeBytes ?? 0,
      diskSizeBytes: space.room?.sizeBytes ?? 0,
    };
  }

  function sendSnapshot(): void {
    const accounts = ledger.snapshot({
      ...writer.found,
      unknownLabels: door.unknownLabels,
    });
    const { totalNodes, trust } = writer.current;
    const missing = writer.current.missing.records;
    send({ type: 'snapshot', accounts, status: status(), observedMs, totalNodes, trust, missing });
    tellMissing();
  }

  function tellMissing(isLast = false): void {
    const lines = news.due(writer.current.missing.records, systemClock.monotonicMs(), isLast);
    for (const sentence of lines) send({ type: 'log', level: 'warn', sentence });
  }

  function lookAtSpace(): void {
    if (!space.check()) return;
    if (space.isLow) log('error', space.explain(path));
    else log('info', 'there is room again, reading goes on');
    line.drain();
  }

  const snapshots = setInterval(sendSnapshot, SNAPSHOT_INTERVAL_MS);
  const looks = setInterval(lookAtSpace, FREE_SPACE_CHECK_MS);
  lookAtSpace();
  const { aggregatorId } = writer.current;
  const keys = writer.current.keys.book.all;
  const missing = writer.current.missing.records;
  send({ type: 'opened', aggregatorId, identity, keys, missing, observedMs });

  return (message) => {
    switch (message.type) {
      case 'source':
        source = message.port;
        source.on('message', (said: SourceToIngest) => {
          // It changes nothing, and may be told for days while nothing is taken.
          if (said.type === 'reach') reach.told(said.reach);
          else line.add(said);
        });
        return;
      case 'transitions':
        for (const fact of message.facts) writer.transition(fact);
        committer.soon();
        return;
      case 'statistics':
        writer.statistics(message.tick);
        committer.soon();
        return;
      case 'change':
        send({ type: 'changed', id: message.id, reply: change(message.change) });
        return;
      case 'keyUsed':
        writer.current.keys.used(message.keyId, message.atMs);
        committer.soon();
        return;
      case 'stop':
        stop();
        return;
      default:
        unreachable(message);
    }
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

if (parentPort !== null) {
  const port = parentPort;
  const send = (message: IngestToMain) => port.postMessage(message);
  try {
    port.on('message', run(workerData as IngestThreadData, send));
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    send({ type: 'failed', code: error.code, sentence: error.message });
    port.close();
  }
}
