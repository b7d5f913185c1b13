// The frames of a local link: four bytes with the length of the body, most significant first, and the body, which is one
// JSON value in UTF-8. A frame without a body is a sign of life. It reads no socket.

import { isUtf8 } from 'node:buffer';

const HEADER_BYTES = 4;

/** The frame that says only that its sender is there. */
export const SIGN_OF_LIFE: Uint8Array = new Uint8Array(HEADER_BYTES);

/** Bytes that are no frame. */
export class BadFrameError extends Error {
  override readonly name = 'BadFrameError';
  /** `too_big`: longer than the reader takes. `rubbish`: no JSON. */
  readonly kind: 'too_big' | 'rubbish';
  constructor(kind: 'too_big' | 'rubbish') {
    super(`A frame of a local link is ${kind === 'too_big' ? 'too long' : 'no JSON'}.`);
    this.kind = kind;
  }
}

/** The frame of a message. Errors: {@link BadFrameError} `too_big` if its body is longer than this. */
export function frameOf(message: object, bodyBytesMax: number): Buffer {
  const text = JSON.stringify(message);
  const bytes = Buffer.byteLength(text);
  if (bytes > bodyBytesMax) throw new BadFrameError('too_big');
  const frame = Buffer.allocUnsafe(HEADER_BYTES + bytes);
  frame.writeUInt32BE(bytes, 0);
  frame.write(text, HEADER_BYTES);
  return frame;
}

/** Puts the frames of a stream of bytes together. It holds at most one frame and one piece of the next. */
export class FrameReader {
  readonly #bodyBytesMax: number;
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(bodyBytesMax: number) {
    this.#bodyBytesMax = bodyBytesMax;
  }

  /** Takes the next bytes. */
  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  /** The next message; undefined if none is complete. Signs of life are left out. Errors: {@link BadFrameError}. */
  next(): unknown {
    for (;;) {
      if (this.#bytes < HEADER_BYTES) return undefined;
      const length = this.#header();
      if (length > this.#bodyBytesMax) throw new BadFrameError('too_big');
      if (this.#bytes < HEADER_BYTES + length) return undefined;
      const frame = this.#take(HEADER_BYTES + length);
      if (length > 0) return parse(frame.subarray(HEADER_BYTES));
    }
  }

  #header(): number {
    if ((this.#pieces[0]?.length ?? 0) < HEADER_BYTES) this.#join();
    return this.#pieces[0]?.readUInt32BE(0) ?? 0;
  }

  #take(bytes: number): Buffer {
    if ((this.#pieces[0]?.length ?? 0) < bytes) this.#join();
    const all = this.#pieces[0] ?? Buffer.alloc(0);
    this.#bytes -= bytes;
    if (all.length === bytes) this.#pieces.shift();
    else this.#pieces[0] = all.subarray(bytes);
    return all.subarray(0, bytes);
  }

  #join(): void {
    this.#pieces = [Buffer.concat(this.#pieces)];
  }
}

function parse(body: Buffer): unknown {
  if (!isUtf8(body)) throw new BadFrameError('rubbish');
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new BadFrameError('rubbish');
  }
}
