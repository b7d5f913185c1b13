// A token in a file that others may exchange while the program runs. It is read again when the file changes, or when its
// reader asks. The token is never logged or shown, and neither is any other content of the file.

import { open, stat } from 'node:fs/promises';
import { errorCode } from '../lib/error-code.ts';

/** Length of the file, in bytes. */
const TOKEN_FILE_BYTES_MAX = 8_192;

/** One token file. */
export class TokenFile {
  readonly #path: string;
  #token: string | null = null;
  /** Tells one version of the file from another, as far as the file system does. */
  #version: string | null = null;
  #fault: string | null = null;
  #reading: Promise<void> | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Why the file has no token at present, as a clause for the operator; null if it has one, or before the first reading. */
  get fault(): string | null {
    return this.#fault;
  }

  /** The token; the last one that was read if the file has none at present, and null if it never had one. Never rejects. */
  async token(): Promise<string | null> {
    if ((await this.#versionNow()) !== this.#version || this.#token === null) await this.#read();
    return this.#token;
  }

  /** Reads the file again, because `used` was refused. The token if it is another one by now, else null. Never rejects. */
  async renewed(used: string | null): Promise<string | null> {
    if (this.#token === used) await this.#read();
    return this.#token === used ? null : this.#token;
  }

  async #versionNow(): Promise<string | null> {
    try {
      const { ino, mtimeNs, ctimeNs, size } = await stat(this.#path, { bigint: true });
      return [ino, mtimeNs, ctimeNs, size].join(' ');
    } catch {
      return null;
    }
  }

  /** Requests that need the file at the same time share one reading. */
  #read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    // Before the content: a change in between is noticed at the next request.
    const version = await this.#versionNow();
    try {
      const text = (await readAll(this.#path)).trim();
      this.#fault = faultOf(text);
      if (this.#fault === null) this.#token = text;
    } catch (error) {
      this.#fault = `it cannot be read (${errorCode(error) ?? 'an unknown error'})`;
    }
    this.#version = version;
  }
}

function faultOf(text: string): string | null {
  if (text === '') return 'it is empty';
  if (Buffer.byteLength(text) > TOKEN_FILE_BYTES_MAX)
    return `it is longer than ${TOKEN_FILE_BYTES_MAX} bytes`;
  return /^[\x21-\x7e]+$/.test(text)
    ? null
    : 'it has more than one word, or characters that a token cannot have';
}

/** Reads one byte more than is allowed, so that a longer file shows. */
async function readAll(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(TOKEN_FILE_BYTES_MAX + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
