// The JSON-RPC client of one upstream: `get_mining_info` and `submit_nonce`. It asks and says what the answer means; it
// neither repeats a request that failed nor remembers an information.

import { randomUUID } from 'node:crypto';
import { HttpExchange } from '../../io/http-exchange.ts';
import type { Clock } from '../../lib/clock.ts';
import { type LosslessJson, parseLossless } from '../../lib/lossless-json.ts';
import type { Part } from '../../lib/part.ts';
import { retryAfterMs } from '../../lib/retry-after.ts';
import type { Timers } from '../../lib/timers.ts';
import { programVersion } from '../../lib/version.ts';
import type { MiningInformation, SubmissionMode } from '../domain/information.ts';
import { readInformation } from '../domain/read-information.ts';
import type { Submission } from '../domain/submission.ts';
import type { UpstreamMeaning } from '../domain/upstream-answer.ts';
import type { UpstreamAuth } from '../domain/upstream-auth.ts';
import {
  isStartUp,
  meaningOf,
  readReply,
  refusesCredentials,
  type UpstreamReply,
} from '../domain/upstream-reply.ts';
import type { RequestOutcome, UpstreamMethod, UpstreamRequests } from '../domain/view.ts';
import { Credentials } from './credentials.ts';
import { RequestCounts } from './request-counts.ts';

/** An upstream, as the settings describe it. */
export interface UpstreamOptions {
  /** Unique among the upstreams. */
  readonly name: string;
  /** With scheme `http` or `https`, path and query. A user and password in it count as Basic if `auth` is none. */
  readonly url: string;
  readonly auth: UpstreamAuth;
  readonly mode: SubmissionMode;
  readonly blockTimeSeconds: number;
}

/** What a {@link UpstreamClient} needs. */
export interface UpstreamClientParts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Time for a whole submission, in ms; an information has at most {@link INFORMATION_TIMEOUT_MS} of it. */
  readonly timeoutMs: number;
}

/** Why there is no information. */
export type InformationFailure =
  | Extract<UpstreamMeaning, { type: 'operator' | 'temporary' }>
  /** It has an information that miners may not have; the reason has no text of strangers. */
  | { readonly type: 'unfit'; readonly reason: string };

/** The outcome of a question for the mining information. */
export type InformationReply =
  | { readonly type: 'information'; readonly information: MiningInformation }
  | InformationFailure;

/** Longest time for a question for the mining information, in ms. */
export const INFORMATION_TIMEOUT_MS = 5_000;
/** Length of the answer to `get_mining_info`, in bytes; the information in it may be shorter still. */
const INFORMATION_ANSWER_BYTES_MAX = 131_072;
/** Length of the answer to `submit_nonce`, in bytes. */
const SUBMISSION_ANSWER_BYTES_MAX = 16_384;
/** Connections for questions for the information: one under way, and one that may be ending. */
const INFORMATION_SOCKETS_MAX = 2;
/** Connections for submissions; more submissions than this wait for one another. */
const SUBMISSION_SOCKETS_MAX = 32;
/** Arrays and objects inside one another in an answer. */
const ANSWER_DEPTH_MAX = 64;
/** Values of an answer. */
const ANSWER_VALUES_MAX = 20_000;
/** A longer wait than this is cut to it: no block lasts so long, and no typing error of an upstream may. */
const LONGEST_WAIT_MS = 3_600_000;

/** The client of one upstream. It holds sockets until `stop`. */
export class UpstreamClient implements Part {
  readonly #parts: UpstreamClientParts;
  readonly #exchanges: Readonly<Record<UpstreamMethod, HttpExchange>>;
  readonly #credentials: Credentials;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #counts = new RequestCounts();
  /** The header that the upstream accepted last. */
  #accepted: string | null = null;
  #renewals = 0;
  #startUps = 0;

