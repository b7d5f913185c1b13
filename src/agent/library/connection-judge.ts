// The actor of a client's connection under a supervisor of its own, as the sinks need it. It decides nothing itself.

import { Supervisor } from '../../actors/supervisor.ts';
import { ConnectionActor } from '../actors/connection-actor.ts';
import type { ConnectionJudge } from '../domain/connection-state.ts';

/** The supervisor judges the silence of nodes, and here there are none. */
const NO_NODES = { staleAfterMs: 1, offlineAfterMs: 2, forgetAfterMs: 3 };

/** Makes the actor. `failed` is called if it throws, which is a defect of this program. */
export function createConnectionJudge(failed: (error: unknown) => void): ConnectionJudge {
  const supervisor = new Supervisor(NO_NODES, {
    facts: () => undefined,
    failed: ({ error }) => failed(error),
  });
  const actor = new ConnectionActor({ failed: (_outcome, error) => failed(error) });
  supervisor.takeIn(actor);
  return actor;
}
