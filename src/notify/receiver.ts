// Posts notices to one receiver, one message after the other: folded within its interval, or each on its own. It tries
// again while the receiver is away. What waits is bounded. The address is a secret: no reason and no count shows it.

import { HttpExchange } from '../io/http-exchange.ts';
import { type Backoff, backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import type { Part } from '../lib/part.ts';
import { retryAfterMs } from '../lib/retry-after.ts';
import type { Timer, Timers } from '../lib/timers.ts';
import { Fold } from './fold.ts';
import { type FormName, letterOf, targetOf } from './forms.ts';
import { Line } from './line.ts';
import { type Message, messageOf, type Notice, type Source } from './notice.ts';

/** Attempts for one message. */
const ATTEMPTS_MAX = 8;
/** Waits between attempts; about two minutes together. */
const RETRY: Backoff = { leastMs: 1_000, mostMs: 60_000 };
/** A receiver that asks for a longer wait gets the next attempt after this one. */
const RETRY_AFTER_LONGEST_MS = 300_000;
/** Time for a whole request. */
const TIMEOUT_MS = 10_000;
/** Of an answer only the status and `Retry-After` are read. */
const ANSWER_BYTES_READ = 1_024;
/** Time in which the first notices of a storm are gathered, if the interval is not shorter. */
const GATHER_MS = 1_000;
/** Time at the stop for what waits: one attempt. */
const STOP_MS = 2_000;
/** Failed attempts in a row after which the receiver counts as away. */
const FAILURES_TO_TELL = 3;
/** A message, a test, and no more at a time. */
const SOCKETS = 2;
const FLOODED = 'too many notices wait';

/** One receiver as the operator describes it. */
export interface ReceiverSettings {
  /** 1 to 64 printable characters; no two receivers of a program have the same. */
  readonly name: string;
  /** A secret, perhaps with credentials. */
  readonly url: string;
  readonly form: FormName;
  /** Least time between two messages, in ms; 0: each notice is a message. */
  readonly minIntervalMs: number;
}

/** What receivers need of their program. */
export interface ReceiverParts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** From 0 to below 1; see `backoffMs`. */
  random(): number;
  /** Names the program to the receiver. */
  readonly userAgent: string;
  source(): Source;
  /** The receiver is away, or a notice was dropped; told once until `works`. The reason has no text of strangers. */
  failed(name: string, reason: string): void;
  /** The receiver takes messages again; so many notices were dropped in between. */
  works(name: string, dropped: number): void;
}

/** Counts since the start. Attempts that failed count requests, the others notices. */
export interface ReceiverCounts {
  readonly waiting: number;
  readonly sent: number;
  readonly failed: number;
  /** Notices that the receiver never took. */
  readonly dropped: number;
}

/** A receiver as people may see it. */
export interface ReceiverView {
  readonly name: string;
  readonly form: FormName;
  readonly counts: ReceiverCounts;
  /** Why it is away; null while it is not. */
  readonly problem: string | null;
  /** When it last took a message, in ms since the epoch; null if it never did. */
  readonly lastSentAtMs: number | null;
}

/** How an attempt ended. */
export type Delivered =
  | { readonly type: 'taken'; readonly status: number }
  | { readonly type: 'refused'; readonly reason: string; readonly isFinal: boolean; readonly waitMs: number };

/** Posts from `start` to `stop`. */
export class Receiver implements Part {
  readonly #settings: ReceiverSettings;
  readonly #parts: ReceiverParts;
  readonly #url: URL;
  readonly #http: HttpExchange;
  readonly #gathered: Fold | Line;
  #isStarted = false;
  #isOver = false;
  #timer: Timer | null = null;
  /** The message that is under way, also while it waits for another attempt. */
  #underWay: Message | null = null;
  #delivery: Promise<void> = Promise.resolve();
  /** Ends the wait for the next attempt. */
  #wake: () => void = () => undefined;
  #lastMs = -Infinity;
  #lastSentAtMs: number | null = null;
  #sent = 0;
  #failed = 0;
  #dropped = 0;
  #failures = 0;
  #problem: string | null = null;
  /** Dropped since {@link ReceiverParts.works} was told, or since the start. */
  #lost = 0;
  /** Too many notices waited, and some of them still wait. */
  #isFlooded = false;

  /** The URL of the settings must be one: the reader of the settings has checked it. */
  constructor(settings: ReceiverSettings, parts: ReceiverParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#url = new URL(settings.url);
    this.#http = new HttpExchange(targetOf(settings.form, this.#url), SOCKETS, parts);
    this.#gathered = settings.minIntervalMs === 0 ? new Line() : new Fold();
  }