  /** Throws a `TypeError` if the URL is not valid. */
  constructor({ url: address, auth }: Pick<UpstreamOptions, 'url' | 'auth'>, parts: UpstreamClientParts) {
    this.#parts = parts;
    const url = new URL(address);
    this.#exchanges = {
      get_mining_info: new HttpExchange(url, INFORMATION_SOCKETS_MAX, parts),
      submit_nonce: new HttpExchange(url, SUBMISSION_SOCKETS_MAX, parts),
    };
    this.#credentials = new Credentials(auth.type === 'none' ? authOf(url) : auth);
    this.#headers = {
      accept: 'application/json',
      'content-type': 'application/json',
      'user-agent': `aggregator/${programVersion()}`,
    };
  }

  /** Does nothing: the first request opens the first connection. */
  async start(): Promise<void> {}

  /** Ends the requests under way as temporary failures, and closes the connections. */
  async stop(): Promise<void> {
    for (const exchange of Object.values(this.#exchanges)) exchange.stop();
  }

  /** Number of times that the cookie file was read again because the upstream refused the cookie. */
  get cookieRereads(): number {
    return this.#credentials.rereads;
  }

  /** Why there is no cookie, as a clause for the operator; null if there is one, or if none is needed. */
  get credentialsFault(): string | null {
    return this.#credentials.fault;
  }

  /** Number of times that the upstream accepted another cookie than before: it was started anew in between. */
  get cookieRenewals(): number {
    return this.#renewals;
  }

  /**
   * Number of signs that the upstream was started anew: other cookies, answers that it is starting up, and connections in
   * use that it closed without a word.
   */
  get restartSigns(): number {
    return this.#renewals + this.#startUps + this.#exchanges.get_mining_info.lostConnections;
  }

  /** The requests since the start, by method. */
  get requests(): Readonly<Record<UpstreamMethod, UpstreamRequests>> {
    return this.#counts.snapshot();
  }

  /** Asks for the mining information. Never rejects. */
  async information(): Promise<InformationReply> {
    const startMs = this.#begin('get_mining_info');
    const timeoutMs = Math.min(this.#parts.timeoutMs, INFORMATION_TIMEOUT_MS);
    const reply = await this.#ask('get_mining_info', '{}', timeoutMs, INFORMATION_ANSWER_BYTES_MAX);
    const read = judgeInformation(reply);
    this.#end('get_mining_info', read.type === 'information' ? 'answered' : outcomeOf(read), startMs);
    return read;
  }

  /** Delivers a submission, its digits and hex as they came, and says what the answer means. Never rejects. */
  async submit(submission: Submission): Promise<UpstreamMeaning> {
    const startMs = this.#begin('submit_nonce');
    const reply = await this.#ask(
      'submit_nonce',
      paramsOf(submission),
      this.#parts.timeoutMs,
      SUBMISSION_ANSWER_BYTES_MAX,
    );
    const meaning = meaningOf(reply);
    this.#end('submit_nonce', meaning.type === 'accepted' ? 'answered' : outcomeOf(meaning), startMs);
    return meaning;
  }

  /** One logical request: sent once, and once more if its cookie was refused and there is another one by now. */
  async #ask(
    method: UpstreamMethod,
    params: string,
    timeoutMs: number,
    answerBytesMax: number,
  ): Promise<UpstreamReply> {
    const { clock } = this.#parts;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const body = `{"jsonrpc":"2.0","method":"${method}","params":${params},"id":"${randomUUID()}"}`;
    const send = async (authorization: string | null): Promise<UpstreamReply> => {
      const headers = authorization === null ? this.#headers : { ...this.#headers, authorization };
      const leftMs = Math.max(1, deadlineMs - clock.monotonicMs());
      const exchanged = await this.#exchanges[method].post({
        headers,
        body,
        timeoutMs: leftMs,
        answerBytesMax,
      });
      if (exchanged.type === 'none') return exchanged;
      const { status, retryAfter, text } = exchanged;
      const isPause = status === 429 || status === 503;
      return {
        type: 'answer',
        status,
        retryAfterMs: isPause ? retryAfterMs(retryAfter, clock.nowMs(), LONGEST_WAIT_MS) : null,
        body: parsed(text, answerBytesMax),
      };
    };
    let used = await this.#credentials.authorization();
    let reply = await send(used);
    if (refusesCredentials(reply)) {
      const renewed = await this.#credentials.renewed(used);
      if (renewed === null) return reply;
      used = renewed;
      reply = await send(used);
    }
    if (isStartUp(reply)) this.#startUps += 1;
    if (reply.type === 'answer' && !refusesCredentials(reply)) this.#accept(used);
    return reply;
  }

  #accept(used: string | null): void {
    if (used === null || used === this.#accepted) return;
    if (this.#accepted !== null) this.#renewals += 1;
    this.#accepted = used;
  }

  /** Returns the time of the begin. */
  #begin(method: UpstreamMethod): number {
    this.#counts.begin(method);
    return this.#parts.clock.monotonicMs();
  }

  #end(method: UpstreamMethod, outcome: RequestOutcome, startMs: number): void {
    this.#counts.end(method, outcome, (this.#parts.clock.monotonicMs() - startMs) / 1000);
  }
}

function judgeInformation(reply: UpstreamReply): InformationReply {
  const read = readReply(reply);
  if (read.type === 'result') {
    const judged = readInformation(read.result);
    return judged.type === 'taken'
      ? { type: 'information', information: judged.information }
      : { type: 'unfit', reason: judged.reason };
  }
  if (read.type !== 'refused') return read;
  // A code about a submission means nothing here.
  return {
    type: 'temporary',
    reason: `error ${read.code}`,
    retryAfterMs: null,
    isConnection: false,
    isBusy: false,
  };
}

function outcomeOf(
  failure: InformationFailure | Extract<UpstreamMeaning, { type: 'refused' }>,
): RequestOutcome {
  if (failure.type !== 'temporary') return failure.type;
  if (failure.isBusy) return 'busy';
  return failure.isConnection ? 'connection' : 'temporary';
}

/** The nine members in the order of the wire. */
function paramsOf(submission: Submission): string {
  const text = (value: string) => JSON.stringify(value);
  const members = [
    `"block_hash":${text(submission.blockHash)}`,
    `"height":${submission.height}`,
    `"generation_signature":${text(submission.generationSignature)}`,
    `"base_target":${submission.baseTarget}`,
    `"account_id":${text(submission.accountId)}`,
    `"seed":${text(submission.seed)}`,
    `"nonce":${submission.nonce}`,
    `"compression":${submission.compression}`,
    `"raw_quality":${submission.rawQuality}`,
  ];
  return `{${members.join(',')}}`;
}

function parsed(text: string, charactersMax: number): LosslessJson | undefined {
  try {
    return parseLossless(text, { charactersMax, depthMax: ANSWER_DEPTH_MAX, valuesMax: ANSWER_VALUES_MAX });
  } catch {
    return undefined;
  }
}

function authOf(url: URL): UpstreamAuth {
  if (url.username === '' && url.password === '') return { type: 'none' };
  return { type: 'basic', username: decoded(url.username), password: decoded(url.password) };
}

/** A percent sign in a password that starts no escape stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
