// Changes the identity of a node whose agent does not run: for the commands `adopt`, `trust` and `forget`. It takes the lock
// of the state file, and refuses while an agent holds it.

import type { AgentIdentity } from '../domain/agent-state.ts';
import { openState } from './open-state.ts';

/** What a change did. */
export interface IdentityChange {
  readonly before: AgentIdentity;
  readonly after: AgentIdentity;
  /** True if there was no state before. */
  readonly isNew: boolean;
  /** Sentences about a state that was moved aside. */
  readonly warnings: readonly string[];
}

/**
 * Changes the identity, in the state file and beside it; both are on the disk afterwards. `nowMs` is the wall clock.
 * Errors: those of `openState`, and those of the disk.
 */
export function changeIdentity(
  path: string,
  nowMs: number,
  change: (identity: AgentIdentity) => AgentIdentity,
): IdentityChange {
  const state = openState({ path, nowMs });
  try {
    const { writer, opened } = state;
    const before = writer.identity;
    writer.change(() => writer.setIdentity(change(before)), true);
    state.noteCommits();
    return { before, after: writer.identity, isNew: opened.isNew, warnings: opened.warnings };
  } finally {
    state.close(true, () => undefined);
  }
}
