// How a simulated exchange reads a request and writes an answer over a connection of node:http. It judges neither.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { isObject } from '../../lib/is-object.ts';
import type { SimAnswer } from './sim-wire.ts';

/** Longest body of a request, in bytes. Control requests may bring many fills. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;

/** The parameters without those that prove knowledge of the secret: they are not recorded. */
export function shownQuery(query: URLSearchParams): string {
  const shown = new URLSearchParams(query);
  shown.delete('signature');
  return shown.toString();
}

/** The body as text; null if it is too long or its client went away. */
export async function readBody(incoming: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) return null;
      chunks.push(chunk);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function written({ body }: SimAnswer): { readonly text: string; readonly type: string } {
  if (typeof body !== 'string') return { text: JSON.stringify(body), type: 'application/json;charset=UTF-8' };
  return { text: body, type: body.startsWith('<') ? 'text/html' : 'application/json;charset=UTF-8' };
}

/** Sends an answer whole. */
export function send(response: ServerResponse, answer: SimAnswer): void {
  const { text, type } = written(answer);
  const length = String(Buffer.byteLength(text));
  response.writeHead(answer.status, { 'content-type': type, 'content-length': length, ...answer.headers });
  response.end(text);
}

/** Sends half of an answer, then breaks the connection. */
export function sendHalf(response: ServerResponse, answer: SimAnswer): void {
  const { text, type } = written(answer);
  const length = String(Buffer.byteLength(text));
  response.writeHead(answer.status, { 'content-type': type, 'content-length': length });
  response.write(text.slice(0, Math.floor(text.length / 2)), () => response.destroy());
}

/** The answer with each row of its list twice; other answers as they are. */
export function repeated(answer: SimAnswer): SimAnswer {
  return { ...answer, body: repeatedRows(answer.body, 2) };
}

/** The list is the body, or stands at most `depth` members deep. */
function repeatedRows(body: unknown, depth: number): unknown {
  if (Array.isArray(body)) return [...(body as unknown[]), ...(body as unknown[])];
  if (!isObject(body) || depth === 0) return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, repeatedRows(value, depth - 1)]),
  );
}
