// One GET for a command that asks an aggregator. It goes straight to this machine, whatever proxies the environment names:
// Node with NODE_USE_ENV_PROXY sends even what is asked of the loopback to a proxy unless NO_PROXY names it.

import { Agent, request } from 'node:http';
import { isIPv4 } from 'node:net';

export interface TextAnswer {
  readonly status: number;
  readonly text: string;
  /** When it was answered, by the clock of who did, as the header has it. */
  readonly date: string | null;
}

/** Where an `http://` address leads; not a URL, which can hold no IPv6 address with a zone. */
interface Place {
  readonly host: string;
  readonly port: string;
  readonly path: string;
}

/**
 * The answer at `address`. `isOurs`: it leads to this machine, as an address made of our settings does. Rejects where
 * nothing answers in time.
 */
export async function getText(address: string, timeoutMs: number, isOurs = false): Promise<TextAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  const place = placeOf(address);
  if (place !== null && (isOurs || isLoopback(place.host))) return getStraight(place, signal);
  const response = await fetch(address, { signal });
  return {
    status: response.status,
    text: await response.text(),
    date: response.headers.get('date'),
  };
}

/** Whether `address` is an http or https address that can be asked. */
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

function getStraight(place: Place, signal: AbortSignal): Promise<TextAnswer> {
  return new Promise((resolve, reject) => {
    // An agent of its own: the common one goes through the proxies of the environment.
    const asked = request({ ...place, signal, agent: new Agent() }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString('utf8'),
          date: response.headers.date ?? null,
        }),
      );
    });
    asked.once('error', reject);
    asked.end();
  });
}
