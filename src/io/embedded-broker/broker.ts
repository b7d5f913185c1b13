// The embedded broker: finds a nats-server, starts it or takes over a running one, keeps it running and stops it. It
// never connects as a NATS client, and never ends a process that it has not identified as its own.

import { rmSync } from 'node:fs';
import { CodedError } from '../../lib/errors.ts';
import type { Part } from '../../lib/part.ts';
import { type BrokerRights, configurationText } from './configuration.ts';
import { installConfiguration, readConfiguration } from './configuration-file.ts';
import { type Credentials, loadCredentials } from './credentials.ts';
import { type BrokerEndpoint, foreignEndpoint, ownEndpoint } from './endpoint.ts';
import { newestBinary } from './find-binary.ts';
import { firstLogin } from './first-login.ts';
import { type BrokerFiles, brokerFiles, explainFolder, requireWritableFolder } from './folder.ts';
import { boundLog } from './log-file.ts';
import { findForeignServer, findLeftover, requireOurPorts } from './other-servers.ts';
import { adoptServer, type ServerProcess, startServer } from './server-process.ts';
import { type Binary, noteStoreVersion, requireReadableStore } from './store-version.ts';
import { type Supervision, supervise } from './supervision.ts';
import type { Version } from './version.ts';

export type { BrokerEndpoint } from './endpoint.ts';

const LOG_CHECK_MS = 5_000;
const FOREIGN_PORT = 4_222;

/** The settings of the same names, and the rights of the program's clients. */
export interface BrokerOptions {
  readonly rights: BrokerRights;
  readonly dir: string;
  readonly host: string;
  readonly port: number;
  /** 0: the broker has no WebSocket listener. */
  readonly wsPort: number;
  /** With `tlsKey`: the WebSocket listener uses wss. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly monitorPassword?: string | undefined;
  /** The setting NATS_SERVER_BIN. */
  readonly binary?: string | undefined;
  /** The variable PATH, in which to search for nats-server. */
  readonly searchPath: string;
  /** `auto` uses a foreign NATS server at localhost:4222; `on` never does. */
  readonly mode: 'auto' | 'on';
  /** The port at which `auto` looks for a foreign server. Only tests set it, because they cannot reserve 4222. */
  readonly foreignPort?: number | undefined;
  /** Time that a server has until it answers; only tests set it. */
  readonly readyTimeoutMs?: number | undefined;
}

/** What the broker needs from its program. `onDown` and `onUp` alternate; neither `start` nor `stop` calls them. */
export interface BrokerParts {
  /** Locks the folder for this program until `release`, or until the process ends. Throws `broker_folder_in_use`. */
  lockFolder(folder: string): { release(): void };
  log(level: 'info' | 'warn' | 'error', message: string): void;
  onDown(reason: string): void;
  onUp(): void;
}

/** The broker; it can be started once. When `stop` resolves, none of its processes is left. */
export interface EmbeddedBroker extends Part<BrokerEndpoint> {
  /**
   * Resolves when clients can log in. Throws `broker_foreign`, `port_in_use`, `broker_binary_missing`,
   * `broker_folder_in_use`, `broker_store_newer`, `folder_not_writable` or `broker_start_failed`; then no server of this program is running.
   */
  start(): Promise<BrokerEndpoint>;
  stop(): Promise<void>;
  /** Kills the server without waiting, for a program that ends at once. */
  kill(): void;
}

/**
 * Makes the broker; it does nothing before `start`. Two brokers cannot share `dir`, because each holds the folder's
 * lock while it runs.
 */
export function createEmbeddedBroker(options: BrokerOptions, parts: BrokerParts): EmbeddedBroker {
  return new OwnBroker(options, parts);
}

/** What the program needs to start its server. */
interface Recipe {
  readonly binary: Binary;
  readonly credentials: Credentials;
  /** The text of the configuration file. */
  readonly text: string;
}

class OwnBroker implements EmbeddedBroker {
  readonly #options: BrokerOptions;
  readonly #parts: BrokerParts;
  readonly #files: BrokerFiles;
  readonly #stopping = new AbortController();
  #starting: Promise<BrokerEndpoint> | null = null;
  #lock: { release(): void } | null = null;
  #supervision: Supervision | null = null;
  #logTimer: NodeJS.Timeout | undefined;

  constructor(options: BrokerOptions, parts: BrokerParts) {
    this.#options = options;
    this.#parts = parts;
    this.#files = brokerFiles(options.dir);
  }

