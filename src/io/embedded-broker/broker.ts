// The broker that the program brings along: finds, starts, takes over, keeps and stops a nats-server. Never speaks to
// it as a client, and never ends a process that it has not identified as its own.

import { rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { aggregatorUser, type BrokerRights, configurationText } from './configuration.ts';
import { installConfiguration, readConfiguration } from './configuration-file.ts';
import { type Credentials, loadCredentials } from './credentials.ts';
import { type BrokerEndpoint, foreignEndpoint, ownEndpoint } from './endpoint.ts';
import { findBinary } from './find-binary.ts';
import { brokerFiles, explainFolder, requireWritableFolder } from './folder.ts';
import { boundLog, lastComplaint } from './log-file.ts';
import { findForeignServer, findLeftover, requireOurPorts } from './neighbours.ts';
import { takesLogin } from './probe.ts';
import { adoptServer, type ServerProcess, startServer } from './server-process.ts';
import { type Supervision, supervise } from './supervision.ts';
import { readVersion, type Version } from './version.ts';

export type { BrokerEndpoint } from './endpoint.ts';

const readyPollMs = 25;
// JetStream reads its streams before the server listens.
const defaultReadyTimeoutMs = 60_000;
const logCheckMs = 5_000;
const defaultForeignPort = 4_222;

/** Settings of the same names, and the rights of the program's clients. */
export interface BrokerOptions {
  readonly rights: BrokerRights;
  readonly dir: string;
  readonly host: string;
  readonly port: number;
  /** 0: no WebSocket listener. */
  readonly wsPort: number;
  /** With `tlsKey`: the WebSocket listener speaks wss. */
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly monitorPassword?: string | undefined;
  /** NATS_SERVER_BIN. */
  readonly binary?: string | undefined;
  /** PATH, for finding nats-server. */
  readonly searchPath: string;
  /** `auto` uses a foreign NATS server at localhost:4222; `on` never does. */
  readonly mode: 'auto' | 'on';
  /** Where `auto` looks for a foreign server; tests cannot have 4222 for themselves. */
  readonly foreignPort?: number | undefined;
  /** How long a server may take until it answers, for tests. */
  readonly readyTimeoutMs?: number | undefined;
}

/** What the broker asks of the program, and what it tells it. `onDown` and `onUp` alternate; neither is called by `start` or `stop`. */
export interface BrokerParts {
  /** Holds the folder for this program alone until `release`, or until the process ends. Throws `broker_folder_in_use`. */
  lockFolder(folder: string): { release(): void };
  log(level: 'info' | 'warn' | 'error', message: string): void;
  onDown(reason: string): void;
  onUp(): void;
}

/** `start` may be called once; `stop` any time, and when it resolves no process of ours is left. */
export interface EmbeddedBroker {
  /**
   * Resolves when clients can log in. Throws `broker_foreign`, `port_in_use`, `broker_binary_missing`,
   * `broker_folder_in_use`, `folder_not_writable`, `broker_start_failed`, or the signal's reason; then nothing of ours runs.
   */
  start(signal?: AbortSignal): Promise<BrokerEndpoint>;
  stop(): Promise<void>;
  /** Kills our server without waiting, for a program that ends at once. */
  kill(): void;
}

/** Makes the broker; nothing happens before `start`. Two never share `dir`: each holds its lock while it runs. */
export function createEmbeddedBroker(options: BrokerOptions, parts: BrokerParts): EmbeddedBroker {
  const files = brokerFiles(options.dir);
  const stopping = new AbortController();
  let supervision: Supervision | null = null;
  let logTimer: NodeJS.Timeout | undefined;
  let starting: Promise<BrokerEndpoint> | null = null;
  let lock: { release(): void } | null = null;

  async function establish(signal: AbortSignal): Promise<BrokerEndpoint> {
    if (options.mode === 'auto' && findLeftover(files) === null) {
      const foreign = await findForeignServer(options.foreignPort ?? defaultForeignPort);
      if (foreign !== null) return foreignEndpoint(foreign);
    }
    requireWritableFolder(files);
    lock = parts.lockFolder(files.folder);
    // What runs in it now was left over: its program does not hold the lock.
    const leftover = findLeftover(files);
    const credentials = loadCredentials(files.credentials);
    const binary = findBinary({ override: options.binary, searchPath: options.searchPath });
    const version = await readVersion(binary);
    const text = textFor(version, credentials);

    const startAnother = async (abort: AbortSignal): Promise<ServerProcess> => {
      abort.throwIfAborted();
      const { configuration: configurationFile, log: logFile } = files;
      const command = { binary, configurationFile, logFile, searchPath: options.searchPath };
      return becomeReady(startServer(command), credentials, abort);
    };
    const startFirst = async (): Promise<ServerProcess> => {
      await requireOurPorts(options, credentials.serverName);
      await installConfiguration(binary, files.configuration, text);
      return startAnother(signal);
    };

    const isWanted = text === readConfiguration(files.configuration);
    const adopted = leftover === null ? null : await takeOver(leftover, isWanted, credentials, signal);
    const server = adopted ?? (await startFirst());
    logTimer = setInterval(() => boundLog(files.log), logCheckMs).unref();
    supervision = supervise(server, { ...parts, startAnother });
    return ownEndpoint({ ...options, credentials, version, pid: server.pid, adopted: adopted !== null });
  }

  function textFor(version: Version, credentials: Credentials): string {
    const { host, port, wsPort, tlsCert, tlsKey } = options;
    const tls = tlsCert === undefined || tlsKey === undefined ? null : { cert: tlsCert, key: tlsKey };
    const values = {
      ...credentials,
      monitorPassword: options.monitorPassword || credentials.monitorPassword,
      version,
      host,
      port,
      websocket: wsPort === 0 ? null : { port: wsPort, tls },
      pidFile: files.pid,
      storeFolder: files.store,
    };
    return configurationText(values, options.rights);
  }

  /** Null when it had to be ended: other settings are wanted now, or it hangs. Its streams are on disk. */
  async function takeOver(pid: number, isWanted: boolean, credentials: Credentials, signal: AbortSignal) {
    const server = adoptServer(pid);
    if (!isWanted) {
      await server.end();
      return null;
    }
    try {
      return await becomeReady(server, credentials, signal);
    } catch (error) {
      if (error instanceof CodedError) return null;
      throw error;
    }
  }

  /** Resolves when the server takes our password; otherwise ends it and throws. */
  async function becomeReady(server: ServerProcess, credentials: Credentials, signal: AbortSignal) {
    const { serverName, aggregatorPassword } = credentials;
    const deadlineMs = systemClock.monotonicMs() + (options.readyTimeoutMs ?? defaultReadyTimeoutMs);
    const ended = server.ended.then((how) => `ended at once (${how})`);
    try {
      for (;;) {
        signal.throwIfAborted();
        const login = takesLogin(options, serverName, aggregatorUser, aggregatorPassword);
        const outcome = await Promise.race([login, ended]);
        if (outcome === true) return server;
        if (outcome !== false) throw startFailed(outcome, server);
        if (systemClock.monotonicMs() > deadlineMs) throw startFailed('does not answer', server);
        await Promise.race([ended, wait(readyPollMs)]);
      }
    } catch (error) {
      await server.end();
      throw error;
    }
  }

  function startFailed(how: string, server: ServerProcess): CodedError {
    const reason = lastComplaint(files.log, server.logOffset) || `see ${files.log}`;
    return new CodedError('broker_start_failed', `The broker's nats-server ${how}: ${reason}`);
  }

  function unlock(): void {
    lock?.release();
    lock = null;
  }

  return {
    start(signal) {
      starting = establish(
        signal === undefined ? stopping.signal : AbortSignal.any([stopping.signal, signal]),
      ).catch((error: unknown) => {
        unlock();
        throw explainFolder(error, files);
      });
      return starting;
    },
    kill() {
      stopping.abort(new Error('the program ends at once'));
      supervision?.kill();
      rmSync(files.pid, { force: true });
    },
    async stop() {
      stopping.abort(new Error('the broker is being stopped'));
      await starting?.catch(() => {});
      clearInterval(logTimer);
      if (supervision === null) return;
      await supervision.stop();
      rmSync(files.pid, { force: true });
      unlock();
    },
  };
}
