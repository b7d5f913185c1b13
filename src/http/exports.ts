// Sends exports: answers that are made while the client reads them, so that their length costs no memory. It bounds how
// many are under way and how long each may take, and it ends an export whose client has left.

import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { refuse } from './answers.ts';

/** Maximum number of exports under way at one server; a further one is refused with `exports_full`. */
export const HTTP_EXPORTS_MAX = 4;
/** Maximum time of one export; then the server closes its connection, so that no slow reader keeps a place for ever. */
export const HTTP_EXPORT_TIME_MAX_MS = 600_000;

/** An export: its headers, and its text in parts. */
export interface Export {
  readonly headers: Readonly<Record<string, string>>;
  /** Asked for the next part only when the client has read the former ones; `return()` is called if the client leaves. */
  readonly parts: AsyncIterable<string>;
}

/** The exports of one server. */
export class Exports {
  readonly #timeMaxMs: number;
  #underWay = 0;

  constructor(timeMaxMs = HTTP_EXPORT_TIME_MAX_MS) {
    this.#timeMaxMs = timeMaxMs;
  }

  /**
   * Sends the export that `make` makes. Errors of `make` are answered as those of any route. An error in a later part
   * ends the connection before the answer is complete, which the client sees. HEAD gets the headers alone, and as with GET
   * no length is among them.
   */
  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    make: () => Promise<Export>,
  ): Promise<FastifyReply> {
    if (this.#underWay >= HTTP_EXPORTS_MAX) {
      const message = `${HTTP_EXPORTS_MAX} exports are under way: try again in a moment`;
      return refuse(reply.header('retry-after', '5'), 'exports_full', message);
    }
    this.#underWay++;
    const stream = await this.#begin(request, reply, make);
    // An answer without a body would say that its length is 0.
    return reply.send(stream ?? Readable.from([]));
  }

  async #begin(
    { method }: FastifyRequest,
    reply: FastifyReply,
    make: () => Promise<Export>,
  ): Promise<Readable | undefined> {
    let stream: Readable | undefined;
    try {
      const { headers, parts } = await make();
      reply.headers(headers);
      if (method !== 'HEAD') stream = Readable.from(parts, { objectMode: false });
      return stream;
    } finally {
      if (stream === undefined) this.#underWay--;
      else this.#watch(stream, reply);
    }
  }

  #watch(stream: Readable, { raw }: FastifyReply): void {
    const timer = setTimeout(() => raw.destroy(), this.#timeMaxMs);
    // If the client leaves while a part is made, the place is free when that part is there: it bounds the work.
    stream.once('close', () => {
      clearTimeout(timer);
      this.#underWay--;
    });
    // The client may have left while the first part was made; then no further event says so.
    if (raw.destroyed) stream.destroy();
    else raw.once('close', () => stream.destroy());
  }
}
