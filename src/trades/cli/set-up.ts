// What the first start of `npm run trades` prepares, so that a person sees a signed summary without setting anything: the
// key, and the reference backend beside the service. It changes nothing that is there.

import { connect } from 'node:net';
import type { Program } from '../../cli/until-signal.ts';
import type { Environment } from '../../config/environment.ts';
import { makeKeyFile } from '../../io/key-file.ts';
import type { LossyLog } from '../../io/log.ts';
import { COMMAND_NAME } from '../../lib/command-name.ts';
import { CodedError } from '../../lib/errors.ts';
import { type Part, startAt } from '../../lib/part.ts';
import { createBackend, defaultKeys, type KeySource } from '../backend/backend.ts';
import { readIngestSettings } from '../config/ingest-settings.ts';
import { ownHttpUrl } from '../config/own-url.ts';
import { DEFAULT_BACKEND_URL, type Settings } from '../config/settings.ts';
import type { TradesApp } from '../threads/main.ts';

/** Where the reference backend listens that is started beside the service. */
const HOST = '127.0.0.1';
/** Time in which a backend that is there accepts a connection, in ms. */
const CONNECT_MS = 1_000;

/** Makes the key if the operator named none and there is none. Errors: `key_unusable`. */
export function makeMissingKey({ key }: Pick<Settings, 'key'>, log: Pick<LossyLog, 'info'>): void {
  if (key.isSet) return;
  try {
    const { publicKey } = makeKeyFile(key.file);
    log.info(`key: made ${key.file} (${publicKey.kid}); keep it, for summaries are signed with it`);
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'key_exists') throw error;
  }
}

/** The port of the reference backend to start; null if the operator named a backend, or if one answers. */
export async function missingBackend({ backend }: Pick<Settings, 'backend'>): Promise<number | null> {
  if (backend.isSet) return null;
  const { hostname, port } = new URL(DEFAULT_BACKEND_URL);
  return (await accepts(hostname, Number(port))) ? null : Number(port);
}

/** The service with the reference backend beside it, which is started first and stopped last. */
export class WithBackend implements Program {
  readonly #app: TradesApp;
  readonly #backend: Part<{ readonly url: string }>;
  readonly #log: Pick<LossyLog, 'info'>;
  readonly #started = new AsyncDisposableStack();

  constructor(
    app: TradesApp,
    {
      port,
      env,
      keyFile,
      isPortChosen,
      log,
      fatal,
    }: {
      readonly port: number;
      readonly env: Environment;
      readonly keyFile: string;
      /** False if the service listens on any free port, which only its start chooses. */
      readonly isPortChosen: boolean;
      readonly log: LossyLog;
      fatal(error: CodedError): void;
    },
  ) {
    this.#app = app;
    this.#log = log;
    const { databasePath } = readIngestSettings(env).settings;
    // The key may be newer than summaries that wait: the service lists the earlier ones.
    const keys = isPortChosen ? defaultKeys(keyFile, ownHttpUrl(env)) : [keyIn(keyFile)];
    this.#backend = createBackend({ host: HOST, port, databasePath, keys }, { log, fatal });
  }

  async start(): Promise<void> {
    const { url: backendUrl } = await startAt(this.#started, this.#backend);
    const { apiUrl } = await startAt(this.#started, this.#app);
    this.#log.info('to see a first signed summary:');
    this.#log.info(`  1. node examples/job-client.mjs ${apiUrl}`);
    this.#log.info(`  2. open ${backendUrl} (what the backend received) and ${apiUrl} (the service)`);
    this.#log.info(`  3. ${COMMAND_NAME} outbox list --state delivered`);
  }

  stop(): Promise<void> {
    return this.#started.disposeAsync();
  }

  kill(): void {
    this.#app.kill();
  }
}

function keyIn(path: string): KeySource {
  return { type: 'file', path, isOptional: false };
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_MS });
    const end = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(true));
  });
}