  start(): Promise<BrokerEndpoint> {
    this.#starting = this.#establish().catch((error: unknown) => {
      this.#unlock();
      throw explainFolder(error, this.#files);
    });
    return this.#starting;
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the broker is being stopped'));
    await this.#starting?.catch(() => {});
    clearInterval(this.#logTimer);
    if (this.#supervision === null) return;
    await this.#supervision.stop();
    rmSync(this.#files.pid, { force: true });
    this.#unlock();
  }

  kill(): void {
    this.#stopping.abort(new Error('the program ends at once'));
    this.#supervision?.kill();
    rmSync(this.#files.pid, { force: true });
  }

  async #establish(): Promise<BrokerEndpoint> {
    const files = this.#files;
    if (this.#options.mode === 'auto' && findLeftover(files) === null) {
      const foreign = await findForeignServer(this.#options.foreignPort ?? FOREIGN_PORT);
      if (foreign !== null) return foreignEndpoint(foreign);
    }
    requireWritableFolder(files);
    this.#lock = this.#parts.lockFolder(files.folder);
    // A server that runs in the folder now is a leftover: the program that started it no longer holds the lock.
    const leftover = findLeftover(files);
    const recipe = await this.#recipe();
    const adopted = leftover === null ? null : await this.#takeOver(leftover, recipe);
    const server = adopted ?? (await this.#startFirst(recipe));
    this.#logTimer = setInterval(() => boundLog(files.log), LOG_CHECK_MS).unref();
    const startAnother = (signal: AbortSignal) => this.#startServer(recipe, signal);
    this.#supervision = supervise(server, { ...this.#parts, startAnother });
    const { credentials, binary } = recipe;
    return ownEndpoint({
      ...this.#options,
      credentials,
      version: binary.version,
      pid: server.pid,
      adopted: adopted !== null,
    });
  }

  async #recipe(): Promise<Recipe> {
    const { binary: override, searchPath } = this.#options;
    const binary = await newestBinary({ override, searchPath });
    requireReadableStore(this.#files.store, binary);
    const credentials = loadCredentials(this.#files.credentials);
    return { binary, credentials, text: this.#configurationText(binary.version, credentials) };
  }

  #configurationText(version: Version, credentials: Credentials): string {
    const { host, port, wsPort, tlsCert, tlsKey, monitorPassword, rights } = this.#options;
    const tls = tlsCert === undefined || tlsKey === undefined ? null : { cert: tlsCert, key: tlsKey };
    const values = {
      ...credentials,
      monitorPassword: monitorPassword || credentials.monitorPassword,
      version,
      host,
      port,
      websocket: wsPort === 0 ? null : { port: wsPort, tls },
      pidFile: this.#files.pid,
      storeFolder: this.#files.store,
    };
    return configurationText(values, rights);
  }

  /**
   * Returns null if it had to end the server, because the settings have changed or the server does not answer. The
   * server's streams are on disk.
   */
  async #takeOver(pid: number, recipe: Recipe): Promise<ServerProcess | null> {
    const server = adoptServer(pid);
    if (recipe.text !== readConfiguration(this.#files.configuration)) {
      await server.end();
      return null;
    }
    try {
      return await this.#becomeReady(server, recipe, this.#stopping.signal);
    } catch (error) {
      if (error instanceof CodedError) return null;
      throw error;
    }
  }

  async #startFirst(recipe: Recipe): Promise<ServerProcess> {
    await requireOurPorts(this.#options, recipe.credentials.serverName);
    await installConfiguration(recipe.binary.path, this.#files.configuration, recipe.text);
    return this.#startServer(recipe, this.#stopping.signal);
  }

  async #startServer(recipe: Recipe, signal: AbortSignal): Promise<ServerProcess> {
    signal.throwIfAborted();
    const { configuration: configurationFile, log: logFile } = this.#files;
    const { searchPath } = this.#options;
    noteStoreVersion(this.#files.store, recipe.binary);
    const server = startServer({ binary: recipe.binary.path, configurationFile, logFile, searchPath });
    return this.#becomeReady(server, recipe, signal);
  }

  /** Resolves when clients can log in; otherwise ends the server and throws. */
  #becomeReady(server: ServerProcess, recipe: Recipe, signal: AbortSignal): Promise<ServerProcess> {
    const { host, port, readyTimeoutMs } = this.#options;
    const { credentials } = recipe;
    return firstLogin(server, { host, port, credentials, logFile: this.#files.log, readyTimeoutMs }, signal);
  }

  #unlock(): void {
    this.#lock?.release();
    this.#lock = null;
  }
}
