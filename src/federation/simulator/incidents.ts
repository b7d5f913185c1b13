// What happens to the connections of a load test while it sends: cuts, and the restart of the broker.

import type { Clock } from '../../lib/clock.ts';
import { createRandom, type Random } from '../../lib/random.ts';
import type { Fleet } from './fleet.ts';
import type { Incident } from './load-plan.ts';

/** What incidents need. */
export interface IncidentParts {
  readonly seed: number;
  readonly clock: Clock;
  readonly wait: (ms: number) => Promise<void>;
  /** The shell command that restarts the broker; null without one. */
  readonly restartCommand: string | null;
  /** Runs a shell command; resolves with its exit code. */
  runCommand(command: string): Promise<number | null>;
}

/** A cut comes at once after a batch was sent, or up to this time later, so that some of its messages are on their way. */
const CUT_WITHIN_MS = 4;
const CUT_AT_ONCE = 0.5;
/**
 * Sending pauses for this time before the broker is restarted: the answer to a PING does not mean that the messages
 * before it are on the disk.
 */
const RESTART_QUIET_MS = 250;
/** After the restart command this long for the first lost connection. */
const RESTART_SEEN_MS = 30_000;
/** A cut waits for nodes that are still away from the one before, for at most this time. */
const AWAY_MAX_MS = 10_000;
const POLL_MS = 50;

/** Lets planned incidents happen. */
export class Incidents {
  readonly #fleet: Fleet;
  readonly #parts: IncidentParts;
  readonly #random: Random;
  readonly #left: Incident[];
  /** When the next cut comes although nodes are still away; null until it is due. */
  #overdueAtMs: number | null = null;

  constructor(fleet: Fleet, incidents: readonly Incident[], parts: IncidentParts) {
    this.#fleet = fleet;
    this.#parts = parts;
    this.#random = createRandom(parts.seed, 'incidents');
    this.#left = [...incidents];
  }

  /**
   * Performs the incidents up to this time of the plan. A cut comes later if nodes are still away: while the plan goes
   * on, the sending does not wait for it.
   */
  async pass(planMs: number): Promise<void> {
    for (let next = this.#left[0]; next !== undefined && next.atMs <= planMs; next = this.#left[0]) {
      if (next.type === 'cut' && !(await this.#mayCut(planMs === Infinity))) return;
      this.#left.shift();
      this.#overdueAtMs = null;
      if (next.type === 'restart') await this.#restart();
      else {
        if (!this.#random.chance(CUT_AT_ONCE)) await this.#parts.wait(this.#random.next() * CUT_WITHIN_MS);
        this.#fleet.cut(next.awayMs);
      }
    }
  }

  /** True if all nodes are back, or had time enough; `waits`: waits until that is so. */
  async #mayCut(waits: boolean): Promise<boolean> {
    const { clock, wait } = this.#parts;
    this.#overdueAtMs ??= clock.monotonicMs() + AWAY_MAX_MS;
    const isDue = () => this.#fleet.isWhole || clock.monotonicMs() >= (this.#overdueAtMs ?? 0);
    if (!waits) return isDue();
    while (!isDue()) await wait(POLL_MS);
    return true;
  }

  async #restart(): Promise<void> {
    const { wait, clock, runCommand, restartCommand } = this.#parts;
    await this.#fleet.flush();
    await wait(RESTART_QUIET_MS);
    this.#fleet.expectLosses();
    const code = await runCommand(restartCommand ?? 'false');
    if (code !== 0) throw new Error(`The restart command ended with exit code ${code ?? 'none'}.`);
    const deadlineMs = clock.monotonicMs() + RESTART_SEEN_MS;
    while (!this.#fleet.hasLost && clock.monotonicMs() < deadlineMs) await wait(POLL_MS);
  }
}
