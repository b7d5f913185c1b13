// One HTTP request over kept connections, whose answer is bounded in length. It follows no redirect, and uses no proxy of
// the environment. It keeps nothing of the answer.

import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { errorCode } from '../../../lib/error-code.ts';

/** Connections to one host; further requests wait for one. */
const SOCKETS_MAX = 32;
/** Idle connections are closed after this time, in ms: before servers close theirs. */
const IDLE_MS = 4_000;

const unpack = promisify(gunzip);

/** A request to be sent. */
export interface BoundedRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Length of the answer, in bytes, before and after it is unpacked. */
  readonly bytesMax: number;
}

/** An answer of any status. */
export interface BoundedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Kept connections to the hosts of one exchange. */
export class Connections {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX, timeout: IDLE_MS });
  readonly #tlsAgent = new TlsAgent({ keepAlive: true, maxSockets: SOCKETS_MAX, timeout: IDLE_MS });

  /**
   * Sends a request. Rejects if no whole answer comes, if it is too long, and when the signal aborts. A server may close
   * an idle connection at the moment at which it is used again: a GET that meets this is sent once more.
   */
  async send(request: BoundedRequest, signal: AbortSignal): Promise<BoundedAnswer> {
    try {
      return await this.#attempt(request, signal);
    } catch (error) {
      if (!(error instanceof StaleConnection) || signal.aborted) throw error;
      return this.#attempt(request, signal);
    }
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy();
    this.#tlsAgent.destroy();
  }

  async #attempt(request: BoundedRequest, signal: AbortSignal): Promise<BoundedAnswer> {
    const isTls = request.url.protocol === 'https:';
    const asked = (isTls ? httpsRequest : httpRequest)(request.url, {
      method: request.method,
      agent: isTls ? this.#tlsAgent : this.#agent,
      headers: { ...request.headers, 'accept-encoding': 'gzip', ...lengthOf(request.body) },
      signal,
    });
    asked.end(request.body ?? undefined);
    const response = await responseOf(asked, request.method);
    const bytes = await unpacked(response, await read(response, request.bytesMax), request.bytesMax);
    return {
      status: response.statusCode ?? 0,
      headers: plainHeaders(response),
      text: bytes.toString('utf8'),
    };
  }
}

/** The connection was closed before any answer, after it had carried another request. */
class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
}

function responseOf(asked: ClientRequest, method: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    asked.once('response', resolve);
    asked.on('error', (error) => {
      const isStale = asked.reusedSocket && method === 'GET' && errorCode(error) === 'ECONNRESET';
      reject(isStale ? new StaleConnection() : error);
    });
  });
}

async function read(response: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop closes the connection.
    if (bytes > bytesMax) throw new RangeError('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function unpacked(response: IncomingMessage, bytes: Buffer, bytesMax: number): Promise<Buffer> | Buffer {
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity' || bytes.length === 0) return bytes;
  if (encoding === 'gzip') return unpack(bytes, { maxOutputLength: bytesMax });
  throw new Error('the answer is packed in a way that was not asked for');
}

function lengthOf(body: string | null): Readonly<Record<string, string>> {
  return body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
}

function plainHeaders({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (typeof value === 'string') plain[name] = value;
  return plain;
}
