// The JSON-RPC of a simulated upstream: reads a call, and writes replies, also the broken ones of a fault.

import type { ServerResponse } from 'node:http';
import type { Fault } from './faults.ts';
import { parseWire, printWire } from './wire-json.ts';

/** A call as it came. */
export interface RpcCall {
  readonly id: unknown;
  readonly method: string;
  readonly params: unknown;
}

/** What is answered. */
export type Reply =
  | { readonly type: 'result'; readonly result: unknown }
  | {
      readonly type: 'error';
      readonly code: number;
      readonly text: string;
      readonly data?: Readonly<Record<string, unknown>>;
      /** True if the reply has `id: null`. */
      readonly isNameless?: boolean;
    }
  | { readonly type: 'status'; readonly status: number };

/** Reads the body of a request; null if it is no call. */
export function readCall(body: string): RpcCall | null {
  try {
    const value = parseWire(body);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    const { id, method, params } = value as Readonly<Record<string, unknown>>;
    return typeof method === 'string' ? { id, method, params } : null;
  } catch {
    return null;
  }
}

/** How a reply leaves. */
export interface Manner {
  /** With `id: null` and the type `text/plain`. */
  readonly isOdd: boolean;
  /** The fault that breaks it, if one does. */
  readonly fault: Fault | null;
}

/** Sends a reply. */
export function sendReply(
  response: ServerResponse,
  call: RpcCall | null,
  reply: Reply,
  manner: Manner,
): void {
  const { fault, isOdd } = manner;
  if (response.destroyed) return;
  if (fault?.type === 'lost') {
    response.destroy();
    return;
  }
  if (reply.type === 'status') {
    sendText(response, reply.status, {}, '');
    return;
  }
  const isNameless = isOdd || (reply.type === 'error' && reply.isNameless === true);
  const whole = bodyOf(isNameless ? null : (call?.id ?? null), reply, fault);
  const body = fault?.type === 'truncated' ? whole.slice(0, Math.floor(whole.length * 0.6)) : whole;
  sendText(response, 200, { 'content-type': isOdd ? 'text/plain' : 'application/json' }, body);
}

function sendText(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  text: string,
): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) }).end(text);
}

function bodyOf(id: unknown, reply: Exclude<Reply, { type: 'status' }>, fault: Fault | null): string {
  if (fault?.type === 'result') return `{"jsonrpc":"2.0","result":${fault.json},"id":${printWire(id)}}`;
  if (reply.type === 'result') return printWire({ jsonrpc: '2.0', result: reply.result, id });
  const { code, text, data } = reply;
  const error = { code, message: text, ...(data === undefined ? {} : { data }) };
  return printWire({ jsonrpc: '2.0', error, id });
}

const PAGE = '<!doctype html><html><head><title>Maintenance</title></head><body>Back soon.</body></html>\n';

/** Answers a request that a fault meets before the upstream looks into it. */
export function sendFault(response: ServerResponse, call: RpcCall | null, fault: Fault): void {
  switch (fault.type) {
    case 'html':
      sendText(response, 200, { 'content-type': 'text/html' }, PAGE);
      return;
    case 'status': {
      const { status, text = 'Work queue depth exceeded\n', retryAfter } = fault;
      const more = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
      sendText(response, status, { 'content-type': 'text/plain', ...more }, text);
      return;
    }
    case 'error': {
      const { code, text } = fault;
      sendReply(response, call, { type: 'error', code, text }, { isOdd: false, fault: null });
      return;
    }
    case 'reset':
    case 'resetReused':
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
    case 'slow':
    case 'lost':
    case 'truncated':
    case 'result':
      return;
  }
}
