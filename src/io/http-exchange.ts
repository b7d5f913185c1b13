// One POST over kept connections: its bytes out, its answer in, within a time and a length. It follows no redirect, and
// knows nothing of what is sent. No reason that it gives has text of the server, an address or a header.

import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import { errorCode } from '../lib/error-code.ts';
import type { Clock } from '../lib/clock.ts';
import type { Timers } from '../lib/timers.ts';
import { KeptConnections } from './kept-connections.ts';

/** One request. */
export interface Post {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Time for everything, from the wait for a connection to the last byte of the answer, in ms. */
  readonly timeoutMs: number;
  /** Length of an answer's body, in bytes. */
  readonly answerBytesMax: number;
  /** What becomes of a longer answer: `refuse` (the default) counts it as none, `cut` leaves out the rest. */
  readonly longAnswer?: 'refuse' | 'cut';
}

/** The answer to one request, of any status; redirects are not followed. */
export type Exchanged =
  | {
      readonly type: 'answer';
      readonly status: number;
      /** The header `Retry-After` as it came. */
      readonly retryAfter: string | undefined;
      /** The body as UTF-8. */
      readonly text: string;
    }
  /** `isConnection`: not one byte of an answer came. */
  | { readonly type: 'none'; readonly reason: string; readonly isConnection: boolean };

/** A request under way. */
interface Attempt {
  /** True once a byte of an answer has come. */
  hasAnswer(): boolean;
  abandon(): void;
}

/** `reset`: the connection was closed before any byte of an answer, after it had carried another request. */
type Outcome = Exchanged | { readonly type: 'reset' };

const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was closed without an answer',
  EPIPE: 'the connection was closed without an answer',
  ETIMEDOUT: 'no connection could be made in time',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'its network cannot be reached',
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name cannot be looked up at present',
};

/** Keep-alive connections to one address, for one kind of request. */
export class HttpExchange {
  readonly #url: URL;
  readonly #timers: Timers;
  readonly #kept: KeptConnections;
  readonly #agent: Agent;
  /** Makes a connection for each request. */
  readonly #freshAgent: Agent;
  readonly #underWay = new Set<() => void>();
  #isStopped = false;

  /** `socketsMax` bounds the connections; further requests wait for one. The URL's user and fragment are not used. */
  constructor(
    url: URL,
    socketsMax: number,
    { clock, timers }: { readonly clock: Clock; readonly timers: Timers },
  ) {
    this.#url = url;
    this.#timers = timers;
    this.#kept = new KeptConnections(clock);
    const AgentClass = url.protocol === 'https:' ? TlsAgent : Agent;
    this.#agent = new AgentClass({ keepAlive: true, maxSockets: socketsMax, maxFreeSockets: socketsMax });
    this.#freshAgent = new AgentClass({ keepAlive: false, maxSockets: socketsMax });
  }

  /** Connections in use that the other side closed without a word: it may have been started anew. */
  get lostConnections(): number {
    return this.#kept.lost;
  }

