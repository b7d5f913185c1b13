// Sends the requests of all instances of one exchange. Answers are bounded in time and length. Of an answer only its facts
// are kept, and no error that leaves this file has text of the exchange or an address in it.

import { STATUS_CODES } from 'node:http';
import type { Clock } from '../../../lib/clock.ts';
import type { Timers } from '../../../lib/timers.ts';
import { ExchangeError } from '../../domain/exchange-calls.ts';
import { answerFacts, type AnswerFacts } from './answer-facts.ts';
import { type BoundedAnswer, type BoundedRequest, Connections } from './bounded-request.ts';
import type { FetchAnswer, FetchImplementation, FetchRequest } from './ccxt-exchange.ts';

/** Length of an answer, in bytes. */
export const ANSWER_BYTES_MAX = 8 * 1_048_576;
/** Length of an answer with a table of markets, in bytes. Binance's has 16 MiB. */
export const TABLE_BYTES_MAX = 32 * 1_048_576;
/** Time for a whole request and its answer, in ms. */
export const ANSWER_TIMEOUT_MS = 10_000;
/** Time for a table of markets, in ms. */
export const TABLE_TIMEOUT_MS = 30_000;

/** What belongs to the requests of one instance. */
export interface FetchChannel {
  /** True while the instance loads a table of markets: answers may be longer and take longer. */
  isTable: boolean;
  /** True once the latest request was signed and given to the network. */
  hasLeft: boolean;
  /** Facts of the latest answer; null if the latest request had none. */
  facts: AnswerFacts | null;
  /** When the latest request left and its answer came, by the monotonic clock in ms; null without an answer. */
  span: { readonly sentMs: number; readonly answeredMs: number } | null;
}

/** What an {@link ExchangeFetch} needs. */
export interface ExchangeFetchParts {
  readonly clock: Clock;
  readonly timers: Pick<Timers, 'after'>;
}

/** The way to one exchange. It holds sockets until `stop`. */
export class ExchangeFetch {
  readonly #origin: string | null;
  readonly #parts: ExchangeFetchParts;
  readonly #connections = new Connections();
  readonly #underWay = new Set<AbortController>();
  #isStopped = false;
  #requests = 0;

  /** `origin` takes the place of scheme, host and port of every address; null leaves them. */
  constructor(origin: string | null, parts: ExchangeFetchParts) {
    this.#origin = origin;
    this.#parts = parts;
  }

  /** Requests that left. */
  get requests(): number {
    return this.#requests;
  }

  /**
   * The function that an instance sends with. It rejects with an `ExchangeError` of kind `unreachable` if no whole answer
   * comes in time, if it is too long, and for a redirect.
   */
  fetchFor(channel: FetchChannel): FetchImplementation {
    return async (address, request) => {
      channel.hasLeft = true;
      channel.facts = null;
      channel.span = null;
      const { clock } = this.#parts;
      const sentMs = clock.monotonicMs();
      const answer = await this.#send(this.#requestOf(address, request, channel.isTable), channel.isTable);
      channel.facts = answerFacts(
        { status: answer.status, retryAfter: answer.headers['retry-after'], text: answer.text },
        clock.nowMs(),
      );
      channel.span = { sentMs, answeredMs: clock.monotonicMs() };
      return fetchAnswer(answer);
    };
  }

  /** Ends all requests without an answer, and closes the connections. */
  stop(): void {
    this.#isStopped = true;
    for (const controller of this.#underWay) controller.abort();
    this.#connections.close();
  }

  #requestOf(address: string, request: FetchRequest, isTable: boolean): BoundedRequest {
    const url = new URL(address);
    return {
      url: this.#origin === null ? url : new URL(url.pathname + url.search, this.#origin),
      method: request.method,
      headers: textHeaders(request.headers),
      body: typeof request.body === 'string' ? request.body : null,
      bytesMax: isTable ? TABLE_BYTES_MAX : ANSWER_BYTES_MAX,
    };
  }

  async #send(request: BoundedRequest, isTable: boolean): Promise<BoundedAnswer> {
    if (this.#isStopped) throw new ExchangeError('unreachable');
    this.#requests += 1;
    const controller = new AbortController();
    this.#underWay.add(controller);
    const timer = this.#parts.timers.after(isTable ? TABLE_TIMEOUT_MS : ANSWER_TIMEOUT_MS, () =>
      controller.abort(),
    );
    try {
      const answer = await this.#connections.send(request, controller.signal);
      if (answer.status < 300 || answer.status >= 400) return answer;
    } catch {
      // What went wrong names addresses.
    } finally {
      timer.cancel();
      this.#underWay.delete(controller);
    }
    throw new ExchangeError('unreachable');
  }
}

/** ccxt's headers may be numbers or undefined. */
function textHeaders(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (typeof value === 'string' || typeof value === 'number') kept[name] = String(value);
  return kept;
}

function fetchAnswer({ status, headers, text }: BoundedAnswer): FetchAnswer {
  return { status, statusText: STATUS_CODES[status] ?? '', headers, text: async () => text };
}
