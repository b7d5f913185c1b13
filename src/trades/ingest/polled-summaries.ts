// Takes the signed summaries and checkpoints of the enclave: checks them, waits for room in the outbox, stores them, and
// hands new summaries to the delivery. Of one account one is stored after another. It knows no link.

import { Fifo } from '../../lib/fifo.ts';
import type { Log } from '../../io/log.ts';
import type { PublicJwk } from '../../lib/ed25519.ts';
import type { Timers } from '../../lib/timers.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Checkpoint, PolledSummary } from '../domain/enclave-link.ts';
import type { Fact, Journal, SealedCheckpoint, SealedFact } from '../domain/facts.ts';
import type { EntryIds } from './entry-ids.ts';
import type { DeskOutbox } from './job-desk-parts.ts';
import { checkPolled, type CheckedSummary } from './polled-check.ts';

/** How long a commit waits that the journal did not take, in ms. */
const AGAIN_MS = 1_000;

/** Who sends: what of its `hello` matters here. */
export interface PolledSender {
  readonly sealId: string;
  readonly signingKey: PublicJwk;
}

/** What is to be stored at once; one of the two is there, and both are of one account. */
export interface PolledStore {
  readonly summary: PolledSummary | null;
  readonly checkpoint: Checkpoint | null;
}

/** What {@link PolledSummaries} need of the wiring. */
export interface PolledSummariesParts {
  readonly journal: Journal;
  readonly outbox: DeskOutbox;
  readonly entryIds: Pick<EntryIds, 'take'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Pick<Log, 'error'>;
}

/** Counts since the start. */
export interface PolledCounts {
  stored: number;
  /** Summaries that came again, and were stored once. */
  repeated: number;
  /** Summaries that are not what they must be: each is a defect of a program. */
  refused: number;
  /** Checkpoints that were not stored, because too many accounts have one. */
  refusedCheckpoints: number;
}

/** Everything of the enclave that is being stored. Its sender bounds how much. */
export class PolledSummaries {
  readonly counts: PolledCounts = { stored: 0, repeated: 0, refused: 0, refusedCheckpoints: 0 };
  readonly #parts: PolledSummariesParts;
  /** By account: the end of what is being stored. */
  readonly #lines = new Map<string, Promise<unknown>>();
  readonly #roomless = new Fifo<{ readonly bytes: number; go(hasRoom: boolean): void }>();
  /** Bytes of bodies that are being stored, for which the outbox needs room. */
  #storingBytes = 0;
  /** Entries that the latest commits found to be stored already. */
  readonly #repeated = new Set<number>();
  #storedKeyId = '';
  /** Changes when what waits is given up. */
  #epoch = 0;

  constructor(parts: PolledSummariesParts) {
    this.#parts = parts;
  }

