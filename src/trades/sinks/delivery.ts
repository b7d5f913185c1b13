// Delivers the summaries of the outbox to the backend: in order for each client, at least once, until the backend takes
// or refuses each (docs/trades.md#delivery). It keeps no body in memory, and stores nothing itself: outcomes are facts.

import type { Log } from '../../io/log.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Timers } from '../../lib/timers.ts';
import type { BackendSign } from '../domain/backend-health.ts';
import {
  BODY_LOST,
  type DeliveryMeaning,
  type DeliveryReply,
  isLongWait,
  meaningOf,
} from '../domain/delivery-meaning.ts';
import type { DeliveryOutcome } from '../domain/delivery-outcome.ts';
import { forwardWaitMs, restoredWait, retryWait, type Wait } from '../domain/delivery-schedule.ts';
import type { Attempt, Fact, Journal, OutboxEntry } from '../domain/facts.ts';
import type { Replayed } from '../domain/operator-request.ts';
import type { OutboxQuery, OutboxRow, StoredDeadLetters, StoredWaiting } from '../domain/questions.ts';
import type { OutboxView } from '../domain/view.ts';
import { BodyReader, type StoredBody } from './body-reader.ts';
import { ClientLines, type Line, type WaitingEntry } from './client-lines.ts';
import { BODIES_UNDER_WAY_BYTES_MAX, DELIVERIES_MAX } from './delivery-bounds.ts';
import { type AttemptEnd, DeliveryCounts } from './delivery-counts.ts';
import { DeliveryLog } from './delivery-log.ts';
import { Replays } from './replays.ts';

/** How long a line waits after the database did not give a body, or the journal did not take a fact, in ms. */
const DATABASE_AGAIN_MS = 2_000;
/** How long a stop waits for requests under way and their facts, in ms. */
const STOP_WAIT_MS = 1_000;

/** What a {@link Delivery} needs of the wiring. */
export interface DeliveryParts {
  readonly journal: Journal;
  /** Bodies of these entries, at most {@link DELIVERIES_MAX}, as far as the database has them. */
  bodies(ids: readonly number[]): Promise<readonly StoredBody[]>;
  /** Rows of the outbox: for a replay. */
  rows(query: OutboxQuery): Promise<readonly OutboxRow[]>;
  /** Sends a body once. Never rejects. */
  post(body: string, digest: string): Promise<DeliveryReply>;
  /** An entry was delivered, or refused for good, and that is on the disk. */
  settled(entryId: number, outcome: DeliveryOutcome): void;
  /** An attempt failed, and is repeated. */
  failing(entryId: number, attempt: Attempt): void;
  /** A dead letter waits again, and that is on the disk. */
  replayed(entryId: number): void;
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** From 0 (included) to 1 (excluded). */
  random(): number;
}

type Retry = Extract<DeliveryMeaning, { type: 'retry' }>;

/** The outbox, delivering from `start` to `stop`. */
export class Delivery implements Part {
  readonly #bytesMax: number;
  readonly #parts: DeliveryParts;
  readonly #lines: ClientLines;
  readonly #bodies: BodyReader;
  readonly #counts = new DeliveryCounts();
  readonly #log: DeliveryLog;
  readonly #replays: Replays;
  readonly #running = new Set<Promise<void>>();
  #underWay = 0;
  #bytesUnderWay = 0;
  #isStarted = false;
  #isStopped = false;

