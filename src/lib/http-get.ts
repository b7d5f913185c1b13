// One GET request, for a command that queries an aggregator. A request to this machine ignores the proxies in the
// environment: Node with NODE_USE_ENV_PROXY sends even loopback requests to a proxy unless NO_PROXY names the loopback.

import { Agent, request } from 'node:http';
import { isIPv4 } from 'node:net';

/** An answer of any status, with its whole body as bytes. */
export interface BytesAnswer {
  readonly status: number;
  readonly bytes: Buffer;
  /** The `Date` header as it was sent; null without one. */
  readonly date: string | null;
}

/** An answer of any status, with its whole body. */
export interface TextAnswer {
  readonly status: number;
  readonly text: string;
  /** The server's time of the answer: the `Date` header as it was sent; null without one. */
  readonly date: string | null;
}

/**
 * Host, port and path of an `http://` address. It is not a URL, because a URL cannot contain an IPv6 address with a
 * zone.
 */
interface Place {
  readonly host: string;
  readonly port: string;
  readonly path: string;
}

/**
 * Returns the answer at `address`. `isOurs`: the address leads to this machine because it was made from this machine's
 * settings. Rejects if no answer comes within `timeoutMs`, or if its body is longer than `bytesMax`.
 */
export async function getText(
  address: string,
  timeoutMs: number,
  isOurs = false,
  bytesMax = Infinity,
): Promise<TextAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  const place = placeOf(address);
  if (place !== null && (isOurs || isLoopback(place.host))) {
    const { status, bytes, date } = await getStraight(place, signal, bytesMax);
    return { status, text: bytes.toString('utf8'), date };
  }
  const response = await fetch(address, { signal });
  return {
    status: response.status,
    text: await textOf(response, bytesMax),
    date: response.headers.get('date'),
  };
}

/**
 * Returns the answer at `address`, an `http://` address of this machine. Rejects if no answer comes within `timeoutMs`,
 * if its body is longer than `bytesMax`, and with a `TypeError` for another address.
 */
export async function getOwnBytes(
  address: string,
  timeoutMs: number,
  bytesMax: number,
): Promise<BytesAnswer> {
  const place = placeOf(address);
  if (place === null || !isLoopback(place.host)) throw new TypeError('the address is not of this machine');
  return getStraight(place, AbortSignal.timeout(timeoutMs), bytesMax);
}

async function textOf({ body }: Response, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw tooLong(bytesMax);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLong(bytesMax: number): Error {
  return new Error(`the answer is longer than ${bytesMax} bytes`);
}

/** True if `address` is a valid http or https URL. */
export function isHttpUrl(address: string): boolean {
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
}

function placeOf(address: string): Place | null {
  const zoned = /^http:\/\/\[([0-9a-f:.]+%[\w.-]+)\](?::(\d+))?(\/.*)?$/i.exec(address);
  if (zoned !== null) return { host: zoned[1] ?? '', port: zoned[2] ?? '80', path: zoned[3] ?? '/' };
  if (!URL.canParse(address)) return null;
  const { protocol, hostname, port, pathname, search } = new URL(address);
  if (protocol !== 'http:') return null;
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port || '80', path: pathname + search };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function getStraight(place: Place, signal: AbortSignal, bytesMax: number): Promise<BytesAnswer> {
  return new Promise((resolve, reject) => {
    // The common agent would use the proxies of the environment, so this request has its own agent.
    const asked = request({ ...place, signal, agent: new Agent() }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.byteLength;
        if (bytes > bytesMax) response.destroy(tooLong(bytesMax));
        chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          bytes: Buffer.concat(chunks),
          date: response.headers.date ?? null,
        }),
      );
    });
    asked.once('error', reject);
    asked.end();
  });
}
