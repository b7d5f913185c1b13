// The work of the reader's thread: it opens the state, reads the sources, serves the outbox to main, and reports. The order
// of reading is in `ingest/reader-loop.ts`; this file puts the parts together.

import type { Clock } from '../../lib/clock.ts';
import type { CodedError } from '../../lib/errors.ts';
import type { Place } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { codeOf } from '../../store/refusal.ts';
import type { ThreadWork } from '../../workers/thread-entry.ts';
import type { FactKeys } from '../domain/fact-key.ts';
import type { ReaderReport } from '../domain/reader-report.ts';
import type { SourceReader, SourceStatus, StoredPosition } from '../domain/source-facts.ts';
import { ReaderLoop } from '../ingest/reader-loop.ts';
import { MemoryOutbox } from '../store/memory-outbox.ts';
import { type AgentState, newNodeId, openState } from '../store/open-state.ts';
import { StoredOutbox } from '../store/stored-outbox.ts';
import type {
  MainToReader,
  ReaderAnswers,
  ReaderRequest,
  ReaderThreadData,
  ReaderToMain,
} from './messages.ts';
import { ReaderLog } from './reader-log.ts';
import { sourceNews } from './source-news.ts';
import { FileGuard, MemoryGuard, type ReaderGuard } from './state-guard.ts';

/** Time between two looks whether there is something to report, in ms. */
const REPORT_MS = 250;
/** Time after which the commit counter is written beside the state file, if it has moved; in ms. */
const NOTE_MS = 60_000;

/** What the sources are made of. */
export interface SourceParts {
  readonly data: ReaderThreadData;
  readonly positions: readonly StoredPosition[];
  readonly keys: Pick<FactKeys, 'of'>;
}

/** What a {@link ReaderWork} needs of its thread. */
export interface ReaderWorkParts {
  readonly data: ReaderThreadData;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly place: Place;
  send(message: ReaderToMain): void;
  /** Makes the sources, logs first. */
  makeSources(parts: SourceParts): readonly SourceReader[];
}

/** The work of the thread. */
export class ReaderWork implements ThreadWork<MainToReader> {
  readonly #parts: ReaderWorkParts;
  readonly #state: AgentState;
  readonly #log: ReaderLog;
  readonly #guard: ReaderGuard;
  readonly #sources: readonly SourceReader[];
  readonly #loop: ReaderLoop;
  readonly #outbox: StoredOutbox;
  #reports: Timer | null = null;
  #reported = '';
  /** The statuses, with the problems as far as the log has them. */
  #told: readonly SourceStatus[] = [];
  #notedCommits = 0;
  #notedAtMs = 0;
  #isFatal = false;

