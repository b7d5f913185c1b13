// Limits the memory that bodies of requests take together, from their first byte to their answer. It reads none.

import { BODY_BYTES_MAX } from '../domain/read-summary.ts';

/** Maximum size of all bodies together, in bytes: four of the largest. */
export const INGEST_BODIES_BYTES_MAX = 134_217_728;

/** The room for bodies. */
export class BodyRoom {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax = INGEST_BODIES_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that are taken. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Takes room for a body with this header `Content-Length`; without one, for the largest body. Returns the function that
   * gives the room back, at its first call; null if there is none.
   */
  take(contentLength: string | undefined): (() => void) | null {
    const declared = /^\d{1,15}$/.test(contentLength ?? '') ? Number(contentLength) : BODY_BYTES_MAX;
    // A longer body is refused before it is read.
    const bytes = Math.min(declared, BODY_BYTES_MAX);
    if (this.#bytes + bytes > this.#bytesMax) return null;
    this.#bytes += bytes;
    let isTaken = true;
    return () => {
      if (isTaken) this.#bytes -= bytes;
      isTaken = false;
    };
  }
}
