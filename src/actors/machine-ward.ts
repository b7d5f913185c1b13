// A ward whose actor runs a machine: the supervisor starts it again after a failure from what the machine last remembered.
// It knows no machine: its owner hands one in.

import type { AnyActor, AnyActorRef } from 'xstate';
import type { FailureOutcome } from './restart.ts';
import type { Ward } from './supervisor.ts';

/** The running actor of a machine, as its ward uses it. */
export interface MachineActor<Snapshot, Signal, Command> {
  send(signal: Signal): void;
  getSnapshot(): Snapshot;
  on(type: '*', handler: (command: Command) => void): unknown;
  start(): AnyActor;
}

/** What a {@link MachineWard} needs. */
export interface MachineWardParts<Snapshot, Signal, Command> {
  /** Unique among the wards. */
  readonly id: string;
  /** Where the machine begins. */
  readonly snapshot: Snapshot;
  /** True if a signal that made the actor throw is told once more after the restart, because nothing else repeats it. */
  readonly tellsAgain: boolean;
  /** Makes an actor that goes on from the snapshot; the ward starts it. */
  create(snapshot: Snapshot, id: string, parent: AnyActorRef): MachineActor<Snapshot, Signal, Command>;
  /** The actor threw, which is a defect of the program. A given up actor keeps its state. */
  failed(outcome: FailureOutcome, error: unknown): void;
}

/** The ward; its actor decides from the moment when the supervisor has taken it in. */
export class MachineWard<Snapshot extends { readonly status: string }, Signal, Command> implements Ward {
  readonly id: string;
  readonly #parts: MachineWardParts<Snapshot, Signal, Command>;
  #snapshot: Snapshot;
  #actor: MachineActor<Snapshot, Signal, Command> | null = null;
  #commands: Command[] = [];
  /** True if the signal at hand made the actor throw, and the supervisor started it again. */
  #wasRestarted = false;

  constructor(parts: MachineWardParts<Snapshot, Signal, Command>) {
    this.id = parts.id;
    this.#parts = parts;
    this.#snapshot = parts.snapshot;
  }

  /** What the machine remembers: the last state in which it did not throw. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Tells the actor what happened; returns what is to be done, in order. Without effect once the actor is let go. */
  tell(signal: Signal): readonly Command[] {
    this.#wasRestarted = false;
    const commands = this.#send(signal);
    return this.#wasRestarted && this.#parts.tellsAgain ? this.#send(signal) : commands;
  }

  start(parent: AnyActorRef): AnyActor {
    const actor = this.#parts.create(this.#snapshot, this.id, parent);
    actor.on('*', (command) => this.#commands.push(command));
    this.#actor = actor;
    return actor.start();
  }

  failed(outcome: FailureOutcome, error: unknown): void {
    this.#commands = [];
    if (outcome === 'given_up') this.#actor = null;
    else this.#wasRestarted = true;
    this.#parts.failed(outcome, error);
  }

  #send(signal: Signal): readonly Command[] {
    this.#commands = [];
    const actor = this.#actor;
    // The supervisor may have let it go.
    if (actor?.getSnapshot().status !== 'active') return [];
    actor.send(signal);
    const snapshot = actor.getSnapshot();
    // After a failure this snapshot is not active, and the last good one stays.
    if (snapshot.status === 'active') this.#snapshot = snapshot;
    return this.#commands;
  }
}
