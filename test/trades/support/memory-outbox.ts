// An outbox in memory for tests of the delivery: it takes facts as the writer does, a moment later, and answers what the
// workers are asked. A killed one stores nothing more; the next one has what was stored before.

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
  readonly #stored: Map<number, Stored>;
  #isKilled = false;
  #nextPlace = 1;
  /** While true, nothing is stored and commits wait. */
  isStuck = false;
  #stuck: (() => void)[] = [];

  constructor(before: MemoryOutbox | null = null) {
    this.#stored = before === null ? new Map<number, Stored>() : before.#stored;
    this.#nextPlace = before === null ? 1 : before.#nextPlace;
  }

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
    if (this.isStuck) await new Promise<void>((resolve) => this.#stuck.push(resolve));
    else await new Promise<void>((resolve) => setImmediate(resolve));
    // A killed program is told nothing any more.
    if (this.#isKilled) return new Promise(() => undefined);
    for (const fact of facts) this.#store(fact);
  }

  note(facts: readonly Fact[]): void {
    void this.commit(facts);
  }

  unstick(): void {
    this.isStuck = false;
    for (const go of this.#stuck.splice(0)) go();
  }

  /** Facts that are not stored are lost. Returns the outbox of the next start. */
  kill(): MemoryOutbox {
    this.#isKilled = true;
    this.unstick();
    return new MemoryOutbox(this);
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
