// Posts one summary to the backend and says what came back. It sends nothing twice, except with a new token after a 401.
// Nothing that it gives has the token, the address or a header in it.

import { HttpExchange, type Exchanged } from '../../io/http-exchange.ts';
import { TokenFile } from '../../io/token-file.ts';
import type { Log } from '../../io/log.ts';
import type { Clock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Part } from '../../lib/part.ts';
import { retryAfterMs } from '../../lib/retry-after.ts';
import type { Timers } from '../../lib/timers.ts';
import { programVersion } from '../../lib/version.ts';
import type { DeliveryReply } from '../domain/delivery-meaning.ts';
import { RETRY_AFTER_LONGEST_MS } from '../domain/delivery-schedule.ts';
import { ingestUrl } from '../domain/ingest-url.ts';
import { DELIVERIES_MAX } from './delivery-bounds.ts';

/** Time for a whole request and its answer, in ms. */
const TIMEOUT_MS = 30_000;
/** Length of an answer's body, in bytes; the rest of a longer one is not read. */
const ANSWER_BYTES_MAX = 65_536;

/** The backend, as the settings describe it. */
export interface IngestClientOptions {
  /** With scheme `http` or `https`; `/api/ingest` is appended. */
  readonly backendUrl: string;
  /** `AGGREGATOR_BACKEND_TOKEN_FILE`; null: no token is sent. */
  readonly tokenFile: string | null;
}

/** What an {@link IngestClient} needs. */
export interface IngestClientParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Pick<Log, 'warn'>;
}

/** The client of the backend. It holds sockets until `stop`. */
export class IngestClient implements Part {
  readonly #parts: IngestClientParts;
  readonly #exchange: HttpExchange;
  readonly #tokenFile: TokenFile | null;
  readonly #headers: Readonly<Record<string, string>>;
  #toldFault: string | null = null;

  /** Throws a `TypeError` if the URL is not valid. */
  constructor({ backendUrl, tokenFile }: IngestClientOptions, parts: IngestClientParts) {
    this.#parts = parts;
    this.#exchange = new HttpExchange(ingestUrl(backendUrl), DELIVERIES_MAX, parts);
    this.#tokenFile = tokenFile === null ? null : new TokenFile(tokenFile);
    this.#headers = {
      accept: 'application/json',
      'content-type': 'application/json',
      'user-agent': `aggregator/${programVersion()}`,
    };
  }

  /** Reads the token. Errors: `settings_invalid` if the token file is missing, unreadable or empty. */
  async start(): Promise<void> {
    await this.#tokenFile?.token();
    const fault = this.#tokenFile?.fault ?? null;
    if (fault !== null)
      throw new CodedError(
        'settings_invalid',
        `AGGREGATOR_BACKEND_TOKEN_FILE: the file has no token: ${fault}.`,
      );
  }

  /** Ends the requests under way without an answer, and closes the connections. */
  async stop(): Promise<void> {
    this.#exchange.stop();
  }

  /** Posts the body of a summary; `digest` is its idempotency key. Never rejects. */
  async post(body: string, digest: string): Promise<DeliveryReply> {
    const token = await this.#token();
    const reply = await this.#send(body, digest, token);
    if (this.#tokenFile === null || reply.type !== 'answer' || reply.status !== 401) return reply;
    const renewed = await this.#tokenFile.renewed(token);
    return renewed === null ? reply : this.#send(body, digest, renewed);
  }

  async #token(): Promise<string | null> {
    if (this.#tokenFile === null) return null;
    const token = await this.#tokenFile.token();
    const { fault } = this.#tokenFile;
    if (fault !== null && fault !== this.#toldFault) {
      const what =
        'the file of AGGREGATOR_BACKEND_TOKEN_FILE has no token now, so the last one is still sent';
      this.#parts.log.warn(`delivery: ${what}: ${fault}`);
    }
    this.#toldFault = fault;
    return token;
  }

  async #send(body: string, digest: string, token: string | null): Promise<DeliveryReply> {
    const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
    const exchanged = await this.#exchange.post({
      headers: { ...this.#headers, 'idempotency-key': digest, ...authorization },
      body,
      timeoutMs: TIMEOUT_MS,
      answerBytesMax: ANSWER_BYTES_MAX,
      longAnswer: 'cut',
    });
    return replyOf(exchanged, this.#parts.clock.nowMs());
  }
}

function replyOf(exchanged: Exchanged, nowMs: number): DeliveryReply {
  if (exchanged.type === 'none') return exchanged;
  const { status, retryAfter, text } = exchanged;
  return {
    type: 'answer',
    status,
    retryAfterMs: retryAfterMs(retryAfter, nowMs, RETRY_AFTER_LONGEST_MS),
    text,
  };
}
