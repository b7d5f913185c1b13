// Where the commands named `verify` read public keys: a file, an address, or the program of this machine's settings. It
// says what is wrong with a source, and looks at no key.

import { readFileSync } from 'node:fs';
import { type Environment, fromCaller } from '../config/environment.ts';
import { CodedError } from '../lib/errors.ts';
import { getText, isHttpUrl } from '../lib/http-get.ts';

/** A text with keys. */
export interface KeySource {
  /** The address or the file, for messages. */
  readonly where: string;
  readonly text: string;
}

const FETCH_TIME_MAX_MS = 10_000;

/**
 * Reads the keys of `given`, a file or an address. Without it they are the keys of the program at `ownUrl`, and if that
 * does not answer, `remedy` is said (it may be empty). Errors: `not_found`.
 */
export async function readKeySource(
  given: string | undefined,
  env: Environment,
  own: { readonly url: () => string; readonly remedy: string },
): Promise<KeySource> {
  if (given === undefined) {
    const where = `${own.url()}/.well-known/aggregator/keys`;
    return { where, text: await fetchText(where, true, own.remedy) };
  }
  if (isHttpUrl(given)) return { where: given, text: await fetchText(given, false, '') };
  const where = fromCaller(env, given);
  return { where, text: readText(where) };
}

/** Of a source without an Ed25519 key. */
export function noKeyIn({ where }: KeySource): CodedError {
  return new CodedError('not_found', `${where} contains no Ed25519 key.`);
}

async function fetchText(address: string, isOurs: boolean, remedy: string): Promise<string> {
  try {
    const { status, text } = await getText(address, FETCH_TIME_MAX_MS, isOurs);
    if (status === 200) return text;
    throw new Error(`status ${status}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown error';
    const what = `The keys cannot be read at ${address} (${why})${remedy}.`;
    throw new CodedError('not_found', what, { cause: error });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CodedError('not_found', `The file ${file} with the keys cannot be read.`, { cause: error });
  }
}
