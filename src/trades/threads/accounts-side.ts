// What the service has of exchange accounts: the link to the enclave, the summaries that come over it, and the enclave's
// process if the service starts it. It puts the parts together and tells how they are; the parts do the work.

import { linkPath } from '../../io/local-link-server.ts';
import type { Log } from '../../io/log.ts';
import type { Clock } from '../../lib/clock.ts';
import type { PublicJwk } from '../../lib/ed25519.ts';
import { type Part, startAt } from '../../lib/part.ts';
import type { Timers } from '../../lib/timers.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import type { AccountRow } from '../domain/account.ts';
import type { Checkpoint, EnclaveIdentity } from '../domain/enclave-link.ts';
import type { Journal } from '../domain/facts.ts';
import { NO_ACCOUNTS } from '../domain/no-accounts.ts';
import type { CheckpointQuery, SealCount } from '../domain/questions.ts';
import type { AccountsView } from '../domain/view.ts';
import type { Registrations } from '../http/user-routes.ts';
import type { EntryIds } from '../ingest/entry-ids.ts';
import type { DeskOutbox } from '../ingest/job-desk-parts.ts';
import { PolledSummaries } from '../ingest/polled-summaries.ts';
import type { CommitReport } from '../store/writer.ts';
import { type EnclaveCommand, EnclaveProcess } from './enclave-process.ts';
import { EnclaveRegistrations } from './enclave-registrations.ts';
import { EnclaveSide } from './enclave-side.ts';

/** Time between two looks whether the outbox has room again, in ms. */
const ROOM_MS = 1_000;

/** The enclave of a service. */
export interface EnclaveOptions {
  /** `ENCLAVE_SOCKET`. */
  readonly socketPath: string;
  /** The enclave that the service starts; absent if somebody else starts it. */
  readonly process?: EnclaveCommand;
}

/** What an {@link AccountsSide} needs of the main thread. */
export interface AccountsSideParts {
  readonly journal: Journal;
  readonly outbox: DeskOutbox;
  readonly entryIds: Pick<EntryIds, 'take'>;
  /** Reads checkpoints; sees every commit before. */
  checkpoints(query: CheckpointQuery): Promise<readonly Checkpoint[]>;
  seals(): Promise<readonly SealCount[]>;
  /** This key signs polled summaries from now on. */
  keyUsed(key: PublicJwk): void;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly clock: Clock;
  readonly timers: Timers;
  random(): number;
}

/** The accounts, from `start` to `stop`. */
export class AccountsSide implements Part {
  readonly registrations: Registrations;
  readonly #parts: AccountsSideParts;
  readonly #started = new AsyncDisposableStack();
  readonly #polled: PolledSummaries;
  readonly #link: EnclaveSide;
  readonly #process: EnclaveProcess | null;
  #stored = 0;

  /** Errors: `settings_invalid` for a path that is too long for a socket. */
  constructor({ socketPath, process: command }: EnclaveOptions, parts: AccountsSideParts) {
    this.#parts = parts;
    const path = linkPath({ path: socketPath, setting: 'ENCLAVE_SOCKET' });
    this.#polled = new PolledSummaries(parts);
    this.#link = new EnclaveSide(path, { ...parts, polled: this.#polled, processId: process.pid });
    this.#process =
      command === undefined
        ? null
        : new EnclaveProcess(command, {
            ...parts,
            isLinked: () => this.#link.isLinked,
            askToStop: () => this.#link.askToStop(),
          });
    this.registrations = new EnclaveRegistrations((question) => this.#link.ask(question));
  }

  /** Takes how many accounts the database has a checkpoint of. Called before `start`. */
  restore(stored: number): void {
    this.#stored = stored;
  }

  /** Begins to connect, and starts the enclave if that is wanted. It waits for neither. */
  async start(): Promise<void> {
    const room = this.#parts.timers.every(ROOM_MS, () => this.#polled.roomChanged());
    this.#started.defer(() => room.cancel());
    await startAt(this.#started, this.#link);
    // It stops first, and hands out what it has.
    if (this.#process !== null) await startAt(this.#started, this.#process);
  }

  async stop(): Promise<void> {
    await this.#started.disposeAsync();
    await this.#polled.idle(null);
  }

  /** Asks a child to end, and does not wait for it. */
  kill(): void {
    this.#process?.kill();
  }

  /** What commits did. Called before those hear it who wait for them. */
  committed(reports: readonly CommitReport[]): void {
    for (const report of reports) this.#polled.committed(report);
  }

  /** The outbox may have room again. */
  roomChanged(): void {
    this.#polled.roomChanged();
  }

  /** The accounts, as the enclave told them last. */
  get rows(): readonly AccountRow[] {
    return this.#link.status?.accounts ?? [];
  }

  /** Who the enclave is that was linked last; null before the first link. */
  get enclave(): EnclaveIdentity | null {
    return this.#link.identity;
  }

  /** The accounts and their enclave at this moment. */
  get view(): AccountsView {
    const { status, isLinked, stranded, problem, links, rubbish } = this.#link;
    const states: Record<NodeState, number> = { online: 0, stale: 0, offline: 0 };
    for (const { node } of this.rows) states[node]++;
    return {
      ...states,
      isLinked,
      known: Math.max(this.rows.length, this.#stored),
      stranded,
      unstored: status?.unstoredSummaries ?? 0,
      problem,
      counters: status?.counters ?? NO_ACCOUNTS.counters,
      link: { links, rubbish, ...this.#polled.counts },
    };
  }
}
