// Posts alarms as JSON to the address of `alarms.webhook`, one after the other. The address is a secret: it is never
// logged. A queue with a limit, few attempts and a timeout keep a slow receiver from costing more than its alarms.

import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { errorCode } from '../../lib/error-code.ts';
import { Fifo } from '../../lib/fifo.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { type Alarm, alarmSentence, oneLine } from '../domain/alarm.ts';
import type { AlarmView } from '../domain/view.ts';

/** Alarms that wait; a further one takes the place of the oldest. */
export const ALARMS_WAITING_MAX = 100;
/** Attempts for one alarm. */
const ATTEMPTS_MAX = 3;
/** Time for a whole request. */
const TIMEOUT_MS = 10_000;
/** Wait before the second attempt; before the third it is four times as long. */
const RETRY_MS = 1_000;
/** A receiver that asks for a longer wait gets no further attempt before it. */
const RETRY_AFTER_MAX_MS = 60_000;

/** What a {@link Webhook} needs. */
export interface WebhookParts {
  readonly timers: Timers;
  /** Names the program to the receiver. */
  readonly userAgent: string;
  /** An alarm was dropped after one that was taken; the reason has no text of strangers. */
  failed(reason: string): void;
  /** An alarm was taken after so many were dropped. */
  works(dropped: number): void;
}

/** How one attempt ended; `retryAfterMs` is what the receiver asks for. */
type Attempt =
  | { readonly type: 'taken' }
  | {
      readonly type: 'failed';
      readonly reason: string;
      readonly isFinal: boolean;
      readonly retryAfterMs: number;
    };

/** Posts from `start` to `stop`; what waits at the stop is dropped. */
export class Webhook implements Part {
  readonly #parts: WebhookParts;
  readonly #queue = new Fifo<Alarm>();
  #url: string | null;
  #isStarted = false;
  #waiting = 0;
  #isPosting = false;
  #timer: Timer | null = null;
  #abort = new AbortController();
  #sent = 0;
  #failed = 0;
  #dropped = 0;
  /** Dropped since the last one that was taken. */
  #droppedSince = 0;

  constructor(url: string | null, parts: WebhookParts) {
    this.#url = url;
    this.#parts = parts;
  }

  get counts(): AlarmView {
    return { waiting: this.#waiting, sent: this.#sent, failed: this.#failed, dropped: this.#dropped };
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    this.#next();
  }

  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#timer?.cancel();
    this.#abort.abort();
    while (this.#shift() !== undefined) this.#dropped += 1;
  }

  /** Posts to another address from now on; null: to none. */
  change(url: string | null): void {
    this.#url = url;
    if (url === null) while (this.#shift() !== undefined) this.#dropped += 1;
  }

  /** Posts the alarm when its turn comes. Without an address it does nothing. Never throws. */
  tell(alarm: Alarm): void {
    if (this.#url === null) return;
    if (this.#waiting >= ALARMS_WAITING_MAX) {
      this.#shift();
      this.#drop('too many alarms wait');
    }
    this.#queue.push(alarm);
    this.#waiting += 1;
    this.#next();
  }

  #shift(): Alarm | undefined {
    const alarm = this.#queue.shift();
    if (alarm !== undefined) this.#waiting -= 1;
    return alarm;
  }

  #drop(reason: string): void {
    this.#dropped += 1;
    this.#droppedSince += 1;
    if (this.#droppedSince === 1) this.#parts.failed(reason);
  }

  #next(): void {
    if (this.#isPosting || !this.#isStarted) return;
    const alarm = this.#shift();
    if (alarm === undefined) return;
    this.#isPosting = true;
    void this.#post(bodyOf(alarm), 1);
  }

  async #post(body: string, attempt: number): Promise<void> {
    const url = this.#url;
    this.#abort = new AbortController();
    const outcome: Attempt =
      url === null
        ? { type: 'failed', reason: 'its address was removed', isFinal: true, retryAfterMs: 0 }
        : await post(url, body, this.#parts.userAgent, this.#abort.signal);
    if (!this.#isStarted) {
      if (outcome.type === 'taken') this.#sent += 1;
      else this.#dropped += 1;
      this.#isPosting = false;
      return;
    }
    if (outcome.type === 'failed') {
      this.#failed += 1;
      if (!outcome.isFinal && attempt < ATTEMPTS_MAX) {
        const waitMs = Math.max(outcome.retryAfterMs, RETRY_MS * 4 ** (attempt - 1));
        this.#timer = this.#parts.timers.after(waitMs, () => void this.#post(body, attempt + 1));
        return;
      }
      this.#drop(outcome.reason);
    } else {
      this.#sent += 1;
      if (this.#droppedSince > 0) this.#parts.works(this.#droppedSince);
      this.#droppedSince = 0;
    }
    this.#isPosting = false;
    this.#next();
  }
}

/** `text` and `content` are what chats show; mentions in them are off. */
function bodyOf(alarm: Alarm): string {
  const { type, atMs, ...others } = alarm;
  const details = Object.fromEntries(
    Object.entries(others).map(([name, value]) => [name, value === null ? null : oneLine(value)]),
  );
  const text = alarmSentence(alarm);
  const at = new Date(atMs).toISOString();
  return JSON.stringify({ type, at, text, content: text, allowed_mentions: { parse: [] }, details });
}

/** Makes one attempt. Never rejects; reads nothing of the answer but its status and `Retry-After`. */
function post(url: string, body: string, userAgent: string, stopped: AbortSignal): Promise<Attempt> {
  return new Promise((resolve) => {
    const fail = (reason: string, isFinal = false, retryAfterMs = 0) =>
      resolve({ type: 'failed', reason, isFinal, retryAfterMs });
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(TIMEOUT_MS)]);
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'user-agent': userAgent,
    };
    const send = url.startsWith('https:') ? requestHttps : requestHttp;
    try {
      // Alarms are rare, so no connection is kept.
      const asked = send(new URL(url), { method: 'POST', headers, signal, agent: false }, (response) => {
        const status = response.statusCode ?? 0;
        const retryAfterMs = Math.min(
          Number(response.headers['retry-after']) * 1000 || 0,
          RETRY_AFTER_MAX_MS,
        );
        response.destroy();
        if (status >= 200 && status < 300) resolve({ type: 'taken' });
        else fail(`status ${status}`, status < 500 && status !== 408 && status !== 429, retryAfterMs);
      });
      asked.once('error', (error) =>
        fail(signal.aborted ? 'no answer in time' : (errorCode(error) ?? 'unknown')),
      );
      asked.end(body);
    } catch (error) {
      fail(errorCode(error) ?? 'unknown', true);
    }
  });
}
