// An outbox in memory for tests of the delivery: it takes facts as the writer does, a moment later, and answers what the
// workers are asked. A kill loses what was not stored.

import type { Fact, Journal, OutboxEntry } from '../../../src/trades/domain/facts.ts';
import type {
  OutboxQuery,
  OutboxRow,
  StoredDeadLetters,
  StoredWaiting,
} from '../../../src/trades/domain/questions.ts';

interface Stored {
  readonly entry: OutboxEntry;
  readonly body: string;
  row: OutboxRow;
  nextAtMs: number;
  place: number;
}

export class MemoryOutbox implements Journal {
  readonly facts: Fact[] = [];
  readonly #stored = new Map<number, Stored>();
  #generation = 0;
  #nextPlace = 1;
  /** While true, nothing is stored and commits wait. */
  isStuck = false;
  #stuck: (() => void)[] = [];

  /** Stores a sealed summary and returns its entry. */
  seal(clientId: string, body: string, digest: string): OutboxEntry {
    const id = this.#stored.size + 1;
    const entry: OutboxEntry = {
      id,
      clientId,
      exchange: 'mock',
      provenance: 'client_reported',
      digest,
      seq: null,
      periodStartMs: 0,
      periodEndMs: 0,
      trades: 1,
      bodyBytes: Buffer.byteLength(body),
      sealedAtMs: 1_000_000 + id,
    };
    const row: OutboxRow = {
      ...entry,
      state: 'waiting',
      endedAtMs: null,
      attempts: 0,
      status: null,
      reason: '',
    };
    this.#stored.set(id, { entry, body, row, nextAtMs: 0, place: this.#nextPlace++ });
    return entry;
  }

  async commit(facts: readonly Fact[]): Promise<void> {
    const generation = this.#generation;
    if (this.isStuck) await new Promise<void>((resolve) => this.#stuck.push(resolve));
    else await new Promise<void>((resolve) => setImmediate(resolve));
    // A killed program is told nothing any more.
    if (generation !== this.#generation) return new Promise(() => undefined);
    for (const fact of facts) this.#store(fact);
  }

  note(facts: readonly Fact[]): void {
    void this.commit(facts);
  }

  unstick(): void {
    this.isStuck = false;
    for (const go of this.#stuck.splice(0)) go();
  }

  /** Facts that are not stored are lost. */
  kill(): void {
    this.#generation += 1;
    this.unstick();
  }

  get waiting(): readonly StoredWaiting[] {
    return [...this.#stored.values()]
      .filter(({ row }) => row.state === 'waiting')
      .map(({ row, nextAtMs, place }) => ({ ...row, nextAtMs, place }));
  }

  get dead(): StoredDeadLetters {
    const dead = [...this.#stored.values()].filter(({ row }) => row.state === 'dead');
    return { count: dead.length, bytes: dead.reduce((sum, { row }) => sum + row.bodyBytes, 0) };
  }

  async bodies(ids: readonly number[]): Promise<readonly { id: number; body: string }[]> {
    return ids.flatMap((id) => {
      const body = this.#stored.get(id)?.body;
      return body === undefined ? [] : [{ id, body }];
    });
  }

  async rows({ state, beforeId, limit }: OutboxQuery): Promise<readonly OutboxRow[]> {
    return [...this.#stored.values()]
      .map(({ row }) => row)
      .filter((row) => (state === null || row.state === state) && (beforeId === null || row.id < beforeId))
      .toSorted((one, other) => other.id - one.id)
      .slice(0, limit);
  }

  row(id: number): OutboxRow | undefined {
    return this.#stored.get(id)?.row;
  }

  /** The body is lost. */
  lose(id: number): void {
    const stored = this.#stored.get(id);
    if (stored !== undefined) this.bodies = async () => [];
  }

  #store(fact: Fact): void {
    this.facts.push(fact);
    if (!('entryId' in fact)) return;
    const stored = this.#stored.get(fact.entryId);
    if (stored === undefined) return;
    const { row } = stored;
    if (fact.type === 'replayed') {
      stored.row = { ...row, state: 'waiting', endedAtMs: null, attempts: 0 };
      stored.place = this.#nextPlace++;
      return;
    }
    const { status, reason } = fact.attempt;
    if (fact.type === 'attempted') {
      stored.nextAtMs = fact.nextAtMs;
      stored.row = { ...row, attempts: fact.attempts, status, reason };
    } else stored.row = { ...row, state: fact.type, endedAtMs: fact.atMs, status, reason };
  }
}
