// The file in which a session's token is kept: the token is never printed. Only its owner may read it.

import { lstatSync, readFileSync, statSync } from 'node:fs';
import { OWNER_ONLY, writeDurably } from '../../lib/durable.ts';
import { errorCode } from '../../lib/error-code.ts';
import { CodedError } from '../../lib/errors.ts';
import { isObject } from '../../lib/is-object.ts';
import { parseStrict } from '../../lib/strict-json.ts';

/** A session with the address of its enclave. */
export interface SavedSession {
  readonly url: string;
  readonly sessionId: string;
  readonly sessionToken: string;
  readonly expiresAt: string;
  readonly exchange: string;
}

/** Length of the file, in bytes. */
const SESSION_FILE_BYTES_MAX = 8_192;
const JSON_BOUNDS = { charactersMax: SESSION_FILE_BYTES_MAX, depthMax: 2, valuesMax: 16 } as const;
const TOKEN = /^[!-~]{16,512}$/;

/** Refuses if a file of this name is there, before anything happens that the file is to hold. Errors: `usage`. */
export function requireNoFile(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw new CodedError('usage', `${path} exists already: name another file with --session-file.`);
}

/** Writes the file for its owner only. Errors: `output_failed`. */
export function writeSession(path: string, session: SavedSession): void {
  const { url, sessionId, sessionToken, expiresAt, exchange } = session;
  const members = {
    url,
    session_id: sessionId,
    session_token: sessionToken,
    expires_at: expiresAt,
    exchange,
  };
  try {
    writeDurably(path, `${JSON.stringify(members, null, 2)}\n`, OWNER_ONLY);
  } catch (error) {
    throw new CodedError(
      'output_failed',
      `${path} cannot be written (${errorCode(error) ?? 'an unknown error'}).`,
      { cause: error },
    );
  }
}

/** Reads a session. Errors: `not_found`. */
export function readSession(path: string): SavedSession {
  const members = membersOf(path);
  const {
    url,
    session_id: sessionId,
    session_token: sessionToken,
    expires_at: expiresAt,
    exchange,
  } = members;
  const isSession =
    typeof url === 'string' &&
    URL.canParse(url) &&
    typeof sessionId === 'string' &&
    typeof sessionToken === 'string' &&
    TOKEN.test(sessionToken) &&
    typeof expiresAt === 'string' &&
    typeof exchange === 'string';
  if (!isSession) throw noSession(path);
  return { url, sessionId, sessionToken, expiresAt, exchange };
}

function membersOf(path: string): Readonly<Record<string, unknown>> {
  try {
    const text = statSync(path).size <= SESSION_FILE_BYTES_MAX ? readFileSync(path, 'utf8') : '';
    const value = parseStrict(text, JSON_BOUNDS);
    return isObject(value) ? value : {};
  } catch (error) {
    throw noSession(path, error);
  }
}

function noSession(path: string, cause?: unknown): CodedError {
  return new CodedError('not_found', `${path} cannot be read as the file of a session.`, { cause });
}