  /** `bytesMax` is `OUTBOX_MAX_MIB` in bytes. */
  constructor(bytesMax: number, parts: DeliveryParts) {
    this.#bytesMax = bytesMax;
    this.#parts = parts;
    const { clock, timers } = parts;
    this.#lines = new ClientLines({ clock, timers, isDue: () => this.#pump() });
    this.#bodies = new BodyReader((ids) => parts.bodies(ids));
    this.#log = new DeliveryLog(parts);
    this.#replays = new Replays({
      rows: (query) => parts.rows(query),
      commit: (facts) => parts.journal.commit(facts),
      takeUp: (row) => this.#takeUp(row),
      nowMs: () => clock.nowMs(),
    });
  }

  /** What waits in the database, in any order, and its dead letters. Called before `start`. */
  restore(waiting: readonly StoredWaiting[], dead: StoredDeadLetters): void {
    const { clock, random } = this.#parts;
    const nowMs = clock.nowMs();
    this.#counts.found(dead.count, dead.bytes);
    for (const each of waiting.toSorted((one, other) => one.place - other.place)) {
      const { id, digest, bodyBytes, attempts, sealedAtMs } = each;
      this.#counts.added(bodyBytes);
      const wait = attempts === 0 ? null : restoredWait(each.nextAtMs, nowMs, random());
      this.#lines.add(each.clientId, { id, digest, bodyBytes, attempts, sinceMs: sealedAtMs }, wait);
    }
    const tried = waiting.filter(({ attempts }) => attempts > 0).length;
    this.#log.found({ waiting: waiting.length, tried, deadLetters: dead.count });
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    this.#pump();
  }

  /** Waits a moment for requests under way. What is not on the disk then is sent again after the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#lines.stop();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.timers.after(STOP_WAIT_MS, resolve);
    await Promise.race([promise, Promise.all(this.#running)]);
    timer.cancel();
  }

  /** Takes an entry to deliver, which is on the disk. */
  add(entry: OutboxEntry): void {
    const { id, clientId, digest, bodyBytes, sealedAtMs } = entry;
    this.#counts.added(bodyBytes);
    this.#lines.add(clientId, { id, digest, bodyBytes, attempts: 0, sinceMs: sealedAtMs });
    this.#pump();
  }

  /** True if a further body of this length may be stored. */
  hasRoom(bytes: number): boolean {
    const hasRoom = this.#counts.heldBytes + bytes <= this.#bytesMax;
    this.#tellRoom(hasRoom);
    return hasRoom;
  }

  /** Puts dead letters back into the lines of their clients, at the end: those with these ids, or all. */
  replay(ids: readonly number[] | 'all'): Promise<Replayed> {
    return this.#replays.replay(ids);
  }

  /** What waits, and counts since the start. */
  get counts(): OutboxView {
    const { oldestMs } = this.#lines;
    const nowMs = this.#parts.clock.nowMs();
    return {
      ...this.#counts.snapshot(),
      bytesMax: this.#bytesMax,
      underWay: this.#underWay,
      oldestAgeMs: oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs),
      problem: this.#log.problem,
    };
  }

  #takeUp({ id, clientId, digest, bodyBytes }: OutboxRow): void {
    this.#counts.replayed(bodyBytes);
    this.#lines.add(clientId, { id, digest, bodyBytes, attempts: 0, sinceMs: this.#parts.clock.nowMs() });
    this.#parts.replayed(id);
    this.#pump();
  }

  /** Begins requests while some are free. */
  #pump(): void {
    if (!this.#isStarted || this.#isStopped) return;
    while (this.#underWay < DELIVERIES_MAX) {
      const line = this.#lines.peek();
      const entry = line?.entries.peek();
      if (line === null || entry === undefined) return;
      const isTooMuch = this.#bytesUnderWay + entry.bodyBytes > BODIES_UNDER_WAY_BYTES_MAX;
      if (this.#underWay > 0 && isTooMuch) return;
      this.#lines.take(line);
      const run = this.#deliver(line, entry).finally(() => this.#running.delete(run));
      this.#running.add(run);
    }
  }

  async #deliver(line: Line, entry: WaitingEntry): Promise<void> {
    this.#underWay += 1;
    this.#bytesUnderWay += entry.bodyBytes;
    const meaning = await this.#attempt(entry);
    this.#underWay -= 1;
    this.#bytesUnderWay -= entry.bodyBytes;
    this.#pump();
    if (meaning === null) this.#wait(line, { waitMs: DATABASE_AGAIN_MS, mayComeForward: false });
    else if (meaning.type === 'retry') this.#retry(line, entry, meaning);
    else await this.#end(line, entry, { type: meaning.type, attempt: meaning.attempt });
  }

  /** Sends the entry once; null if it could not be read, or if the program stops. */
  async #attempt(entry: WaitingEntry): Promise<DeliveryMeaning | null> {
    const { clock, random } = this.#parts;
    const body = await this.#bodies.read(entry.id).catch(() => undefined);
    if (this.#isStopped) return null;
    this.#log.readable(body !== undefined);
    if (body === undefined) return null;
    if (body === null) return { type: 'dead', attempt: BODY_LOST };
    const startedMs = clock.monotonicMs();
    const reply = await this.#parts.post(body, entry.digest);
    if (this.#isStopped && reply.type === 'none') return null;
    const meaning = meaningOf(reply);
    this.#counts.attempted(endOf(meaning), (clock.monotonicMs() - startedMs) / 1000);
    const isBack = this.#log.heard(signOf(meaning), meaning.attempt.reason);
    if (isBack) this.#lines.comeForward(() => forwardWaitMs(random()));
    return meaning;
  }

  #tellRoom(hasRoom: boolean): void {
    this.#log.room(hasRoom, this.#counts.heldBytes / this.#bytesMax);
  }

  #wait(line: Line, wait: Wait): void {
    if (!this.#isStopped) this.#lines.wait(line, wait);
  }

  #retry(line: Line, entry: WaitingEntry, { retryAfterMs, attempt }: Retry): void {
    const { journal, clock, random, failing } = this.#parts;
    const atMs = clock.nowMs();
    entry.attempts += 1;
    const wait = retryWait(entry.attempts, random(), retryAfterMs);
    const { id: entryId, attempts } = entry;
    journal.note([{ type: 'attempted', entryId, atMs, attempts, nextAtMs: atMs + wait.waitMs, attempt }]);
    this.#wait(line, wait);
    failing(entryId, attempt);
  }

  /** The line goes on only when the outcome is on the disk: otherwise a restart could send its summaries out of order. */
  async #end(line: Line, { id: entryId, bodyBytes }: WaitingEntry, outcome: DeliveryOutcome): Promise<void> {
    const atMs = this.#parts.clock.nowMs();
    if (!(await this.#commit({ ...outcome, entryId, atMs }))) return;
    this.#lines.shift(line);
    if (outcome.type === 'delivered') this.#counts.delivered(bodyBytes, atMs);
    else {
      this.#counts.died(bodyBytes);
      this.#log.died(entryId, outcome.attempt);
    }
    this.#tellRoom(true);
    this.#parts.settled(entryId, outcome);
    this.#pump();
  }

  /** True when the fact is on the disk, however long that takes; false if the program stops before. */
  async #commit(fact: Fact): Promise<boolean> {
    const { journal, timers } = this.#parts;
    for (;;) {
      try {
        await journal.commit([fact]);
        return true;
      } catch {
        // Too many facts wait. The writer says why.
        if (this.#isStopped) return false;
        await new Promise<void>((resolve) => timers.after(DATABASE_AGAIN_MS, resolve));
      }
    }
  }
}

function endOf(meaning: DeliveryMeaning): AttemptEnd {
  if (meaning.type === 'delivered') return meaning.isRepeat ? 'repeated' : 'delivered';
  return meaning.type === 'dead' ? 'dead' : 'retried';
}

function signOf(meaning: DeliveryMeaning): BackendSign {
  if (meaning.type !== 'retry') return 'judged';
  if (isLongWait(meaning.retryAfterMs)) return 'deferred';
  return meaning.isConnection ? 'unreached' : 'failed';
}
