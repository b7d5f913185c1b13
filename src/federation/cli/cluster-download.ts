// Fetches a backup from a replica over HTTP: waits while it is made there, and writes it into a file, not faster than it may.
// It follows no redirect, because the key must reach no other host. It looks at no content.

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { Amount } from '../../lib/amount.ts';
import { systemClock } from '../../lib/clock.ts';
import { OWNER_ONLY } from '../../lib/durable.ts';
import { errorCode } from '../../lib/error-code.ts';
import { CodedError } from '../../lib/errors.ts';

/** What to fetch, and how. */
export interface Download {
  /** The address of the backup, with `http:` or `https:`. */
  readonly url: URL;
  /** An API key. */
  readonly key: string;
  /** The file to write. It must not exist. */
  readonly file: string;
  readonly bytesPerSecondMax: number;
  progress(phase: 'waiting' | 'fetching', done?: Amount): void;
}

/** Time without a byte after which the attempt is given up, in ms. */
const SILENCE_MS = 30_000;
/** Time for which a backup may be made at the other replica, in ms. */
const MAKING_MS = 6 * 3_600_000;
/** Time for which another backup may keep the replica busy, in ms. */
const BUSY_MS = 120_000;
/**
 * Time for which the replica may not know the key, in ms. A new key counts after 2 s, and later where the replica reads
 * its log late.
 */
const NEW_KEY_MS = 10_000;
/** Wait until the next question, which doubles each time, in ms. */
const ASK_AGAIN_MS = { least: 100, most: 1_000 } as const;
/** Length of a refusal's body that is read. */
const REFUSAL_BYTES_MAX = 4_096;

/** Resolves when the whole backup is on the disk. Errors: `copy_failed`, `no_answer`. */
export async function fetchBackup(download: Download): Promise<void> {
  const startedMs = systemClock.monotonicMs();
  for (let waitMs: number = ASK_AGAIN_MS.least; ; waitMs = Math.min(ASK_AGAIN_MS.most, waitMs * 2)) {
    download.progress('waiting');
    const response = await ask(download);
    const { statusCode = 0 } = response;
    if (statusCode === 200) return take(download, response);
    const reason = await reasonOf(response);
    const waitedMs = systemClock.monotonicMs() - startedMs;
    if (waitedMs > patienceOf(statusCode)) throw notFetched(download, refusalOf(statusCode, reason));
    await delay(waitMs);
  }
}

function ask({ url, key }: Download): Promise<IncomingMessage> {
  const isTls = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const asked = (isTls ? httpsRequest : httpRequest)(
      url,
      {
        // Not the common agent, which may send the key through a proxy of the environment.
        agent: isTls ? new TlsAgent() : new Agent(),
        headers: { authorization: `Bearer ${key}` },
      },
      resolve,
    );
    asked.setTimeout(SILENCE_MS, () => asked.destroy(new Error('it said nothing for too long')));
    asked.once('error', (error) =>
      reject(
        new CodedError(
          'no_answer',
          `Nothing answers at ${url.origin} (${whyOf(error)}): name another replica.`,
          {
            cause: error,
          },
        ),
      ),
    );
    asked.end();
  });
}

async function take(download: Download, response: IncomingMessage): Promise<void> {
  const bytes = Number(response.headers['content-length']);
  if (!Number.isSafeInteger(bytes) || bytes <= 0) {
    response.destroy();
    throw notFetched(download, 'the answer does not say how long it is');
  }
  const file = openSync(download.file, 'wx', OWNER_ONLY);
  try {
    const startedMs = systemClock.monotonicMs();
    let taken = 0;
    download.progress('fetching', { done: 0, whole: bytes, unit: 'bytes' });
    for await (const part of response as AsyncIterable<Buffer>) {
      for (let written = 0; written < part.length; ) written += writeSync(file, part, written);
      taken += part.length;
      download.progress('fetching', { done: taken, whole: bytes, unit: 'bytes' });
      const dueMs = startedMs + (taken / download.bytesPerSecondMax) * 1_000;
      const waitMs = dueMs - systemClock.monotonicMs();
      if (waitMs > 1) await delay(waitMs);
    }
    if (taken !== bytes) throw notFetched(download, `${taken} of ${bytes} bytes came`);
    fsyncSync(file);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw notFetched(download, whyOf(error), error);
  } finally {
    closeSync(file);
  }
}

/** The message of a refusal; null if it has none. */
async function reasonOf(response: IncomingMessage): Promise<string | null> {
  let text = '';
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      text += part.toString('latin1');
      if (text.length > REFUSAL_BYTES_MAX) break;
    }
    const { error } = JSON.parse(text) as { error?: { message?: unknown } };
    const message = error?.message;
    return typeof message === 'string' && /^[\x20-\x7e]+$/.test(message) ? message : null;
  } catch {
    return null;
  }
}

/** Time from the first question for which this answer is no failure, in ms. */
function patienceOf(status: number): number {
  switch (status) {
    case 202:
      return MAKING_MS;
    case 409:
      return BUSY_MS;
    case 401:
      return NEW_KEY_MS;
    default:
      return 0;
  }
}

function refusalOf(status: number, reason: string | null): string {
  if (status === 401)
    return `it has not known the key for ${NEW_KEY_MS / 1_000} s: make one with keys create --permissions admin`;
  if (status === 403) return 'the key does not have the permission admin';
  if (status === 404) return 'it is no replica of a cluster, or an older version';
  return reason ?? `status ${status}`;
}

function notFetched({ url }: Download, why: string, cause?: unknown): CodedError {
  const sentence = `The backup was not fetched from ${url.origin}: ${why}. The database is as before.`;
  return new CodedError('copy_failed', sentence, { cause });
}

function whyOf(error: unknown): string {
  return errorCode(error) ?? (error instanceof Error ? error.message : 'unknown error');
}
