// Reads the log of a partition and the stream of commands over one connection, and tracks the faults of both. It makes no
// connection and no second attempt, applies nothing, and makes neither stream.

import { leaveServer } from '../../io/leave-server.ts';
import { MinuteLog } from '../../io/minute-log.ts';
import { describe, type NatsConnection, pause } from '../../io/nats.ts';
import { Refusals } from '../../io/refusals.ts';
import { openEntries } from '../../io/stream-entries.ts';
import type { StreamMessage } from '../../io/stream-reader.ts';
import { managerWithin } from '../../io/stream-access.ts';
import { findLedStream, type JetStreamManager } from '../../io/streams.ts';
import { CONTROL_STREAM, logStream, type Source } from '../domain/cluster.ts';
import { LOG_OVERLAP_ROUNDS, type RoundHeader } from '../domain/round.ts';
import type { Attempt } from './attachment.ts';
import { CatchUp } from './catch-up.ts';
import { ControlInput, type GivenCommand } from './control-input.ts';
import { Faults } from './faults.ts';
import { Holes } from './holes.ts';
import type { Begun, Broken, Explained, KeptReading } from './kept-reading.ts';
import { InputNames } from './input-names.ts';
import type { LogPosition, LogReadingOptions, LogReadingParts } from './log-reading-parts.ts';
import { type ArrivedRound, LogRounds } from './log-rounds.ts';
import { LogSilence } from './log-silence.ts';
import { ServerPatience } from './server-patience.ts';
import { ShardWatch } from './shard-watch.ts';
import { Stall } from './stall.ts';
import { StreamInput } from './stream-input.ts';

/** Time that the broker has for an answer, in ms: a request to a leader that has died is lost. */
const ANSWER_WITHIN_MS = 2_000;
/** Time between two looks at what did not happen, in ms. */
const WATCH_MS = 250;

/** The reading of one log, over all its connections. */
export class LogReading implements KeptReading {
  readonly catchUp: CatchUp;
  readonly refusals = new Refusals();
  /** The subjects of messages stand in their rounds. */
  readonly isMapped = false;
  readonly unreadable = { rounds: 0, commands: 0 };
  readonly #options: LogReadingOptions;
  readonly #position: LogPosition;
  readonly #parts: LogReadingParts;
  readonly #faults: Faults;
  readonly #stall: Stall;
  readonly #stream: StreamInput;
  readonly #rounds: LogRounds;
  readonly #control: ControlInput;
  readonly #shards: ShardWatch;
  readonly #holes: Holes;
  readonly #silence: LogSilence;
  readonly #names: InputNames;
  readonly #patience = new ServerPatience();
  readonly #said: MinuteLog;
  #connection: NatsConnection | null = null;
  #manager: JetStreamManager | null = null;
  #broken: Broken | null = null;
  /** True after a server was left, until a round arrives: a spell of changing servers is logged once. */
  #isLeaving = false;