  get view(): ReceiverView {
    const { name, form } = this.#settings;
    const waiting = this.#gathered.waiting + (this.#underWay?.told ?? 0);
    const counts = { waiting, sent: this.#sent, failed: this.#failed, dropped: this.#dropped };
    return { name, form, counts, problem: this.#problem, lastSentAtMs: this.#lastSentAtMs };
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    this.#schedule();
  }

  /** Makes one attempt with what waits, within a short time; the rest is dropped. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#timer?.cancel();
    this.#wake();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.timers.after(STOP_MS, resolve);
    const finished = this.#finish();
    await Promise.race([late, finished]);
    timer.cancel();
    // Every attempt from now on fails at once.
    this.#http.stop();
    await finished;
    this.#isOver = true;
  }

  /** Posts the notice when its turn comes; after the stop it is dropped. Never throws. */
  tell(notice: Notice): void {
    if (this.#isOver) {
      this.#dropped += 1;
      return;
    }
    const hasRoom = this.#gathered.add(notice);
    if (!hasRoom) {
      this.#isFlooded = true;
      this.#drop(1, FLOODED);
    }
    this.#schedule();
  }

  /** Posts a message at once, beside all others, with one attempt. It counts nowhere. Never rejects. */
  async test(notice: Notice): Promise<Delivered> {
    return this.#attempt(messageOf(notice));
  }

  #schedule(): void {
    if (!this.#isStarted || this.#underWay !== null || this.#timer !== null || this.#gathered.waiting === 0)
      return;
    const { minIntervalMs } = this.#settings;
    const nowMs = this.#parts.clock.monotonicMs();
    const dueMs = Math.max(nowMs + Math.min(GATHER_MS, minIntervalMs), this.#lastMs + minIntervalMs);
    if (dueMs <= nowMs) this.#next();
    else {
      this.#timer = this.#parts.timers.after(dueMs - nowMs, () => {
        this.#timer = null;
        this.#next();
      });
    }
  }

  #next(): void {
    const message = this.#gathered.take(this.#lost);
    if (message === null) return;
    this.#lastMs = this.#parts.clock.monotonicMs();
    this.#underWay = message;
    this.#delivery = this.#deliver(message).finally(() => {
      this.#underWay = null;
      this.#schedule();
    });
  }

  /** After the stop: waits for what is under way, and makes an attempt with each message that was gathered. */
  async #finish(): Promise<void> {
    await this.#delivery;
    while (this.#gathered.waiting > 0) {
      this.#next();
      await this.#delivery;
    }
  }

  async #deliver(message: Message): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(message);
      if (outcome.type === 'taken') {
        this.#taken(message);
        return;
      }
      this.#failed += 1;
      this.#failures += 1;
      if (outcome.isFinal || attempt >= ATTEMPTS_MAX || !this.#isStarted) {
        this.#drop(message.told, outcome.reason);
        return;
      }
      if (this.#failures >= FAILURES_TO_TELL) this.#away(outcome.reason);
      await this.#pause(Math.max(outcome.waitMs, backoffMs(RETRY, attempt - 1, this.#parts.random())));
    }
  }

  #pause(waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.timers.after(waitMs, resolve);
    this.#wake = () => {
      timer.cancel();
      resolve();
    };
    if (!this.#isStarted) this.#wake();
    return promise;
  }

  #taken({ told }: Message): void {
    this.#sent += told;
    this.#failures = 0;
    this.#lastSentAtMs = this.#parts.clock.nowMs();
    this.#isFlooded &&= this.#gathered.waiting > 0;
    // In a storm each message that is taken makes room for one more: that is no end of the trouble.
    if (this.#isFlooded) {
      this.#problem = FLOODED;
      return;
    }
    if (this.#problem !== null) this.#parts.works(this.#settings.name, this.#lost);
    this.#problem = null;
    this.#lost = 0;
  }

  #drop(notices: number, reason: string): void {
    this.#dropped += notices;
    this.#lost += notices;
    this.#away(reason);
  }

  #away(reason: string): void {
    if (!this.#isStarted) return;
    if (this.#problem === null) this.#parts.failed(this.#settings.name, reason);
    this.#problem = reason;
  }

  async #attempt(message: Message): Promise<Delivered> {
    const { userAgent, clock, source } = this.#parts;
    const { headers, body } = letterOf(this.#settings.form, message, source(), this.#url);
    const answer = await this.#http.post({
      headers: { ...headers, 'user-agent': userAgent },
      body,
      timeoutMs: TIMEOUT_MS,
      answerBytesMax: ANSWER_BYTES_READ,
      longAnswer: 'cut',
    });
    if (answer.type === 'none') return { type: 'refused', reason: answer.reason, isFinal: false, waitMs: 0 };
    const { status, retryAfter } = answer;
    if (status >= 200 && status < 300) return { type: 'taken', status };
    const waitMs = retryAfterMs(retryAfter, clock.nowMs(), RETRY_AFTER_LONGEST_MS) ?? 0;
    return { type: 'refused', reason: reasonOf(status), isFinal: !mayChange(status), waitMs };
  }
}

/** True if the same request may be taken later. */
function mayChange(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

function reasonOf(status: number): string {
  if (status >= 300 && status < 400)
    return `status ${status}, a redirect, which is not followed: write the address it leads to`;
  if (status === 401 || status === 403)
    return `status ${status}: its address or a token in it is not accepted`;
  if (status === 404 || status === 410) return `status ${status}: nothing takes messages at its address`;
  if (status === 429) return 'status 429: it takes no more messages for now';
  return `status ${status}`;
}
