// A service with the parts that an enclave works with: the writer's thread with a real database, a delivery that only
// remembers, and the link.

import { systemClock } from '../../../src/lib/clock.ts';
import { systemTimers, type Timers } from '../../../src/lib/timers.ts';
import { WorkerPool } from '../../../src/workers/pool.ts';
import type { OutboxEntry } from '../../../src/trades/domain/facts.ts';
import { EntryIds } from '../../../src/trades/ingest/entry-ids.ts';
import { AccountsSide, type EnclaveOptions } from '../../../src/trades/threads/accounts-side.ts';
import { poolWorkerUrl } from '../../../src/trades/threads/files.ts';
import { WriterSide } from '../../../src/trades/threads/writer-side.ts';
import type { TradesQuestions } from '../../../src/trades/workers/questions.ts';

/** A running service. */
export class TestService {
  readonly entries: OutboxEntry[] = [];
  readonly keys: string[] = [];
  readonly log: string[] = [];
  readonly accounts: AccountsSide;
  /** Bytes that the outbox has room for. */
  room = Infinity;
  readonly #writer: WriterSide;
  readonly #pool: WorkerPool<TradesQuestions>;
  readonly #entryIds = new EntryIds();
  #isStopped = false;

  constructor(
    databasePath: string,
    enclave: EnclaveOptions,
    { timers = systemTimers, committed = () => {} }: { timers?: Timers; committed?: () => void } = {},
  ) {
    const tell = (sentence: string) => void this.log.push(sentence);
    const log = { info: tell, warn: tell, error: tell };
    this.#writer = new WriterSide(
      { path: databasePath, retentionDays: 30, seams: {} },
      {
        log,
        clock: systemClock,
        committed: (reports) => {
          committed();
          this.accounts.committed(reports);
        },
        fatal: (error) => tell(`fatal ${error.message}`),
      },
    );
    this.#pool = new WorkerPool({
      workerUrl: poolWorkerUrl,
      workerData: { databasePath },
      threads: 1,
      refusedReads: null,
      onRun: () => undefined,
    });
    const isRoom = (bytes: number) => bytes <= this.room;
    this.accounts = new AccountsSide(enclave, {
      journal: this.#writer.journal,
      outbox: {
        hasRoom: isRoom,
        add: (entry) => void this.entries.push(entry),
        counts: { bytesMax: 1_000_000 },
      },
      entryIds: this.#entryIds,
      checkpoints: (query) => this.#pool.ask('checkpoints', { query }),
      seals: () => this.#pool.ask('seals', {}),
      keyUsed: (key) => void this.keys.push(key.kid),
      log,
      clock: systemClock,
      timers,
      random: () => 0,
    });
  }

  async start(): Promise<this> {
    const opened = await this.#writer.start();
    await this.#pool.start();
    this.#entryIds.startAt(opened.nextEntryId);
    this.accounts.restore(opened.accounts);
    await this.accounts.start();
    return this;
  }

  /** Summaries that were handed to the delivery, as `account:seq`. */
  get names(): readonly string[] {
    return this.entries.map(({ clientId, seq }) => `${clientId}:${seq}`);
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    await this.accounts.stop();
    await this.#pool.stop();
    await this.#writer.stop();
  }
}
