// A flood of invented node ids beside real nodes that continue their work: shared by the test and the bench.

import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { connect, type NatsConnection } from 'nats';
import type { Aggregator } from './aggregator.ts';
import { heartbeat, nodeJoined, type Publication, taskCompleted, taskReceived } from './messages.ts';

const BURST = 500;

/** Publishes `count` messages under as many unused ids, at most `perSecond`; every other one is a join. */
export async function flood(natsUrl: string, count: number, perSecond: number): Promise<void> {
  const connections = await Promise.all([1, 2, 3, 4].map(() => connect({ servers: natsUrl })));
  const startedMs = performance.now();
  for (let sent = 0; sent < count; ) {
    const connection = connections[(sent / BURST) % connections.length];
    for (const end = Math.min(count, sent + BURST); sent < end; sent++) {
      const nodeId = `invented-${sent.toString(36).padStart(8, '0')}`;
      const { subject, payload } = sent % 2 === 0 ? nodeJoined(nodeId) : heartbeat(nodeId);
      connection?.publish(subject, payload);
    }
    await connection?.flush();
    const aheadMs = (sent / perSecond) * 1000 - (performance.now() - startedMs);
    if (aheadMs > 10) await wait(aheadMs);
  }
  await Promise.all(connections.map((connection) => connection.close()));
}

export interface RealNodes {
  /** Messages and tasks that they have sent. */
  readonly sent: number;
  readonly tasks: number;
  /** Stops sending; resolves when the broker has received all messages. */
  stop(): Promise<void>;
}

/** Nodes that each beat, and do a task, about once every `intervalMs`, until they are stopped. */
export function realNodes(connection: NatsConnection, count: number, intervalMs: number): RealNodes {
  let [sent, tasks] = [0, 0];
  const publish = (publications: readonly Publication[]) => {
    for (const { subject, payload } of publications) connection.publish(subject, payload);
    sent += publications.length;
  };
  const ids = Array.from({ length: count }, (_, index) => `node-real-${index}`);
  publish(ids.map((id) => nodeJoined(id)));
  const timer = setInterval(() => {
    // A test that failed closes the connection.
    if (connection.isClosed()) return;
    for (const id of ids) {
      publish([heartbeat(id), taskReceived(tasks, id), taskCompleted(tasks, true, id)]);
      tasks++;
    }
  }, intervalMs);
  return {
    get sent() {
      return sent;
    },
    get tasks() {
      return tasks;
    },
    async stop() {
      clearInterval(timer);
      await connection.flush();
    },
  };
}

/** Memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

/** Sends new nodes until one is admitted; resolves to the time that this took, in ms. */
export async function untilNewNodeIsLetIn(program: Aggregator, connection: NatsConnection): Promise<number> {
  const startedMs = performance.now();
  for (let attempt = 0; ; attempt++) {
    const nodeId = `node-late-${attempt}`;
    const { subject, payload } = nodeJoined(nodeId);
    connection.publish(subject, payload);
    await connection.flush();
    // Longer than the server shares an answer; otherwise the loop would only see a "no" from before the commit.
    for (let look = 0; look < 40; look++) {
      if ((await program.get(`/api/federation/nodes/${nodeId}`)).status === 200)
        return performance.now() - startedMs;
      await wait(50);
    }
  }
}