  /**
   * Stores it. Resolves with `stored` when it is on the disk, with `refused` if it never will be, and with `given_up`
   * after {@link giveUp}. Never rejects.
   */
  store(work: PolledStore, sender: PolledSender): Promise<'stored' | 'refused' | 'given_up'> {
    const accountId = work.summary?.accountId ?? work.checkpoint?.accountId ?? '';
    const epoch = this.#epoch;
    const before = this.#lines.get(accountId) ?? Promise.resolve();
    const run = before.then(() => this.#store(work, sender, epoch));
    const line = run.finally(() => {
      if (this.#lines.get(accountId) === line) this.#lines.delete(accountId);
    });
    this.#lines.set(accountId, line);
    return line;
  }

  /** Resolves when nothing of this account, or of any for null, is being stored. */
  async idle(accountId: string | null): Promise<void> {
    if (accountId === null) await Promise.all(this.#lines.values());
    else await this.#lines.get(accountId);
  }

  /** Gives up what waits for room or for its turn: its sender is gone, and sends it again. */
  giveUp(): void {
    this.#epoch++;
    for (let next = this.#roomless.shift(); next !== undefined; next = this.#roomless.shift()) next.go(false);
  }

  /** The outbox may have room again. */
  roomChanged(): void {
    for (;;) {
      const next = this.#roomless.peek();
      if (next === undefined || !this.#hasRoom(next.bytes)) return;
      this.#roomless.shift();
      this.#storingBytes += next.bytes;
      next.go(true);
    }
  }

  /** What commits did. Called before those hear it who wait for them. */
  committed({
    repeated,
    refusedCheckpoints,
  }: {
    readonly repeated: readonly number[];
    readonly refusedCheckpoints: number;
  }): void {
    for (const id of repeated) this.#repeated.add(id);
    this.counts.refusedCheckpoints += refusedCheckpoints;
  }

  async #store(
    { summary, checkpoint }: PolledStore,
    { sealId, signingKey }: PolledSender,
    epoch: number,
  ): Promise<'stored' | 'refused' | 'given_up'> {
    if (epoch !== this.#epoch) return 'given_up';
    const sealed = checkpoint === null ? null : { ...checkpoint, sealId };
    if (summary === null) {
      if (sealed === null) return 'refused';
      return (await this.#commit([{ type: 'checkpointed', checkpoint: sealed }], epoch))
        ? 'stored'
        : 'given_up';
    }
    const checked = checkPolled(summary, checkpoint, signingKey);
    if (typeof checked === 'string') return this.#refuse(checked);
    if (checked.bodyBytes > this.#parts.outbox.counts.bytesMax)
      return this.#refuse('it is longer than OUTBOX_MAX_MIB allows');
    if (!(await this.#room(checked.bodyBytes))) return 'given_up';
    return this.#keep(sealedFact(checked, sealed, this.#parts.entryIds.take()), signingKey, epoch);
  }

  async #keep(fact: SealedFact, key: PublicJwk, epoch: number): Promise<'stored' | 'given_up'> {
    const { entry } = fact;
    // No summary is on the disk before the key that signed it.
    const keyUsed: readonly Fact[] =
      this.#storedKeyId === key.kid
        ? []
        : [{ type: 'keyUsed', key, provenance: 'polled', atMs: this.#parts.clock.nowMs() }];
    const isStored = await this.#commit([...keyUsed, fact], epoch);
    this.#storingBytes -= entry.bodyBytes;
    if (!isStored) return 'given_up';
    this.#storedKeyId = key.kid;
    if (this.#repeated.delete(entry.id)) this.counts.repeated++;
    else {
      this.counts.stored++;
      this.#parts.outbox.add(entry);
    }
    return 'stored';
  }

  /** True when the facts are on the disk; false if they were given up before the journal took them. */
  async #commit(facts: readonly Fact[], epoch: number): Promise<boolean> {
    const { journal, timers } = this.#parts;
    while (epoch === this.#epoch) {
      try {
        await journal.commit(facts);
        return true;
      } catch {
        // Too many facts wait. The writer says why.
        await new Promise<void>((resolve) => timers.after(AGAIN_MS, resolve));
      }
    }
    return false;
  }

  /** True when the outbox has room, which is taken then; false if it was given up. */
  #room(bytes: number): Promise<boolean> | boolean {
    if (this.#roomless.peek() === undefined && this.#hasRoom(bytes)) {
      this.#storingBytes += bytes;
      return true;
    }
    return new Promise((resolve) => this.#roomless.push({ bytes, go: resolve }));
  }

  #hasRoom(bytes: number): boolean {
    return this.#parts.outbox.hasRoom(bytes + this.#storingBytes);
  }

  #refuse(why: string): 'refused' {
    if (this.counts.refused === 0) {
      this.#parts.log.error(
        `accounts: a summary of the enclave is refused, because ${why}: this is a defect of a program; further ones are only counted`,
      );
    }
    this.counts.refused++;
    return 'refused';
  }
}

function sealedFact(
  { summary, bodyBytes, buckets }: CheckedSummary,
  checkpoint: SealedCheckpoint | null,
  id: number,
): SealedFact {
  const { accountId, exchange, provenance, digest, seq, periodStartMs, periodEndMs, trades } = summary;
  const { body, quote, sealedAtMs } = summary;
  return {
    type: 'sealed',
    entry: {
      id,
      clientId: accountId,
      exchange,
      provenance,
      digest,
      seq,
      periodStartMs,
      periodEndMs,
      trades,
      bodyBytes,
      sealedAtMs,
    },
    body,
    buckets,
    quote,
    job: null,
    checkpoint,
  };
}
