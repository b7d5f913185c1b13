// Connections of a fleet in memory: what they publish goes to one receiver at once or is lost at a cut, and a test
// decides when the broker answers.

import type { Dial, NodeConnection } from '../../../src/federation/simulator/fleet-connection.ts';

export interface FakeWire {
  readonly dial: Dial;
  /** Number of connections made so far. */
  readonly dialled: () => number;
  /** While true no PING is answered. */
  isSilent: boolean;
  /** While true what is published does not arrive. */
  isDeaf: boolean;
  /** While true no connection can be made. */
  isDown: boolean;
  /** Ends every connection that is open. */
  endAll(): void;
  /** Lets the broker forbid something. */
  refuse(reason: string): void;
}

export function fakeWire(receive: (subject: string, payload: Uint8Array) => void): FakeWire {
  const open = new Set<{ end(): void; refuse(reason: string): void }>();
  let dialled = 0;
  const wire: FakeWire = {
    dialled: () => dialled,
    isSilent: false,
    isDeaf: false,
    isDown: false,
    endAll() {
      for (const connection of open) connection.end();
    },
    refuse(reason) {
      for (const connection of open) connection.refuse(reason);
    },
    async dial(onRefused) {
      dialled += 1;
      if (wire.isDown) throw new Error('connection refused');
      const ended = Promise.withResolvers<void>();
      const handle = { end: () => connection.cut(), refuse: onRefused };
      let isOpen = true;
      const connection: NodeConnection = {
        ended: ended.promise,
        brokerVersion: '2.10.0',
        publish(subject, payload) {
          if (!wire.isDeaf) receive(subject, payload);
        },
        async flush() {
          if (isOpen && !wire.isSilent) return;
          await ended.promise;
          throw new Error('The connection ended.');
        },
        cut() {
          isOpen = false;
          open.delete(handle);
          ended.resolve();
        },
      };
      open.add(handle);
      return connection;
    },
  };
  return wire;
}
