// One or three real nats-servers of a cluster, with all that can happen to them: killed, stopped, frozen, cut off from one
// another, back with an empty disk. It ends only processes that it started.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newestBinary } from '../../src/io/embedded-broker/find-binary.ts';
import { CutProxy } from './cut-proxy.ts';
import { freePort } from './free-port.ts';
import { BROKER_PASSWORDS, brokerConfig, type BrokerPlace } from './nats-cluster-config.ts';
import { until } from './until.ts';

export interface NatsClusterOptions {
  readonly servers: 1 | 3;
  /** Path of the nats-server; by default the newest that the tests have (NATS_SERVER_CURRENT_BIN), else NATS_SERVER_BIN. */
  readonly bin?: string;
}

/** The brokers of one test. Servers are counted from 0; server `i` has the name `truebit-<i+1>` and the tag `ingest-<i+1>`. */
export interface NatsCluster extends AsyncDisposable {
  /** The version of nats-server, as `2.15.3`. */
  readonly version: string;
  /** Addresses of the servers, without a login: a client is a monitor. */
  readonly urls: readonly string[];
  readonly wsUrls: readonly string[];
  /** Addresses of the servers' own HTTP (`/jsz`, `/healthz`). */
  readonly monitorUrls: readonly string[];
  /** The login of the program. */
  readonly login: { readonly user: string; readonly pass: string };
  /** The login of the broker's operator, in the account SYSTEM. */
  readonly systemLogin: { readonly user: string; readonly pass: string };
  /** Settings of the program for these brokers. */
  readonly env: Readonly<Record<string, string>>;
  /** The process of a server, also after it ended. */
  process(i: number): ChildProcess;
  /** SIGKILL; resolves when the process has ended. */
  kill(i: number): Promise<void>;
  /** Starts a server that ended; resolves when it is healthy. */
  restart(i: number): Promise<void>;
  /** Stops a server by lame duck: it hands over its leaderships and its clients first. Resolves when it has ended. */
  lameDuck(i: number): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  stop(i: number): void;
  cont(i: number): void;
  /** Cuts a server off from the other servers, and from no client; and connects it again. */
  isolate(i: number): void;
  heal(i: number): void;
  /** Kills a server and deletes its disk. */
  wipe(i: number): Promise<void>;
  /** Resolves when all servers that run are healthy and know the leader of the meta group. */
  ready(): Promise<void>;
}

