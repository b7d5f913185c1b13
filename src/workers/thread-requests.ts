// Main's requests to a child thread that wait for their answers: each has a number, under which its answer comes. It sends
// nothing itself, and knows no request.

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** The requests to one thread. */
export class ThreadRequests {
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #ended: Error | null = null;

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Has `send` send a request under a number of its own; resolves with the answer. Rejects once the thread has ended. */
  ask(send: (id: number) => void): Promise<unknown> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    const answered = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answered);
    send(id);
    return answered.promise;
  }

  /** The answer to a request. A number that does not wait is passed over. */
  answered(id: number, answer: unknown): void {
    this.#take(id)?.resolve(answer);
  }

  /** The thread could not answer a request. */
  refused(id: number, error: Error): void {
    this.#take(id)?.reject(error);
  }

  /** The thread has ended: what waits is rejected, and so is every later request. The first reason counts. */
  end(error: Error): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
