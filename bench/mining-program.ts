// The mining program as a child process for a bench, with an upstream that is simulated in the process of the bench.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UpstreamSim, type UpstreamSimOptions } from '../src/mining/simulator/upstream-sim.ts';
import { startAggregator } from '../test/support/aggregator.ts';
import { freePort } from '../test/support/free-port.ts';
import { until } from '../test/support/until.ts';

const WITH_SEAMS = fileURLToPath(new URL('../test/support/mining-with-seams.ts', import.meta.url));

export interface MiningProgramOptions {
  /** Default: as the program decides. */
  readonly proofThreads?: number;
  /** Default: a new one. */
  readonly databasePath?: string;
  readonly upstream?: UpstreamSimOptions;
}

export interface RunningMining {
  readonly pid: number;
  /** The port of the miners. */
  readonly port: number;
  readonly upstream: UpstreamSim;
  /** A metric summed over its series whose labels contain `labels`; 0 if there is none. */
  metric(name: string, labels?: string): Promise<number>;
  end(): Promise<void>;
}

/** Starts the program in pool mode with its dashboard, and waits for the first mining information. */
export async function startMiningProgram(options: MiningProgramOptions = {}): Promise<RunningMining> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-mining-'));
  const upstream = new UpstreamSim({ prover: null, isKept: false, ...options.upstream });
  const { url } = await upstream.start();
  const [port, dashboardPort] = [await freePort(), await freePort()];
  const settings = {
    listen_address: `127.0.0.1:${port}`,
    server: { trusted_proxies: ['127.0.0.1'] },
    upstream: { name: 'simulated', url, submission_mode: 'pool' },
    database: { path: options.databasePath ?? 'aggregator.db' },
    dashboard: { enabled: true, listen_address: `127.0.0.1:${dashboardPort}` },
  };
  const configPath = join(folder, 'aggregator_config.yaml');
  writeFileSync(configPath, JSON.stringify(settings));
  const { proofThreads } = options;
  const env = {
    CONFIG: configPath,
    SEAMS: JSON.stringify(proofThreads === undefined ? {} : { proofThreads }),
    LOG_LEVEL: 'info',
    HTTP_PORT: '',
  };
  const program = startAggregator(env, WITH_SEAMS, { cwd: folder, urlLine: 'dashboard: ' });
  await until('mining information', async () => {
    if (program.process.exitCode !== null) throw new Error(`the program ended: ${program.errors()}`);
    const answer = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":1,"method":"get_mining_info","params":[]}',
    }).catch(() => null);
    return (await answer?.text())?.includes('"result"');
  });
  return {
    pid: program.process.pid ?? 0,
    port,
    upstream,
    metric: program.metric,
    async end() {
      await program.stop();
      await upstream.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
