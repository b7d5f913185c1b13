import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { createAggregatorClient } from '../../../src/federation/simulator/aggregator-client.ts';
import { connectSimulator } from '../../../src/federation/simulator/broker.ts';
import { type Dial, fleetDialer } from '../../../src/federation/simulator/fleet-connection.ts';
import type { LoadOptions } from '../../../src/federation/simulator/load-options.ts';
import type { LoadResult } from '../../../src/federation/simulator/load-result.ts';
import { runLoadTest } from '../../../src/federation/simulator/load-run.ts';
import { type Aggregator, startAggregator } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import { type OwnFolder, ownFolder } from '../../support/embedded.ts';
import { MAIN } from '../../support/program.ts';
import { until } from '../../support/until.ts';

/** New nodes that the aggregator admits in a minute: enough for all runs here, and few enough to be flooded. */
const NEW_NODES = 400;
const COMPLETED = 'truebit.tasks.completed';
const STRANGER = Buffer.from(
  JSON.stringify({ version: '1.0', type: 'heartbeat', nodeId: 'node-stranger', data: {} }),
);

let own: OwnFolder;
let program: Aggregator;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command; `ended` resolves when it has ended. */
async function startLoadTest(...options: readonly string[]) {
  const where = ['--nats', own.natsUrl, '--http', await program.url()];
  const child = spawn(process.execPath, [MAIN, 'loadtest', ...where, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  );
  return { child, ended, printed: () => stdout };
}

async function loadtest(...options: readonly string[]): Promise<Ended> {
  return (await startLoadTest(...options)).ended;
}

/** Runs a profile with 50 nodes; returns the exit code and the report. */
async function runProfile(profile: string, seconds: number, ...options: readonly string[]) {
  const size = ['--nodes', '50', '--rate', '120', '--duration', String(seconds), '--json'];
  const { code, stdout, stderr } = await loadtest('--profile', profile, ...size, ...options);
  return { code, stderr, report: JSON.parse(stdout || '{}') as Record<string, unknown> };
}

describe('loadtest', () => {
  beforeAll(async () => {
    own = await ownFolder('loadtest');
    program = startAggregator({
      ...own.env,
      PUBLISH_INTERVAL: '300',
      NEW_NODES_PER_MINUTE: String(NEW_NODES),
      EMBEDDED_NATS_DIR: join(own.folder, 'nats'),
    });
    await program.ready();
  });

  afterAll(async () => {
    await program.stop();
    rmSync(own.folder, { recursive: true });
  });

  it('loadtest - after a storm nothing confirmed is lost, nobody is offline, and the report is written', async () => {
    const folder = join(own.folder, 'reports');
    const { code, stderr, report } = await runProfile('reconnect-storm', 5, '--report', folder);
    expect(report['differences'], stderr).toEqual([]);
    expect(code).toBe(0);
    expect(report['cuts']).toMatchObject([
      { lost: 50, back: 50 },
      { lost: 50, back: 50 },
      { lost: 50, back: 50 },
    ]);
    expect(report['confirmed']).toBe(report['sent']);
    expect(stderr).toContain('loadtest: sending');
    const files = readdirSync(folder).toSorted();
    expect(files).toHaveLength(2);
    expect(files[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-reconnect-storm\.json$/);
    expect(JSON.parse(readFileSync(join(folder, files[0] ?? ''), 'utf8'))).toEqual(report);
    expect(readFileSync(join(folder, files[1] ?? ''), 'utf8')).toContain('# Load test: reconnect-storm');
  });

  it('loadtest - every kind of rubbish is refused for its reason, and the rest counts exactly', async () => {
    const { code, stderr, report } = await runProfile('malformed', 2);
    expect(report['differences'], stderr).toEqual([]);
    expect(code).toBe(0);
    const reasons = new Set(Object.keys(report['rejected'] ?? {}).map((key) => key.split(' ')[1]));
    expect(reasons.size).toBe(10);
  });

  it('loadtest - the broker is killed in the middle, and nothing confirmed is lost', async () => {
    const pidFile = join(own.folder, 'nats', 'nats-server.pid');
    const kill = `kill -9 "$(cat '${pidFile}')"`;
    const { code, stderr, report } = await runProfile('broker-restart', 4, '--restart-command', kill);
    expect(report['differences'], stderr).toEqual([]);
    expect(code).toBe(0);
    expect(report['cuts']).toMatchObject([{ lost: 50, back: 50 }]);
    await program.ready();
  });

  it('loadtest - a message that arrives spoiled and one of another publisher give exit 1, each by name', async () => {
    const options: LoadOptions = {
      profile: 'steady',
      nodes: 10,
      ratePerMinute: 120,
      durationMs: 2000,
      seed: 3,
      hasLongCut: false,
      servers: [own.natsUrl],
      user: null,
      password: null,
      httpUrl: await program.url(),
      isHttpOurs: true,
      keyFile: null,
      foreignKeyFile: null,
      reportFolder: null,
      allowedHosts: [],
      restartCommand: null,
      patienceMs: 10_000,
      isJson: false,
    };
    let isSpoiled = false;
    const dial: Dial = async (onRefused) => {
      const connection = await fleetDialer(options)(onRefused);
      return {
        ...connection,
        publish(subject, payload, headers) {
          const isFirst = subject === COMPLETED && !isSpoiled;
          if (isFirst) {
            isSpoiled = true;
            connection.publish('truebit.heartbeat', STRANGER, headers);
          }
          connection.publish(subject, isFirst ? payload.subarray(1) : payload, headers);
        },
      };
    };
    const results: LoadResult[] = [];
    const code = await runLoadTest(options, {
      aggregator: createAggregatorClient(options.httpUrl, true),
      connectSimulator: () => connectSimulator(options, true),
      dial,
      signer: null,
      foreignSigner: null,
      machine: { system: '', processor: '', cores: 1, memoryMiB: 1 },
      clock: systemClock,
      wait: (ms) => delay(ms),
      output: { isTerminal: false, write: () => undefined },
      nonce: `fault ${process.pid}`,
      signal: new AbortController().signal,
      requireConnections: () => undefined,
      runCommand: async () => 0,
      report: (result) => void results.push(result),
    });
    expect(code).toBe(1);
    const whats = results[0]?.differences.map(({ what }) => what) ?? [];
    expect(results[0]?.differences).toContainEqual({
      what: 'messages of other publishers',
      expected: '0',
      found: '1, truebit.heartbeat 1',
    });
    expect(whats).toContain(`${COMPLETED} applied`);
    expect(whats).toContain(`${COMPLETED} not_json (reason of refusal)`);
  });

  it('loadtest - Ctrl-C ends the run in order, and it proves nothing', async () => {
    const run = await startLoadTest('--nodes', '10', '--duration', '60');
    await until('the sending', () => run.printed().includes('loadtest: sending'));
    run.child.kill('SIGINT');
    const { code, stderr } = await run.ended;
    expect(stderr).toContain('the run proves nothing');
    expect(code).toBe(1);
  });

  it('loadtest - another machine without a word of the operator gives exit 2', async () => {
    const foreign = await runWithout('--nats', 'nats://broker.example:4222');
    expect(foreign.stderr).toContain('--yes-load broker.example');
    expect(foreign.code).toBe(2);
  });

  it('loadtest - of a flood of unknown ids the limit refuses most, and the steady nodes stay exact', async () => {
    const { code, stderr, report } = await runProfile('identity-flood', 4);
    expect(report['differences'], stderr).toEqual([]);
    expect(code).toBe(0);
    expect(report['outcomes']).toMatchObject({ rejected: 0, lost: 0 });
    const { rate_limited: limited } = report['outcomes'] as { rate_limited: number };
    expect(limited).toBeGreaterThan(2 * NEW_NODES - 50);
    await expectConserved(program, own.databasePath);
  });
});

/** Runs the command with these addresses only. */
async function runWithout(...options: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, 'loadtest', ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout: '', stderr })));
}
