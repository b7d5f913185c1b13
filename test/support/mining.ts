// The mining program as a child process, and a miner that talks to it over a real socket as deployed miners do.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { SimBlock } from '../../src/mining/simulator/block.ts';
import { namedPlace, submissionOf } from '../../src/mining/simulator/sim-plot.ts';
import { paramsOf, type SimSubmission } from '../../src/mining/simulator/sim-submission.ts';
import { UpstreamSim, type UpstreamSimOptions } from '../../src/mining/simulator/upstream-sim.ts';
import { parseWire, printWire } from '../../src/mining/simulator/wire-json.ts';
import { type Aggregator, startAggregator } from './aggregator.ts';
import { freePort } from './free-port.ts';
import { quickRawQuality } from './quick-proof.ts';
import { until } from './until.ts';

/** A fresh folder that is removed after the test. */
export function miningFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `mining-${name}-`));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A simulated upstream that ends with the test. By default it checks proofs in WebAssembly. */
export async function startUpstream(options: UpstreamSimOptions = {}): Promise<UpstreamSim> {
  const upstream = new UpstreamSim({ prover: quickRawQuality, ...options });
  await upstream.start();
  onTestFinished(() => upstream.stop());
  return upstream;
}

/** The configuration file as its members; JSON is YAML too. */
export type MiningFile = Readonly<Record<string, unknown>>;

/** Where a program of a test listens and lives. */
export interface MiningPlace {
  readonly folder: string;
  readonly port: number;
  readonly dashboardPort: number;
  readonly configPath: string;
}

/** A place with free ports. */
export async function miningPlace(name: string): Promise<MiningPlace> {
  const folder = miningFolder(name);
  const [port, dashboardPort] = [await freePort(), await freePort()];
  return { folder, port, dashboardPort, configPath: join(folder, 'aggregator_config.yaml') };
}

/** A file in the flat layout, for one upstream at this port. `more` goes in the place of its members. */
export function flatFile(place: MiningPlace, upstreamPort: number, more: MiningFile = {}): MiningFile {
  return {
    listen_address: `127.0.0.1:${place.port}`,
    upstream: { name: 'pool', url: `http://127.0.0.1:${upstreamPort}/`, submission_mode: 'pool' },
    database: { path: 'aggregator.db' },
    dashboard: { enabled: true, listen_address: `127.0.0.1:${place.dashboardPort}` },
    logging: { level: 'debug' },
    ...more,
  };
}

/** The running program. */
export interface MiningProgram extends Aggregator {
  readonly place: MiningPlace;
  /** Address of the miners' port. */
  readonly miners: string;
  /** `/stats`, with 64-bit members as bigints. */
  stats(): Promise<MiningStats>;
}

/** `/stats` as far as tests look into it. */
export interface MiningStats {
  readonly [member: string]: unknown;
  readonly machines: readonly Readonly<Record<string, unknown>>[];
  readonly accounts: readonly Readonly<Record<string, unknown>>[];
}

/** Writes the file, starts the program and waits until miners can connect. It never outlives the test. */
export async function startMining(
  place: MiningPlace,
  file: MiningFile,
  env: Readonly<Record<string, string>> = {},
  { openFiles }: { readonly openFiles?: number } = {},
): Promise<MiningProgram> {
  writeFileSync(place.configPath, JSON.stringify(file));
  const program = startAggregator({ ...env, HTTP_PORT: '' }, undefined, {
    args: ['mining', '-c', place.configPath],
    cwd: place.folder,
    urlLine: 'dashboard: ',
    ...(openFiles === undefined ? {} : { openFiles }),
  });
  onTestFinished(async () => {
    if (program.process.exitCode !== null || program.process.signalCode !== null) return;
    program.process.kill('SIGKILL');
    await program.exit;
  });
  const miners = `http://127.0.0.1:${place.port}`;
  await until('the port of the miners', async () => {
    if (program.process.exitCode !== null)
      throw new Error(`the program ended: ${program.errors()} ${JSON.stringify(program.log.at(-1))}`);
    return (await fetch(`${miners}/health`).catch(() => null))?.status === 200;
  });
  return {
    ...program,
    place,
    miners,
    stats: async () => parseWire(await (await fetch(`${miners}/stats`)).text()) as MiningStats,
  };
}

/** What a miner got. */
export interface Reply {
  /** Null: the connection was closed without an answer. */
  readonly status: number | null;
  readonly text: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: bigint; readonly message: string; readonly data?: unknown };
  /** From the call to the answer or the end of the connection. */
  readonly tookMs: number;
}

/** A miner with keep-alive connections, as deployed miners have them. */
export class TestMiner {
  readonly #url: string;
  readonly #agent: Agent;
  readonly #headers: Readonly<Record<string, string>>;
  #id = 0;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url;
    this.#headers = headers;
    this.#agent = new Agent({ keepAlive: true });
    onTestFinished(() => this.#agent.destroy());
  }

  information(): Promise<Reply> {
    return this.call('get_mining_info', {});
  }

  submit(submission: SimSubmission): Promise<Reply> {
    return this.call('submit_nonce', paramsOf(submission));
  }

  call(method: string, params: unknown): Promise<Reply> {
    return this.send(printWire({ jsonrpc: '2.0', id: String(++this.#id), method, params }));
  }

  /** Sends this body; resolves also if there is no answer. */
  send(body: string): Promise<Reply> {
    const startedMs = performance.now();
    const took = () => performance.now() - startedMs;
    return new Promise((resolve) => {
      const headers = {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
        ...this.#headers,
      };
      const closed = () => resolve({ status: null, text: '', tookMs: took() });
      const sent = request(this.#url, { method: 'POST', agent: this.#agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', closed);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text, tookMs: took(), ...readReply(text) }),
        );
      });
      sent.on('error', closed);
      sent.end(body);
    });
  }
}

function readReply(text: string): Pick<Reply, 'result' | 'error'> {
  try {
    return parseWire(text) as Pick<Reply, 'result' | 'error'>;
  } catch {
    return {};
  }
}

/**
 * A true submission for the block: nonce number `index` of the plot with this name. Its raw quality is real; the first
 * use of a nonce for a block takes some 20 ms.
 */
export function trueSubmission(name: string, block: SimBlock, index = 0): SimSubmission {
  return submissionOf(namedPlace(name, 8), block, index, quickRawQuality);
}

/** True submissions of one account, worst first: each is better than the one before. */
export function improving(name: string, block: SimBlock, count: number): readonly SimSubmission[] {
  const all = Array.from({ length: count }, (_none, index) => trueSubmission(name, block, index));
  return all.toSorted((a, b) => (a.rawQuality > b.rawQuality ? -1 : 1));
}
