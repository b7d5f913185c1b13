// The way between the service and the backend of a trial, which by chance of the seed does not work: the backend seems to
// be busy, closes the connection, or takes a summary and its answer is lost. It never makes up an answer that ends a
// delivery.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Random } from '../../../src/lib/random.ts';

/** What happens to one request. */
type Fault = 'none' | 'busy' | 'reset' | 'answer lost' | 'answer cut';

const FAULTS: readonly Fault[] = ['busy', 'reset', 'answer lost', 'answer cut'];

/** A server at a port of 127.0.0.1 that passes requests on to another port. */
export class FaultyWay {
  readonly #server: Server;
  readonly #random: Random;
  readonly #share: number;
  /** Requests that met a fault. */
  faults = 0;
  /** False: all requests pass from now on. */
  isFaulty = true;

  /** `share`: of the requests that meet a fault, from 0 to 1. */
  constructor(toPort: number, share: number, random: Random) {
    this.#random = random;
    this.#share = share;
    this.#server = createServer((request, response) => void this.#pass(toPort, request, response));
  }

  async start(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #fault(): Fault {
    if (!this.isFaulty || this.#random.next() >= this.#share) return 'none';
    this.faults += 1;
    return this.#random.pick(FAULTS);
  }

  async #pass(port: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = this.#fault();
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (fault === 'reset') return void request.socket.destroy();
      if (fault === 'busy') {
        const retryAfter = this.#random.pick(['0', '1', 'soon']);
        return void response
          .writeHead(this.#random.pick([408, 425, 429, 500, 503]), { 'retry-after': retryAfter })
          .end();
      }
      const answer = await fetch(`http://127.0.0.1:${port}${request.url}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': String(request.headers['idempotency-key']),
        },
        body: Buffer.concat(chunks),
      });
      const text = await answer.text();
      if (fault === 'answer lost') return void request.socket.destroy();
      response.writeHead(answer.status, { 'content-length': Buffer.byteLength(text) });
      if (fault === 'none') return void response.end(text);
      response.write(text.slice(0, 5), () => request.socket.destroy());
    } catch {
      // The backend, or the service, was killed.
      request.socket.destroy();
    }
  }
}
