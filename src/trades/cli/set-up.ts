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
import type { Settings } from '../config/settings.ts';
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
    log.info(`key: made ${key.file} (${publicKey.kid}); keep it, because it signs the summaries of jobs`);
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'key_exists') throw error;
  }
}

/** The backend of a service for which the operator named none. */
export interface ChosenBackend {
  readonly port: number;
  readonly url: string;
  /** True if something answers there; else the reference backend is to be started. */
  readonly isThere: boolean;
}

/**
 * The backend at `INGEST_PORT` of this machine; null if the operator named one. Errors: `settings_invalid` if a setting of
 * the reference backend is wrong.
 */
export async function chooseBackend(
  { backend }: Pick<Settings, 'backend'>,
  env: Environment,
): Promise<ChosenBackend | null> {
  if (backend.isSet) return null;
  const { port } = readIngestSettings(env).settings;
  if (port === 0) {
    throw new CodedError(
      'settings_invalid',
      'INGEST_PORT 0: the service must know the port of the backend beside it: name a port, or leave it unset.',
    );
  }
  const { hostname } = new URL(backend.url);
  return { port, url: `http://${hostname}:${port}`, isThere: await accepts(hostname, port) };
}

/** Says how to see a first signed summary, with the addresses of the service and of its backend, and a first account. */
function tellFirstSteps(
  log: Pick<LossyLog, 'info'>,
  {
    apiUrl,
    backendUrl,
    hasEnclave,
  }: { readonly apiUrl: string; readonly backendUrl: string; readonly hasEnclave: boolean },
): void {
  log.info('to see a first signed summary:');
  log.info(`  1. node examples/job-client.mjs ${apiUrl}`);
  log.info(`  2. open ${backendUrl} (what the backend received) and ${apiUrl} (the service)`);
  log.info(`  3. ${COMMAND_NAME} outbox list --state delivered`);
  if (hasEnclave) {
    log.info(
      `to try an exchange account without an exchange: run ${COMMAND_NAME} exchange-sim binance in another terminal, and do what it prints`,
    );
  }
}

/** The service without a backend that the operator named. The reference backend starts first and stops last, if there is none. */
export class WithBackend implements Program {
  readonly #app: TradesApp;
  /** Null if a backend is there. */
  readonly #backend: Part<{ readonly url: string }> | null;
  readonly #backendUrl: string;
  readonly #hasEnclave: boolean;
  readonly #log: Pick<LossyLog, 'info'>;
  readonly #started = new AsyncDisposableStack();

  constructor(
    app: TradesApp,
    {
      chosen,
      env,
      keyFile,
      isPortChosen,
      hasEnclave,
      log,
      fatal,
    }: {
      readonly chosen: ChosenBackend;
      readonly env: Environment;
      readonly keyFile: string;
      /** False if the service listens on any free port, which only its start chooses. */
      readonly isPortChosen: boolean;
      /** True if the service has exchange accounts. */
      readonly hasEnclave: boolean;
      readonly log: LossyLog;
      fatal(error: CodedError): void;
    },
  ) {
    this.#app = app;
    this.#log = log;
    this.#backendUrl = chosen.url;
    this.#hasEnclave = hasEnclave;
    const { databasePath } = readIngestSettings(env).settings;
    // The key may be newer than summaries that wait: the service lists the earlier ones.
    const keys = isPortChosen ? defaultKeys(keyFile, ownHttpUrl(env)) : [keyIn(keyFile)];
    const { port, isThere } = chosen;
    this.#backend = isThere ? null : createBackend({ host: HOST, port, databasePath, keys }, { log, fatal });
  }

  async start(): Promise<void> {
    const backend = this.#backend === null ? null : await startAt(this.#started, this.#backend);
    const { apiUrl } = await startAt(this.#started, this.#app);
    const backendUrl = backend?.url ?? this.#backendUrl;
    tellFirstSteps(this.#log, { apiUrl, backendUrl, hasEnclave: this.#hasEnclave });
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
