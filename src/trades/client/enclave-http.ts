// One request to an enclave: JSON in, JSON out, within a time and a length. It follows no redirect, uses no proxy of the
// environment, and knows no route.

import { Agent, request as httpRequest } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import { errorCode } from '../../lib/error-code.ts';
import { CodedError } from '../../lib/errors.ts';
import { parseStrict } from '../../lib/strict-json.ts';

/** A request. */
export interface EnclaveRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With its query. */
  readonly path: string;
  /** Of a session. */
  readonly token?: string;
  readonly body?: unknown;
}

/** An answer of any status. */
export interface EnclaveReply {
  readonly status: number;
  /** Undefined if the body is no JSON. */
  readonly body: unknown;
}

/** Time for everything, in ms: the enclave asks the exchange before it answers a registration. */
const REQUEST_TIMEOUT_MS = 120_000;
/** Length of an answer, in bytes. */
const REPLY_BYTES_MAX = 4_194_304;
const JSON_BOUNDS = { charactersMax: REPLY_BYTES_MAX, depthMax: 16, valuesMax: 500_000 } as const;

/** Sends a request to the enclave at `url`, which ends in no slash. Errors: `no_answer`. */
export async function askEnclave(
  url: string,
  asked: EnclaveRequest,
  timeoutMs = REQUEST_TIMEOUT_MS,
): Promise<EnclaveReply> {
  try {
    const { status, text } = await exchange(new URL(url + asked.path), asked, timeoutMs);
    return { status, body: parsed(text) };
  } catch (error) {
    const why = error instanceof TooLongError ? 'its answer is too long' : reasonOf(error);
    throw new CodedError('no_answer', `The enclave at ${url} gives no answer (${why}).`, { cause: error });
  }
}

class TooLongError extends Error {}

function exchange(
  url: URL,
  { method, token, body }: EnclaveRequest,
  timeoutMs: number,
): Promise<{ readonly status: number; readonly text: string }> {
  const isTls = url.protocol === 'https:';
  const payload = body === undefined ? null : Buffer.from(JSON.stringify(body), 'utf8');
  const headers = {
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(payload === null ? {} : { 'content-type': 'application/json', 'content-length': payload.length }),
  };
  return new Promise((resolve, reject) => {
    const agent = isTls ? new TlsAgent() : new Agent();
    const options = { method, headers, agent, signal: AbortSignal.timeout(timeoutMs) };
    const asked = (isTls ? httpsRequest : httpRequest)(url, options, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > REPLY_BYTES_MAX) response.destroy(new TooLongError());
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    asked.once('error', reject);
    asked.end(payload);
  });
}

function parsed(text: string): unknown {
  try {
    return parseStrict(text, JSON_BOUNDS);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && /^(?:TimeoutError|AbortError)$/.test(error.name)) return 'not in time';
  return errorCode(error) ?? 'an unknown error';
}
