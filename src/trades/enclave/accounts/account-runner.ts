// Runs accounts: begins and ends their sessions, polls them when their actors decide so, and does what the actors decide.
// It checks no registration and restores no state.

import type { FailureOutcome } from '../../../actors/restart.ts';
import { CodedError } from '../../../lib/errors.ts';
import type { Timer } from '../../../lib/timers.ts';
import { unreachable } from '../../../lib/unreachable.ts';
import type { AccountCommand, AccountSignal } from '../../domain/account-state.ts';
import { withJitter } from '../../domain/poll-pace.ts';
import type { Account } from './account.ts';
import type { AccountDeskOptions, AccountDeskParts } from './account-desk-parts.ts';
import type { AccountShelf } from './account-shelf.ts';
import type { DeskCounters } from './desk-counters.ts';
import { PollClock } from './poll-clock.ts';
import { Poller } from './poller.ts';
import { askEarly } from './price-asker.ts';
import type { Session } from './session.ts';
import type { StoreLine } from './store-line.ts';
import { SummaryLine } from './summary-line.ts';

/** Time between two looks for sessions that expired. */
const SWEEP_MS = 1_000;

/** What a runner needs besides the wiring's parts. */
export interface RunnerParts extends AccountDeskParts {
  readonly shelf: AccountShelf;
  readonly stores: StoreLine;
  readonly counters: DeskCounters;
}

/** Runs all accounts of the shelf. */
export class AccountRunner {
  readonly #parts: RunnerParts;
  readonly #clock: PollClock<Account>;
  readonly #poller: Poller;
  readonly #summaries: SummaryLine;
  #sweep: Timer | null = null;
  #isStopped = false;

  constructor(options: AccountDeskOptions, parts: RunnerParts) {
    this.#parts = parts;
    const { clock, timers } = parts;
    this.#clock = new PollClock<Account>({ clock, timers, begin: (account) => this.#turn(account) });
    this.#poller = new Poller(options, parts);
    this.#summaries = new SummaryLine(options, parts);
  }

  /** How late polls begin. */
  get lateness(): Pick<PollClock<Account>, 'late' | 'latenessMs'> {
    return this.#clock;
  }

  start(): void {
    this.#sweep = this.#parts.timers.every(SWEEP_MS, () => this.#endExpired());
  }

  /** Makes no request any longer; resolves when polls and seals that were under way have ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#sweep?.cancel();
    this.#clock.stop();
    await Promise.all([...this.#parts.shelf].map((account) => account.alone(async () => undefined)));
  }

  /** Begins a session: the first poll follows as soon as the exchange's budget allows. Its state is stored at once. */
  begin(account: Account, session: Session): void {
    const { actors, shelf } = this.#parts;
    const { apiIntervalMs, retriesMax } = session.facts.options;
    const judge = actors.takeIn(account.id, { apiIntervalMs, retriesMax }, (outcome, error) =>
      this.#failed(account, outcome, error),
    );
    account.begin(session, judge);
    shelf.add(account);
    shelf.began(account);
    this.#summaries.store(account);
    this.#plan(account, 0, false);
  }

  /** Takes the session away, so that another one of the same account can begin. */
  async replace(account: Account): Promise<void> {
    this.#takeSession(account);
    await account.alone(async () => undefined);
  }

  /** Ends the session: no request follows, the credentials are gone, and the open hour is sealed. */
  async end(account: Account, reason: 'expired' | 'removed'): Promise<void> {
    const { judge } = account;
    const commands = account.session === null ? null : (judge?.tell({ type: 'over', reason }) ?? []);
    if (commands === null) return;
    this.#takeSession(account);
    for (const command of commands) this.#do(account, command);
    // An actor that was given up decides nothing.
    await this.flush(account);
  }

