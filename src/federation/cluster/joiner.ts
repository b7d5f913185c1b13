// Tries to join the cluster until that has succeeded, or a refusal ends the process. The steps are in joining.ts; when to
// try, the owner decides.

import { CodedError } from '../../lib/errors.ts';
import { type Joined, type JoiningParts, tryToJoin } from './joining.ts';
import type { Reached } from './reach.ts';

/** What a {@link Joiner} needs of its owner. */
export interface JoinerParts extends JoiningParts {
  /** Null while there is no connection. */
  reach(): Promise<Reached | null>;
  /** The process has joined. Called at most once. */
  joined(joined: Joined): Promise<void>;
  log(level: 'warn', sentence: string): void;
  /** The process cannot join. Called at most once. */
  fatal(error: CodedError): void;
}

/** The attempts of one process, one at a time. */
export class Joiner {
  readonly #parts: JoinerParts;
  #isBusy = false;
  /** True when the process has joined, has been refused or stops. */
  #isOver = false;
  #problem: string | null = 'the cluster has not been joined yet';

  constructor(parts: JoinerParts) {
    this.#parts = parts;
  }

  /** Why the process has not joined; null once it has. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Makes one attempt, unless one is under way, has succeeded or was refused. Never rejects. */
  async try(): Promise<void> {
    if (this.#isBusy || this.#isOver) return;
    this.#isBusy = true;
    try {
      const reached = await this.#parts.reach();
      if (reached !== null) await this.#join(reached);
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isBusy = false;
    }
  }

  /** No further attempt; one that is under way has no effect any more. */
  stop(): void {
    this.#isOver = true;
  }

  async #join(reached: Reached): Promise<void> {
    const joined = await tryToJoin(reached, this.#parts);
    if (this.#isOver) return;
    this.#isOver = true;
    this.#problem = null;
    await this.#parts.joined(joined);
  }

  #failed(error: unknown): void {
    if (this.#isOver) return;
    const sentence = error instanceof Error ? error.message : 'unknown error';
    const isNews = this.#problem !== sentence;
    this.#problem = sentence;
    if (error instanceof CodedError) {
      this.#isOver = true;
      this.#parts.fatal(error);
    } else if (isNews) this.#parts.log('warn', `cluster: not joined yet (${sentence}); trying again`);
  }
}
