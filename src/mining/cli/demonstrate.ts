// The demonstration: a simulated pool and three simulated miners on this machine, and between them the real program on
// free ports, with its files in data/mining-demo. The files of the last demonstration are removed first.

import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { untilSignal } from '../../cli/until-signal.ts';
import type { Environment } from '../../config/environment.ts';
import { freePortFrom } from '../../io/free-port.ts';
import { createLog, type LossyLog } from '../../io/log.ts';
import { CodedError } from '../../lib/errors.ts';
import { makeFolder } from '../../lib/folder.ts';
import { startAt } from '../../lib/part.ts';
import { lockDatabase } from '../../store/lock.ts';
import type { MiningConfig } from '../config/config.ts';
import { readConfigText } from '../config/read-config.ts';
import { DemoMiners, DemoUpstream } from '../simulator/demo.ts';
import { MINING_DATABASE } from '../store/mining-database.ts';
import { createMining, type MiningApp } from '../threads/main.ts';
import { logFilePlace } from './log-file-place.ts';
import type { MiningProgram } from './start.ts';

/** The folder of its files, below the current folder. */
const FOLDER = join('data', 'mining-demo');
const HOST = '127.0.0.1';
const FIRST_PORT = 8080;

/**
 * Runs the demonstration until a signal; resolves with the exit code. Errors: `database_in_use` while another one runs in
 * this folder; `port_in_use` if no port is free.
 */
export async function demonstrate(env: Environment): Promise<number> {
  const databasePath = join(resolve(FOLDER), 'aggregator.db');
  emptyFolder(databasePath);
  const port = await freePortFrom(HOST, FIRST_PORT);
  const config = demoConfig(env, databasePath, port, await freePortFrom(HOST, port + 1));
  const { level, format } = config.logging;
  const log = createLog({ level, format, file: logFilePlace(config.logging) });
  log.info(
    'DEMONSTRATION: a simulated pool and three simulated miners with small real plots; nothing leaves this machine',
  );
  return untilSignal({
    log,
    ready: 'DEMONSTRATION ready: open the dashboard; blocks change every 25 s; stop with Ctrl-C',
    stopping: 'ending the simulated miners and the simulated pool',
    make: (fatal) => new Demonstration(config, log, fatal),
  });
}

/** The whole: the pool, the program, the miners, started in this order. */
class Demonstration implements MiningProgram {
  readonly #config: MiningConfig;
  readonly #log: LossyLog;
  readonly #fatal: (error: CodedError) => void;
  readonly #started = new AsyncDisposableStack();

  constructor(config: MiningConfig, log: LossyLog, fatal: (error: CodedError) => void) {
    this.#config = config;
    this.#log = log;
    this.#fatal = fatal;
  }

  async start(): Promise<void> {
    const pool = new DemoUpstream();
    const { url } = await startAt(this.#started, pool);
    const { listen } = this.#config;
    const [first, ...others] = this.#config.upstreams;
    const config = { ...this.#config, upstreams: [{ ...first, url }, ...others] as const };
    const app: MiningApp = createMining(config, {
      log: this.#log,
      fatal: this.#fatal,
      alarm: () => undefined,
      isDemonstration: true,
    });
    await startAt(this.#started, app);
    await startAt(this.#started, new DemoMiners(`http://${HOST}:${listen.port}`));
    this.#log.info(
      `a real miner joins with these lines under chains in its miner_config.yaml: rpc_host: ${HOST}, rpc_port: ${listen.port} (older miners: base_url: 'http://${HOST}:${listen.port}/')`,
    );
  }

  stop(): Promise<void> {
    return this.#started.disposeAsync();
  }

  /** There are no child processes. */
  kill(): void {}

  change(): void {}
}

function demoConfig(
  env: Environment,
  databasePath: string,
  port: number,
  dashboardPort: number,
): MiningConfig {
  const file = {
    listen_address: `${HOST}:${port}`,
    // The address is known when the simulated pool listens.
    upstream: { name: 'demonstration', url: `http://${HOST}:1/`, submission_mode: 'pool' },
    database: { path: databasePath },
    dashboard: { enabled: true, listen_address: `${HOST}:${dashboardPort}` },
    logging: { level: 'info', file: join(resolve(FOLDER), 'aggregator.log') },
  };
  return readConfigText(env, JSON.stringify(file), 'the demonstration').config;
}

/** Removes the files of the last demonstration. A lock tells whether one is running. */
function emptyFolder(databasePath: string): void {
  try {
    lockDatabase(databasePath, MINING_DATABASE, 'replace').release();
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'database_in_use') throw error;
    throw new CodedError(
      'database_in_use',
      `A demonstration is running in ${resolve(FOLDER)}: look at that one, or stop it first.`,
    );
  }
  rmSync(resolve(FOLDER), { recursive: true, force: true });
  // The log file is opened before the database.
  makeFolder(resolve(FOLDER));
}