  /** Seals what is known of an account without a session. */
  async flush(account: Account): Promise<void> {
    await account.alone(() =>
      this.#logged(account, async () => {
        if (account.session === null) await this.#summaries.flush(account);
      }),
    );
  }

  /** Has the state of the account stored. */
  store(account: Account): void {
    this.#summaries.store(account);
  }

  #takeSession(account: Account): void {
    const { session } = account;
    if (session === null) return;
    session.dropCredentials();
    account.session = null;
    account.endedAtMs = this.#parts.clock.nowMs();
    this.#parts.shelf.ended(account, session.facts.tokenHash);
    this.#parts.counters.sessionsEnded += 1;
    this.#stop(account);
    this.#parts.actors.letGo(account.id);
  }

  #stop(account: Account): void {
    this.#clock.cancel(account);
    account.nextPollAtMs = null;
  }

  #endExpired(): void {
    const nowMs = this.#parts.clock.nowMs();
    for (const account of this.#parts.shelf) {
      const { session } = account;
      if (session !== null && nowMs >= session.facts.expiresAtMs) void this.end(account, 'expired');
    }
    this.#parts.shelf.forget(nowMs);
  }

  /** A poll, or another attempt of one, is due. */
  async #turn(account: Account): Promise<void> {
    const { session, judge } = account;
    account.nextPollAtMs = null;
    if (session === null || judge === null || this.#isOver(account, session)) return;
    if (judge.state === 'waiting')
      this.#tell(account, { type: this.#parts.stores.isFull ? 'blocked' : 'due' });
    if (judge.state !== 'polling') return;
    await account.alone(() => this.#attempt(account, session));
  }

  #isOver(account: Account, session: Session): boolean {
    return this.#isStopped || account.session !== session || session.isOverAt(this.#parts.clock.nowMs());
  }

  async #attempt(account: Account, session: Session): Promise<void> {
    const isOver = () => this.#isOver(account, session);
    const signal = await this.#poller.attempt(account, session, isOver);
    if (signal === null || account.session !== session) return;
    account.lastPollAtMs = this.#parts.clock.nowMs();
    if (signal.type === 'polled')
      await this.#logged(account, async () => {
        await this.#summaries.sealDue(account, isOver);
        await askEarly(account, isOver);
      });
    if (account.session !== session) return;
    this.#tell(account, signal);
    // While it polls, another attempt follows.
    if (signal.type === 'failed' && account.judge?.state !== 'polling')
      this.#parts.counters.polls.failed += 1;
  }

  /** What cannot be sealed stays due, and is tried again after the next poll. */
  async #logged(account: Account, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      // The text of an error of another kind may have amounts in it.
      const code = error instanceof CodedError ? error.code : error instanceof Error ? error.name : 'unknown';
      this.#parts.log.error(
        `accounts: a summary of account ${account.id} could not be made (${code}); it is tried again after the next poll`,
      );
    }
  }

  #tell(account: Account, signal: AccountSignal): void {
    for (const command of account.judge?.tell(signal) ?? []) this.#do(account, command);
  }

  #do(account: Account, command: AccountCommand): void {
    switch (command.type) {
      case 'plan':
        this.#plan(account, withJitter(command.afterMs, this.#parts.random()), command.isBehind);
        return;
      case 'retry':
        this.#plan(account, command.afterMs, false);
        return;
      case 'stop':
        this.#stop(account);
        this.#suspend(account);
        return;
      case 'poll':
      case 'flush':
      case 'moved':
        // The turn makes the attempt, the end of the session flushes, and rows are read from the actor.
        return;
      default:
        unreachable(command);
    }
  }

  /** A restart must not try again what was refused: the stored state has no credentials any more. */
  #suspend(account: Account): void {
    if (account.session === null) return;
    account.session.dropCredentials();
    this.#summaries.store(account);
  }

  #plan(account: Account, afterMs: number, isBehind: boolean): void {
    if (account.session === null || this.#isStopped) return;
    const { clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    const { venue, place } = account;
    const atMs = venue.reserve(venue.pollWorkMs(place.accountType), nowMs + afterMs);
    account.nextPollAtMs = Math.round(clock.nowMs() + atMs - nowMs);
    this.#clock.plan(account, atMs, isBehind);
  }

  #failed(account: Account, outcome: FailureOutcome, error: unknown): void {
    const fate =
      outcome === 'restarted'
        ? 'it was started again'
        : 'the account is not polled any more before it is registered again';
    this.#parts.log.error(
      `accounts: the actor of account ${account.id} failed, which is a defect of the program; please report it: ${fate}`,
      { error },
    );
  }
}
