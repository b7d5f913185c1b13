// Reads bodies from the database just before they are sent: one question at a time, for all that are wanted then. It
// keeps no body.

/** A body as the database has it. */
export interface StoredBody {
  readonly id: number;
  readonly body: string;
}

interface Wanted {
  readonly id: number;
  readonly resolve: (body: string | null) => void;
  readonly reject: (error: unknown) => void;
}

/** Its user bounds the number and the bytes of the bodies that it wants at once. */
export class BodyReader {
  readonly #ask: (ids: readonly number[]) => Promise<readonly StoredBody[]>;
  #wanted: Wanted[] = [];
  #isAsking = false;

  constructor(ask: (ids: readonly number[]) => Promise<readonly StoredBody[]>) {
    this.#ask = ask;
  }

  /** The body of an entry; null if the database has none. Rejects if it cannot be read at present. */
  read(id: number): Promise<string | null> {
    const { promise, resolve, reject } = Promise.withResolvers<string | null>();
    this.#wanted.push({ id, resolve, reject });
    // After the present call, so that bodies which are wanted together are read together.
    if (!this.#isAsking) {
      this.#isAsking = true;
      queueMicrotask(() => void this.#answerAll());
    }
    return promise;
  }

  async #answerAll(): Promise<void> {
    while (this.#wanted.length > 0) {
      const asked = this.#wanted;
      this.#wanted = [];
      try {
        const bodies = await this.#ask(asked.map(({ id }) => id));
        const byId = new Map(bodies.map(({ id, body }) => [id, body]));
        for (const { id, resolve } of asked) resolve(byId.get(id) ?? null);
      } catch (error) {
        for (const { reject } of asked) reject(error);
      }
    }
    this.#isAsking = false;
  }
}