  /** Opens the state. Errors: those of `openState`. */
  constructor(parts: ReaderWorkParts) {
    const { data, clock, timers, place, send } = parts;
    this.#parts = parts;
    this.#log = new ReaderLog(clock, (level, sentence) => send({ type: 'log', level, sentence }));
    // A state in memory is that of a dry run, which hands its messages out at once.
    const outbox = data.path === null ? { outbox: new MemoryOutbox() } : {};
    const state = openState({ path: data.path, nowMs: clock.nowMs(), ...outbox });
    this.#state = state;
    place.defer(() =>
      state.close(!this.#isFatal && this.#guard.areFilesWhole(), (level, sentence) =>
        this.#log.say(level, `state: ${sentence}`),
      ),
    );
    this.#guard =
      state.path === null
        ? new MemoryGuard()
        : new FileGuard(state.path, state.database, {
            clock,
            timers,
            log: this.#log,
            fatal: (error) => this.#fail(error),
          });
    const { writer } = state;
    this.#sources = parts.makeSources({
      data,
      positions: writer.positions(),
      keys: writer.keys,
    });
    this.#loop = new ReaderLoop({
      settings: data,
      store: writer,
      sources: this.#sources,
      guard: this.#guard,
      clock,
      timers,
      identity: () => writer.identity,
      salt: () => writer.salt,
    });
    this.#outbox = new StoredOutbox({
      writer,
      settle: () => this.#loop.settle(),
      failed: (error) => this.#loop.failed(error),
      roomMade: () => this.#loop.wake(),
    });
  }

  async start(): Promise<void> {
    const { send, timers, clock } = this.#parts;
    for (const warning of this.#state.opened.warnings) this.#log.say('warn', `state: ${warning}`);
    send({ type: 'opened', opened: this.#state.opened });
    this.#notedCommits = this.#state.writer.values.commits;
    this.#notedAtMs = clock.monotonicMs();
    await this.#guard.start();
    await this.#loop.start();
    this.#reports = timers.every(REPORT_MS, () => this.#tick());
    this.#report();
  }

  async stop(): Promise<void> {
    this.#reports?.cancel();
    await this.#loop.stop();
    await this.#guard.stop();
    this.#outbox.retry();
    this.#send(this.#made());
  }

  receive(message: Exclude<MainToReader, { readonly type: 'stop' }>): void {
    void this.#answer(message.id, message.request);
  }

  async #answer(id: number, request: ReaderRequest): Promise<void> {
    const { send } = this.#parts;
    try {
      send({ type: 'answer', id, answer: await this.#apply(request) });
    } catch (error) {
      this.#loop.failed(error);
      send({
        type: 'refused',
        id,
        sentence: `The state file cannot be written (${codeOf(error)}); it is tried again.`,
      });
    }
  }

  async #apply(request: ReaderRequest): Promise<ReaderAnswers[keyof ReaderAnswers]> {
    const { writer } = this.#state;
    switch (request.type) {
      case 'take': {
        const { isEnabled, sharesTasks } = writer.identity;
        if (!(isEnabled && sharesTasks)) return [];
        return this.#outbox.take(request.limit, request.nowMs, request.withoutTypes);
      }
      case 'countPresence':
        await this.#outbox.countPresence(request.count, request.nowMs);
        return null;
      case 'confirmed':
        await this.#outbox.confirmed(request.ids);
        return null;
      case 'setAside':
        await this.#outbox.setAside(request.ids, request.reason);
        return null;
      case 'returned':
        await this.#outbox.returned();
        return null;
      case 'keepStatistics':
        this.#change(() => writer.keepStatistics(request.row), false);
        return null;
      case 'setSalt':
        return this.#setSalt(request.salt);
      case 'pinKey':
        this.#change(() => writer.setIdentity({ ...writer.identity, statsKey: request.key }), true);
        this.#note();
        return writer.identity;
      case 'forget':
        this.#change(() => writer.setIdentity({ ...writer.identity, nodeId: newNodeId() }), true);
        this.#note();
        return writer.identity;
      default:
        return unreachable(request);
    }
  }

  #setSalt(salt: string): boolean {
    const { writer } = this.#state;
    const before = writer.salt;
    if (before === salt) return false;
    this.#change(() => writer.setSalt(salt), true);
    this.#loop.wake();
    return before !== null;
  }

  #change(work: () => void, isDurable: boolean): void {
    this.#loop.settle();
    this.#state.writer.change(work, isDurable);
  }

  /** Writes the commit counter beside the state file. What keeps it from being written shows as a problem of the state. */
  #note(): void {
    this.#loop.settle();
    try {
      this.#state.noteCommits();
      this.#notedCommits = this.#state.writer.values.commits;
    } catch (error) {
      this.#loop.failed(error);
    }
    this.#notedAtMs = this.#parts.clock.monotonicMs();
  }

  #tick(): void {
    const isDue = this.#parts.clock.monotonicMs() - this.#notedAtMs >= NOTE_MS;
    if (isDue && this.#state.writer.values.commits !== this.#notedCommits) this.#note();
    this.#report();
  }

  /** Says what is new, and reports. After the stop sources are closed, which is no news. */
  #report(): void {
    const report = this.#made();
    this.#told = report.sources.map((status, index) => this.#tell(this.#told[index] ?? null, status));
    this.#send(report);
  }

  #send(report: ReaderReport): void {
    const text = JSON.stringify(report);
    if (text === this.#reported) return;
    this.#reported = text;
    this.#parts.send({ type: 'report', report });
  }

  /** Logs what is new, and returns what the log knows now: a line that has to wait its minute comes later. */
  #tell(before: SourceStatus | null, now: SourceStatus): SourceStatus {
    const untold = sourceNews(before, now).filter(
      ({ level, sentence, cause }) => !this.#log.say(level, sentence, cause),
    );
    const problems = untold.flatMap(({ problem }) =>
      problem === null ? [] : [[problem, before?.problems[problem] ?? 0] as const],
    );
    return { ...now, problems: { ...now.problems, ...Object.fromEntries(problems) } };
  }

  #made(): ReaderReport {
    const { writer } = this.#state;
    return {
      counts: writer.counts(this.#parts.clock.nowMs()),
      sources: this.#sources.map((source) => source.status()),
      waiting: writer.waiting,
      awaitingMetrics: writer.awaiting,
      stateProblem: this.#guard.problem,
      facts: writer.values.factCounts,
      messages: writer.values.messageEnds,
      factCounts: writer.factsOfProcess(),
      unreadCounts: this.#loop.unreadCounts,
      databaseBytes: this.#guard.databaseBytes,
      pause: this.#loop.pause,
      isAtEnd: this.#loop.isAtEnd,
    };
  }

  #fail({ code, message }: CodedError): void {
    this.#isFatal = true;
    this.#parts.send({ type: 'failed', code, sentence: message });
  }
}
