// The programs of one run: a broker, an aggregator, and an agent for each node. The harness kills each of them and starts
// it again; it never changes what they keep.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type NatsConnection } from 'nats';
import { type AgentProgram, spawnAgent } from '../../support/agent-program.ts';
import { type Aggregator, startAggregator } from '../../support/aggregator.ts';
import { freePort } from '../../support/free-port.ts';
import { type NatsServer, startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';

/** Who is killed. `agents`: each of them. */
export type Victim = 'broker' | 'aggregator' | 'agents';

export const TRIAL_SALT = '0123456789abcdef'.repeat(4);
/** A PONG does not mean that the broker has written the message: it writes what it took within this time. */
const BROKER_WRITES_MS = 25;

/** The programs of a run in a folder of their own. */
export class Programs {
  readonly folder = mkdtempSync(join(tmpdir(), 'agent-trial-'));
  /** All agents that ever ran, for their logs. */
  readonly agentsEver: AgentProgram[] = [];
  readonly #nodes: number;
  #broker: NatsServer | null = null;
  /** Hears the agents, so that a kill can come in the middle of a batch. */
  #listener: NatsConnection | null = null;
  readonly #waiting: (() => void)[] = [];
  #aggregator: Aggregator | null = null;
  readonly #agents: AgentProgram[] = [];
  #ports = { broker: 0, http: 0 };

  constructor(nodes: number) {
    this.#nodes = nodes;
  }

  /** The folder of a node's files and of its agent's state. */
  nodeFolder(node: number): string {
    return join(this.folder, `node-${node}`);
  }

  get databasePath(): string {
    return join(this.folder, 'aggregator.db');
  }

  get streamFolder(): string {
    return join(this.folder, 'stream');
  }

  async start(): Promise<void> {
    this.#ports = { broker: await freePort(), http: await freePort() };
    await this.startBroker();
    this.#listener = await connect({
      servers: `nats://127.0.0.1:${this.#ports.broker}`,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 20,
    });
    for (const subject of ['truebit.tasks.>', 'truebit.invoices.>'])
      this.#listener.subscribe(subject, { callback: () => this.#hear() });
    this.startAggregator();
    // Agents that ask to join before it answers would ask again after some seconds.
    await this.#aggregator?.ready();
    for (let node = 0; node < this.#nodes; node++) {
      mkdirSync(this.nodeFolder(node), { recursive: true });
      this.startAgent(node);
    }
  }

  async startBroker(): Promise<void> {
    this.#broker = await startNatsServer({ storeFolder: this.streamFolder, port: this.#ports.broker });
  }

  startAggregator(): void {
    this.#aggregator = startAggregator(
      {
        DB_PATH: this.databasePath,
        EMBEDDED_NATS: 'off',
        NATS_URL: `nats://127.0.0.1:${this.#ports.broker}`,
        HTTP_PORT: String(this.#ports.http),
        FEDERATION_SALT: TRIAL_SALT,
        PUBLISH_INTERVAL: '1000',
        RATE_LIMIT_PER_MINUTE: '0',
        NEW_NODES_PER_MINUTE: '0',
        WORKERS: '1',
      },
      undefined,
      { cwd: this.folder },
    );
  }

  startAgent(node: number): void {
    const agent = spawnAgent(this.nodeFolder(node), {
      FEDERATION_NATS_URL: `nats://127.0.0.1:${this.#ports.broker}`,
      NODE_CONTINENT: 'EU',
    });
    this.#agents[node] = agent;
    this.agentsEver.push(agent);
  }

  /** Resolves at the next message of an agent, or when the time is over. */
  async nextMessage(waitMs: number): Promise<void> {
    const heard = Promise.withResolvers<void>();
    this.#waiting.push(heard.resolve);
    const timer = setTimeout(heard.resolve, waitMs);
    await heard.promise;
    clearTimeout(timer);
  }

  #hear(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Kills a victim, waits, and starts it again. */
  async killAndStart(victim: Victim, pauseMs: number): Promise<void> {
    if (victim === 'broker') {
      await this.#killBroker();
      await delay(pauseMs);
      await this.startBroker();
    } else if (victim === 'aggregator') {
      this.#aggregator?.process.kill('SIGKILL');
      await this.#aggregator?.exit;
      await delay(pauseMs);
      this.startAggregator();
    } else {
      await Promise.all(this.#agents.map((agent) => agent.kill()));
      await delay(pauseMs);
      for (let node = 0; node < this.#nodes; node++) this.startAgent(node);
    }
  }

  /** The agents sleep until the broker has written what they sent last; then it is killed. */
  async #killBroker(): Promise<void> {
    const agents = this.#agents.filter(
      ({ process: { exitCode, signalCode } }) => exitCode === null && signalCode === null,
    );
    for (const { process: agent } of agents) agent.kill('SIGSTOP');
    try {
      await delay(2 * BROKER_WRITES_MS);
      await this.#broker?.stop('SIGKILL');
    } finally {
      for (const { process: agent } of agents) agent.kill('SIGCONT');
    }
  }

  /** Resolves when every agent has sent everything, and the aggregator has counted it. */
  async settled(timeoutMs: number): Promise<void> {
    await this.#aggregator?.ready(timeoutMs);
    await Promise.all(this.#agents.map((agent) => agent.settled(timeoutMs)));
    await this.#aggregator?.ready(timeoutMs);
  }

  /** The published numbers, once the aggregator has made a tick of its own since the call. */
  async statistics(): Promise<Readonly<Record<string, unknown>>> {
    const read = async () => (await this.#aggregator?.get('/api/federation/network-stats'))?.body ?? {};
    const before = (await read())['timestamp'];
    return until('the next tick', async () => {
      const body = await read();
      return body['timestamp'] === before ? null : body;
    });
  }

  async stop(): Promise<void> {
    await this.#listener?.close();
    await Promise.all(this.#agents.map((agent) => agent.stop()));
    await this.#aggregator?.stop();
    await this.#broker?.stop();
  }

  async killAll(): Promise<void> {
    await this.#listener?.close();
    await Promise.all(this.#agents.map((agent) => agent.kill()));
    this.#aggregator?.process.kill('SIGKILL');
    await this.#aggregator?.exit;
    await this.#broker?.stop('SIGKILL');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