  constructor(options: LogReadingOptions, position: LogPosition, parts: LogReadingParts) {
    const { clock } = parts;
    this.#options = options;
    this.#position = position;
    this.#parts = parts;
    this.#faults = new Faults((level, sentence) => parts.log(level, sentence));
    this.#stall = new Stall(options.stallAfterMs);
    this.catchUp = new CatchUp(clock, this.#stall, options.catchingUpAgeMs);
    this.#stream = this.#createStream();
    this.#shards = new ShardWatch(options.inputStreams ?? []);
    this.#names = new InputNames(options.inputStreams, (names) => this.#shards.expect(names));
    this.#silence = new LogSilence(options.silentAfterMs);
    this.#holes = new Holes(options.partition, (subject, request) =>
      this.#connection?.publish(subject, JSON.stringify(request)),
    );
    const say = (level: 'info' | 'warn' | 'error') => (sentence: string) => parts.log(level, sentence);
    this.#said = new MinuteLog(
      { debug: () => undefined, info: say('info'), warn: say('warn'), error: say('error') },
      clock,
    );
    this.#control = new ControlInput(options.controlPollMs, {
      clock,
      faults: this.#faults,
      commands: (entries, isAll) => position.commands(entries, isAll),
      progressed: () => this.#rounds.pass(),
      malformed: () => {
        this.unreadable.commands++;
        this.#said.say(
          'warn',
          'command',
          `control: an entry of ${CONTROL_STREAM} is no command, and is skipped`,
        );
      },
      unanswered: () => void this.#leaveServer(),
    });
    this.#rounds = new LogRounds({
      mayPass: (arrivedMs) => this.#control.covers(arrivedMs),
      opened: (header, round) => this.#opened(header, round),
      entry: (entry) => parts.entry(entry),
      unreadable: (seq, reason) => {
        this.unreadable.rounds++;
        const sentence = `log: the round at sequence ${seq} of ${this.#name} cannot be read and is skipped: ${reason}`;
        this.#said.say('warn', 'round', sentence);
      },
      full: () => this.#stream.pause(),
      roomy: () => {
        this.#silence.begin(clock.monotonicMs());
        this.#stream.resume();
      },
    });
  }

  get #name(): string {
    return logStream(this.#options.partition);
  }

  get fault(): string | null {
    return this.#faults.sentence;
  }

  get isHealthy(): boolean {
    return this.#stream.isHealthy && !this.#faults.has('silence');
  }

  /** True if messages of an input stream may be missing, or may come late. Silence meanwhile proves nothing about a node. */
  get isMissing(): boolean {
    return !this.#shards.isComplete(this.#parts.clock.monotonicMs());
  }

  get isKeptBack(): boolean {
    const isHeldUp = this.catchUp.isPaused || this.#rounds.count > 0 || this.#stall.unread > 0;
    return isHeldUp || this.#faults.has('silence') || this.isMissing;
  }

  async begin(
    connection: NatsConnection,
    attempt: Attempt,
    broken: Broken,
    isRecheck: boolean,
  ): Promise<Begun | null> {
    const { clock } = this.#parts;
    if (!isRecheck || !this.isHealthy) this.#stopReading();
    this.refusals.clear();
    this.#patience.begin(clock.monotonicMs());
    this.#broken = broken;
    this.#useConnection(connection, attempt.signal);
    const manager = await managerWithin(connection, ANSWER_WITHIN_MS);
    this.#manager = manager;
    const info = await findLedStream(manager, this.#name);
    if (!attempt.isCurrent()) return null;
    if (info === null) {
      this.#patience.answered(clock.monotonicMs());
      throw new Error('it does not exist; the processes of the cluster make it');
    }
    const readingAttempt = { ...attempt, isRefused: () => this.refusals.size > 0, broken };
    if (this.#stream.keep(info, readingAttempt))
      return this.#begunWith(`reading on in the log ${this.#name}`);
    this.#stopReading();
    // Rounds that were read but not handed over are read again from the position.
    this.#parts.restart();
    const { first_seq: firstSeq, first_ts: firstTime, last_seq: lastSeq } = info.state;
    // The writer may take any time.
    this.#patience.wait(clock.monotonicMs());
    const facts = { name: this.#name, created: info.created, firstSeq, lastSeq };
    const position = await this.#position.attachLog(facts);
    if (!attempt.isCurrent()) return null;
    this.#patience.begin(clock.monotonicMs());
    // A log that went back behind the position is read from its end; its sources protect from repetition.
    const nextSeq = Math.max(1, Math.min(position, lastSeq + 1) - LOG_OVERLAP_ROUNDS);
    this.#silence.attached(lastSeq, clock.monotonicMs());
    const place = { info, nextSeq, newestMs: Date.parse(firstTime) };
    const waiting = await this.#stream.begin(connection, manager, place, readingAttempt);
    if (waiting === null) return null;
    return this.#begunWith(
      `reading the log ${this.#name} from sequence ${nextSeq}, ${waiting} rounds waiting`,
    );
  }

  /** Called when the reading which {@link begin} started is in use from now on. */
  begun({ mode }: Begun): void {
    this.catchUp.mode = mode;
    this.#faults.end('refused');
  }

  explain(error: unknown): Explained {
    const denied = this.refusals.describe();
    const problem = `the log ${this.#name} cannot be read: ${denied ?? describe(error)}`;
    const { remedy } = this.refusals;
    if (denied === null) this.#faults.drop('refused');
    else this.#faults.begin('refused', remedy === null ? problem : `${problem}: ${remedy}`, denied);
    return { problem, isRefused: denied !== null };
  }

  noteReading(): void {
    this.#stream.noteReading();
  }

  /** The ingest thread skipped a round of this source, because what follows `upto` is missing. */
  hole(source: Source, upto: number): void {
    this.#holes.found(source, upto, this.#parts.clock.monotonicMs());
  }

  /** The stream of commands has lost these entries. */
  restoreCommands(entries: readonly GivenCommand[]): void {
    this.#control.restore(entries);
  }

  pause(): void {
    this.#rounds.hold();
  }

  resume(): void {
    this.#rounds.release();
  }

  stop(): void {
    this.#patience.forget();
    this.#stopReading();
  }

  #stopReading(): void {
    this.#stream.stop();
    this.#rounds.clear();
  }

  #createStream(): StreamInput {
    const { clock } = this.#parts;
    return new StreamInput(this.#options, {
      sink: {
        message: (message) => this.#arrived(message),
        resting: () => this.#parts.resting(),
      },
      // Rounds that the log has lost are holes, which the ingest thread finds.
      position: { nothingUpTo: () => undefined },
      catchUp: this.catchUp,
      stall: this.#stall,
      faults: this.#faults,
      clock,
    });
  }

  /** Once a connection: begins to read the commands, and to look at what did not happen. */
  #useConnection(connection: NatsConnection, signal: AbortSignal): void {
    if (this.#connection === connection) return;
    this.#connection = connection;
    void this.#control.run(openEntries(connection, CONTROL_STREAM, ANSWER_WITHIN_MS), signal);
    void this.#watch(signal);
  }

  async #leaveServer(): Promise<void> {
    const connection = this.#connection;
    if (connection === null || !this.#patience.isTrying || this.refusals.size > 0) return;
    this.#patience.forget();
    if (!this.#isLeaving) {
      const server = connection.getServer();
      this.#parts.log('warn', `broker: ${server} does not give what is read; trying other servers`);
    }
    this.#isLeaving = true;
    await leaveServer(connection).catch(() => undefined);
  }

  #begunWith(sentence: string): Begun {
    return { mode: 'jetstream', problem: null, level: 'info', sentence: `broker: ${sentence}` };
  }

  #arrived({ payload, seq, atMs, heardMs }: StreamMessage): void {
    this.#isLeaving = false;
    if (this.#silence.read(seq, heardMs)) this.#faults.end('silence');
    this.#rounds.add({ payload, seq, atMs, heardMs, ageMs: Math.max(0, this.catchUp.brokerNowMs - atMs) });
  }

  #opened(header: RoundHeader, { atMs, heardMs, ageMs }: ArrivedRound): void {
    // Differences of one broker's times, so that the clocks of two brokers need not agree.
    if (!header.isAway) this.catchUp.newestMs = atMs - header.behindMs;
    this.#shards.heard(header, heardMs, ageMs);
    this.#holes.passed(header);
    this.#parts.round(heardMs);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    for (; !signal.aborted; await pause(WATCH_MS, signal)) {
      const nowMs = clock.monotonicMs();
      this.#holes.remind(nowMs);
      if (this.#manager !== null) void this.#names.ask(this.#manager, nowMs);
      this.#watchSilence(nowMs);
      if (this.#stream.isReading) this.#patience.answered(nowMs);
      else if (this.#patience.isOver(nowMs)) void this.#leaveServer();
    }
  }

  /** The broker gives nothing: its consumer may be on a server whose copy of the log is behind, so another one is made. */
  #watchSilence(nowMs: number): void {
    const isReading = this.#stream.isReading && !this.catchUp.isPaused && this.#rounds.count === 0;
    if (!isReading || this.#shards.expected.length === 0) return;
    const silentMs = this.#silence.due(nowMs);
    if (silentMs === null) return;
    this.#faults.begin(
      'silence',
      `the log ${this.#name} has brought no round for ${Math.round(silentMs / 1000)} s: no process splits the input streams, or the broker holds rounds back; the consumer is made anew`,
      this.#name,
    );
    this.#stopReading();
    this.#broken?.('silence', true);
  }
}
