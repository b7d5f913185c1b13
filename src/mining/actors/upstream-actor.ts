// The running actor of one upstream: a ward of the supervisor, which starts it again after a failure from what it last
// remembered. The rules are the machine's (upstream.ts).

import { type Actor, type AnyActorRef, createActor, type SnapshotFrom } from 'xstate';
import type { FailureOutcome } from '../../actors/restart.ts';
import type { Ward } from '../../actors/supervisor.ts';
import type {
  UpstreamCommand,
  UpstreamJudge,
  UpstreamSignal,
  UpstreamState,
} from '../domain/upstream-state.ts';
import { initialContext, upstreamMachine } from './upstream.ts';

/** What an {@link UpstreamActor} needs of its owner. */
export interface UpstreamActorParts {
  /** The actor threw, which is a defect of the program. A given up actor keeps its state. */
  failed(outcome: FailureOutcome, error: unknown): void;
}

/** The actor of one upstream; it decides from the moment when the supervisor has taken it in. */
export class UpstreamActor implements Ward, UpstreamJudge {
  readonly id: string;
  readonly #parts: UpstreamActorParts;
  #snapshot: SnapshotFrom<typeof upstreamMachine>;
  #actor: Actor<typeof upstreamMachine> | null = null;
  #commands: UpstreamCommand[] = [];

  /** `nowMs` on a clock that never goes back. */
  constructor(name: string, nowMs: number, parts: UpstreamActorParts) {
    this.id = UpstreamActor.idOf(name);
    this.#parts = parts;
    this.#snapshot = upstreamMachine.resolveState({ value: 'probing', context: initialContext(nowMs) });
  }

  /** The supervisor's id of the actor of this upstream. */
  static idOf(name: string): string {
    return `upstream ${name}`;
  }

  get state(): UpstreamState {
    return this.#snapshot.value;
  }

  tell(signal: UpstreamSignal): readonly UpstreamCommand[] {
    this.#commands = [];
    const actor = this.#actor;
    // The supervisor may have let it go.
    if (actor === null || actor.getSnapshot().status !== 'active') return [];
    actor.send(signal);
    const snapshot = actor.getSnapshot();
    // After a failure this is not active, and the last one counts.
    if (snapshot.status === 'active') this.#snapshot = snapshot;
    return this.#commands;
  }

  start(parent: AnyActorRef): Actor<typeof upstreamMachine> {
    const input = this.#snapshot.context;
    const actor = createActor(upstreamMachine, { id: this.id, snapshot: this.#snapshot, parent, input });
    actor.on('*', (command) => this.#commands.push(command));
    this.#actor = actor;
    return actor.start();
  }

  failed(outcome: FailureOutcome, error: unknown): void {
    if (outcome === 'given_up') this.#actor = null;
    this.#parts.failed(outcome, error);
  }
}
