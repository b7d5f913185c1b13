// Signals for tests of the parts behind the door.

import type { Signal } from '../../src/federation/domain/signal.ts';

/** A heartbeat that carries nothing: the one message that is never a duplicate. */
export function heartbeatOf(nodeId: string): Signal {
  return {
    type: 'heartbeat',
    nodeId,
    alive: true,
    totalTasks: 7,
    activeTasks: 5,
    continent: 7,
    location: null,
  };
}
