// A real nats-server beside the program, as an operator would run one: plain, with or without JetStream.

import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { newestBinary } from '../../src/io/embedded-broker/find-binary.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** How to start one. */
export interface NatsServerOptions {
  /** With it there is JetStream. */
  readonly storeFolder?: string;
  readonly port?: number;
  /** Settings without an argument: TLS, users, WebSocket. */
  readonly configurationFile?: string;
}

export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const port = options.port ?? (await freePort());
  const { path: binary } = await newestBinary({
    override: process.env['NATS_SERVER_BIN'],
    searchPath: process.env['PATH'] ?? '',
  });
  const jetstream =
    options.storeFolder === undefined ? [] : ['--jetstream', '--store_dir', options.storeFolder];
  const configuration =
    options.configurationFile === undefined ? [] : ['--config', options.configurationFile];
  const listen = ['--addr', '127.0.0.1', '--port', String(port)];
  const child = spawn(binary, [...listen, ...jetstream, ...configuration], {
    stdio: 'ignore',
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await until('nats-server to listen', () => {
    if (child.exitCode !== null) throw new Error(`nats-server ended with ${child.exitCode}`);
    return answers(port);
  });
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    process: child,
    async stop(signal = 'SIGKILL') {
      child.kill(signal);
      await gone;
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