  /**
   * Sends a request and resolves with its answer; never rejects. A server closes an idle connection when it likes: a
   * request that meets this on a reused connection is sent again at once on a new one, within the same time.
   */
  post(post: Post): Promise<Exchanged> {
    if (this.#isStopped) return Promise.resolve(noAnswer('the program stops', false));
    const { promise, resolve } = Promise.withResolvers<Exchanged>();
    let running: Attempt | null = null;
    let isOver = false;
    const end = (exchanged: Exchanged) => {
      if (isOver) return;
      isOver = true;
      timer.cancel();
      this.#underWay.delete(stop);
      if (exchanged.type === 'none') running?.abandon();
      resolve(exchanged);
    };
    const attempt = (agent: Agent) => {
      running = send({ url: this.#url, agent, kept: this.#kept }, post, (outcome) => {
        if (outcome.type !== 'reset') end(outcome);
        else if (!isOver) attempt(this.#freshAgent);
      });
    };
    const stop = () => end(noAnswer('the program stops', false));
    const timer = this.#timers.after(post.timeoutMs, () =>
      end(noAnswer('no whole answer in time', running?.hasAnswer() !== true)),
    );
    this.#underWay.add(stop);
    attempt(this.#agent);
    return promise;
  }

  /** Ends all requests without an answer, and closes the connections. */
  stop(): void {
    this.#isStopped = true;
    this.#kept.stop();
    for (const stop of this.#underWay) stop();
    this.#agent.destroy();
    this.#freshAgent.destroy();
  }
}

interface Way {
  readonly url: URL;
  readonly agent: Agent;
  readonly kept: KeptConnections;
}

function send({ url, agent, kept }: Way, post: Post, done: (outcome: Outcome) => void): Attempt {
  const body = Buffer.from(post.body);
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  let bytesBefore = 0;
  let reading: Reading | null = null;
  const asked: ClientRequest = request({
    method: 'POST',
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    path: url.pathname + url.search,
    agent,
    headers: { ...post.headers, 'content-length': body.length },
  });
  const hasAnswer = () => (asked.socket?.bytesRead ?? 0) > bytesBefore;
  asked.once('socket', (socket) => {
    bytesBefore = socket.bytesRead;
  });
  asked.once('response', (response) => {
    const { socket } = response;
    response.once('end', () => kept.answered(socket, response.headers.connection?.toLowerCase() !== 'close'));
    // A server may refuse a long body before it has read it, and close the connection while this side still writes.
    reading = read(
      response,
      post,
      () => !asked.writableFinished,
      (outcome) => {
        done(outcome);
        // Else the rest of the answer, or of a request that the server does not read, would hold the connection.
        if (!response.complete || !asked.writableFinished) asked.destroy();
      },
    );
  });
  // An error can also come after the answer, or after the request was abandoned. The owner takes only the first outcome.
  asked.on('error', (error) => {
    if (reading !== null) reading.broke();
    else if (!hasAnswer() && asked.reusedSocket && isReset(error)) done({ type: 'reset' });
    else done(noAnswer(sentenceOf(error), !hasAnswer()));
  });
  asked.end(body);
  return { hasAnswer, abandon: () => void asked.destroy() };
}

/** An answer that is being read. */
interface Reading {
  /** The connection is gone. */
  broke(): void;
}

/** `isEarly` tells if the answer began before the whole request was sent. Its status counts even if the rest is lost. */
function read(
  response: IncomingMessage,
  { answerBytesMax, longAnswer }: Post,
  isEarly: () => boolean,
  done: (outcome: Outcome) => void,
): Reading {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const answer = () =>
    done({
      type: 'answer',
      status: response.statusCode ?? 0,
      retryAfter: response.headers['retry-after'],
      text: textOf(Buffer.concat(chunks), answerBytesMax),
    });
  const broke = () => {
    if (isEarly()) answer();
    else done(noAnswer('the connection was closed within an answer', false));
  };
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= answerBytesMax || longAnswer === 'cut') chunks.push(chunk);
    if (bytes <= answerBytesMax) return;
    if (longAnswer === 'cut') answer();
    else done(noAnswer(`an answer of more than ${answerBytesMax} bytes`, false));
  });
  response.on('error', broke);
  response.once('end', answer);
  return { broke };
}

/** At most `bytesMax` bytes as text; a character that the end cuts in two is left out. */
function textOf(bytes: Buffer, bytesMax: number): string {
  if (bytes.length <= bytesMax) return bytes.toString('utf8');
  // A decoder of a stream keeps an unfinished character for the next bytes, which do not come.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, bytesMax), { stream: true });
}

function isReset(error: Error): boolean {
  return ['ECONNRESET', 'EPIPE'].includes(errorCode(error) ?? '');
}

function sentenceOf(error: Error): string {
  const code = errorCode(error) ?? 'without a code';
  if (code.startsWith('HPE_')) return `its answer is no HTTP (${code})`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return `its answer is no TLS (${code}), perhaps its URL should begin with http:`;
  if (/CERT|CRL|^UNABLE_TO_|^INVALID_|^PATH_LENGTH|MISMATCH/.test(code))
    return `its certificate is not accepted (${code})${certificateRemedy(code)}`;
  return SENTENCES[code] ?? `the request failed (${code})`;
}

function certificateRemedy(code: string): string {
  if (/SELF_SIGNED|^UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)/.test(code))
    return ': name the file of its certificate authority in NODE_EXTRA_CA_CERTS, and start the program again';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return ': it is for another host name than that of the URL';
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return ": renew it, or set this machine's clock right";
  return '';
}

function noAnswer(reason: string, isConnection: boolean): Extract<Exchanged, { type: 'none' }> {
  return { type: 'none', reason, isConnection };
}