/** Starts the servers and waits until they are ready. */
export async function startNatsCluster(options: NatsClusterOptions): Promise<NatsCluster> {
  const cluster = new Brokers(options.bin ?? (await currentBinary()));
  try {
    await cluster.start(options.servers);
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

async function currentBinary(): Promise<string> {
  const current = process.env['NATS_SERVER_CURRENT_BIN'] ?? '';
  const override = current === '' ? process.env['NATS_SERVER_BIN'] : current;
  return (await newestBinary({ override, searchPath: process.env['PATH'] ?? '' })).path;
}

interface Server {
  readonly place: BrokerPlace;
  readonly file: string;
  child: ChildProcess;
  ended: Promise<void>;
}

class Brokers implements NatsCluster {
  readonly version: string;
  readonly login = { user: 'aggregator', pass: BROKER_PASSWORDS.NATS_AGGREGATOR_PASSWORD };
  readonly systemLogin = { user: 'system', pass: BROKER_PASSWORDS.NATS_SYSTEM_PASSWORD };
  readonly #binary: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'aggregator-nats-cluster-'));
  readonly #servers: Server[] = [];
  /** Every line between two servers: `from` dials, `to` listens. */
  readonly #lines: { readonly from: number; readonly to: number; readonly proxy: CutProxy }[] = [];

  constructor(binary: string) {
    this.#binary = binary;
    this.version = /v(\d+\.\d+\.\d+)/.exec(execFileSync(binary, ['-v']).toString())?.[1] ?? '0.0.0';
  }

  async start(count: number): Promise<void> {
    const indexes = Array.from({ length: count }, (_one, index) => index);
    const routePorts = await Promise.all(indexes.map(() => freePort()));
    for (const index of indexes) {
      const routes: number[] = [];
      for (const [to, target] of routePorts.entries()) {
        if (to === index) continue;
        const port = await freePort();
        this.#lines.push({ from: index, to, proxy: await CutProxy.listen(port, target) });
        routes.push(port);
      }
      await this.#add(index, routePorts[index] ?? 0, routes);
    }
    await this.ready();
  }

  async #add(index: number, routePort: number, routes: readonly number[]): Promise<void> {
    const place: BrokerPlace = {
      number: index + 1,
      port: await freePort(),
      wsPort: await freePort(),
      monitorPort: await freePort(),
      routePort,
      routes,
      storeFolder: join(this.#folder, `store-${index + 1}`),
    };
    const file = join(this.#folder, `broker-${index + 1}.conf`);
    writeFileSync(file, brokerConfig(place, !/^2\.[0-9]\./.test(this.version)));
    this.#servers.push({ place, file, ...this.#spawn(file) });
  }

  #spawn(file: string): Pick<Server, 'child' | 'ended'> {
    const child = spawn(this.#binary, ['--config', file, '--log', `${file}.log`], {
      stdio: 'ignore',
      env: { ...process.env, ...BROKER_PASSWORDS },
    });
    return { child, ended: new Promise((resolve) => child.once('exit', () => resolve())) };
  }

  #server(i: number): Server {
    const server = this.#servers[i];
    if (server === undefined) throw new RangeError(`There is no server ${i}.`);
    return server;
  }

  get urls(): readonly string[] {
    return this.#servers.map(({ place }) => `nats://127.0.0.1:${place.port}`);
  }

  get wsUrls(): readonly string[] {
    return this.#servers.map(({ place }) => `ws://127.0.0.1:${place.wsPort}`);
  }

  get monitorUrls(): readonly string[] {
    return this.#servers.map(({ place }) => `http://127.0.0.1:${place.monitorPort}`);
  }

  get env(): Readonly<Record<string, string>> {
    return {
      EMBEDDED_NATS: 'off',
      NATS_URL: this.urls.join(','),
      NATS_USER: this.login.user,
      NATS_PASSWORD: this.login.pass,
    };
  }

  process(i: number): ChildProcess {
    return this.#server(i).child;
  }

  async kill(i: number): Promise<void> {
    const { child, ended } = this.#server(i);
    child.kill('SIGKILL');
    await ended;
  }

  async restart(i: number): Promise<void> {
    const server = this.#server(i);
    if (isRunning(server)) throw new Error(`Server ${i} still runs.`);
    Object.assign(server, this.#spawn(server.file));
    await this.#untilReady(server);
  }

  async lameDuck(i: number): Promise<void> {
    const { child, ended } = this.#server(i);
    child.kill('SIGUSR2');
    await ended;
  }

  stop(i: number): void {
    this.process(i).kill('SIGSTOP');
  }

  cont(i: number): void {
    this.process(i).kill('SIGCONT');
  }

  isolate(i: number): void {
    for (const { proxy } of this.#linesOf(i)) proxy.cut();
  }

  heal(i: number): void {
    for (const { proxy } of this.#linesOf(i)) proxy.heal();
  }

  #linesOf(i: number) {
    return this.#lines.filter(({ from, to }) => from === i || to === i);
  }

  async wipe(i: number): Promise<void> {
    await this.kill(i);
    rmSync(this.#server(i).place.storeFolder, { recursive: true, force: true });
  }

  async ready(): Promise<void> {
    await Promise.all(this.#servers.filter(isRunning).map((server) => this.#untilReady(server)));
  }

  async #untilReady(server: Server): Promise<void> {
    const { place } = server;
    await until(`nats-server ${place.number} to be ready`, async () => {
      if (!isRunning(server)) throw new Error(`nats-server ${place.number} ended: see ${server.file}.log`);
      const [health, jetstream] = await Promise.all([
        answerOf(place.monitorPort, '/healthz'),
        answerOf(place.monitorPort, '/jsz'),
      ]);
      if (health?.['status'] !== 'ok' || jetstream === null) return false;
      if (place.routes.length === 0) return true;
      const meta = jetstream['meta_cluster'] as { leader?: string; cluster_size?: number } | undefined;
      return (meta?.leader ?? '') !== '' && meta?.cluster_size === this.#servers.length;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#servers.map(async ({ child, ended }) => {
        child.kill('SIGKILL');
        await ended;
      }),
    );
    for (const { proxy } of this.#lines) await proxy[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function isRunning({ child }: Server): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** The JSON at a path of a server's own HTTP; null without an answer. */
async function answerOf(port: number, path: string): Promise<Record<string, unknown> | null> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(2_000) });
    return (await answer.json()) as Record<string, unknown>;
  } catch {
    return null;
  }
}
