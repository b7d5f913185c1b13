// An outbox in a real database for tests of the delivery, written in the thread of the test.

import type { Database } from '../../../src/store/database.ts';
import type { Fact, Journal, OutboxEntry } from '../../../src/trades/domain/facts.ts';
import type { OutboxQuery } from '../../../src/trades/domain/questions.ts';
import { readDeadLetters } from '../../../src/trades/store/waiting-pages.ts';
import type { TradesWriter } from '../../../src/trades/store/writer.ts';
import { readBodies, readOutbox } from '../../../src/trades/workers/outbox-pages.ts';
import { sealed } from '../store/facts.ts';

export class FileOutbox implements Journal {
  readonly #database: Database;
  readonly #writer: TradesWriter;
  #nextId: number;

  constructor({ database, writer }: { readonly database: Database; readonly writer: TradesWriter }) {
    this.#database = database;
    this.#writer = writer;
    this.#nextId = writer.kept(0).nextEntryId;
  }

  seal(clientId: string, body: string, digest: string): OutboxEntry {
    const fact = sealed(this.#nextId++, {
      entry: { clientId, digest, bodyBytes: Buffer.byteLength(body) },
      body,
    });
    this.note([fact]);
    return fact.entry;
  }

  async commit(facts: readonly Fact[]): Promise<void> {
    this.note(facts);
  }

  note(facts: readonly Fact[]): void {
    this.#writer.commit([{ facts, toldAtMs: 1 }], false);
  }

  get waiting() {
    return [...this.#writer.waitingPages()].flat();
  }

  get dead() {
    return readDeadLetters(this.#database);
  }

  async bodies(ids: readonly number[]) {
    return readBodies(this.#database, ids).bodies;
  }

  async rows(query: OutboxQuery) {
    return readOutbox(this.#database, query);
  }
}
