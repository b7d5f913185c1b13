// Runs the image of the mining proxy against a simulated upstream outside it and checks what an operator relies on.
// Started by scripts/container-test.sh; prints one line per check and the sum. Never leaves a process behind. A command
// in the container stops this process, and so the upstream, for a moment: what needs the upstream is waited for.

import { chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { namedPlace, SimPlot } from '../../src/mining/simulator/sim-plot.ts';
import { paramsOf, type SimSubmission } from '../../src/mining/simulator/sim-submission.ts';
import { UpstreamSim } from '../../src/mining/simulator/upstream-sim.ts';
import { parseWire, printWire } from '../../src/mining/simulator/wire-json.ts';
import { freePort } from '../support/free-port.ts';
import { Checks, isReady, NODE_USER_ID, runHealthCheck, servesDashboard } from './checks.ts';
import { openImage, required } from './image.ts';

const volume = join(required('WORK'), 'mining-volume');
mkdirSync(volume);
chownSync(volume, NODE_USER_ID, NODE_USER_ID);
const [minersPort, dashboardPort] = [await freePort(), await freePort()];
const [miners, dashboard] = [`http://127.0.0.1:${minersPort}`, `http://127.0.0.1:${dashboardPort}`];
const checks = new Checks('mining container');
// The variable tells the processes of this test from those of another one; the program does not know it.
const image = openImage({
  image: required('IMAGE'),
  volume,
  environment: { CONTAINER_TEST: String(process.pid) },
});
const upstream = new UpstreamSim();
await upstream.start();

const plot = new SimPlot(namedPlace('container', 2));
const [better, worse] = plot
  .scan(upstream.block)
  .toSorted((a, b) => (a.rawQuality < b.rawQuality ? -1 : 1)) as [SimSubmission, SimSubmission];

interface Reply {
  readonly result?: Readonly<Record<string, unknown>>;
}

async function call(method: string, params: unknown): Promise<Reply> {
  const body = printWire({ jsonrpc: '2.0', id: '1', method, params });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(miners, { method: 'POST', headers, body });
  return parseWire(await answer.text()) as Reply;
}

async function givesInformation(): Promise<boolean> {
  return (await call('get_mining_info', {})).result?.['block_hash'] === upstream.block.blockHash;
}

async function takes(submission: SimSubmission): Promise<boolean> {
  return (await call('submit_nonce', paramsOf(submission))).result !== undefined;
}

/** Whether the upstream has accepted exactly these. */
function hasReceived(...submissions: readonly SimSubmission[]): boolean {
  const wanted = submissions.map(({ rawQuality }) => rawQuality);
  return upstream.accepted.map(({ rawQuality }) => rawQuality).join() === wanted.join();
}

async function showsAccount(): Promise<boolean> {
  const statistics = parseWire(await (await fetch(`${dashboard}/stats`)).text()) as {
    readonly accounts: readonly Readonly<Record<string, unknown>>[];
  };
  return statistics.accounts.length === 1;
}

function checkImage(): void {
  checks.image(image, {
    health: 'node /app/dist/main.js mining status --live',
    command: 'node --max-semi-space-size=8 /app/dist/main.js mining',
  });
  const { ExposedPorts: ports, WorkingDir: folder } = image.config;
  for (const port of ['8080/tcp', '8081/tcp']) checks.check(`it exposes ${port}`, port in ports);
  checks.check('it works in the volume', folder === '/data', () => folder);
}

async function checkWithoutSettings(): Promise<void> {
  const { code, output } = await checks.start(image).ended;
  checks.check('without a settings file it exits with 1', code === 1, () => `${code}: ${output}`);
  checks.check('it names the file', output.includes('/data/aggregator_config.yaml'), () => output);
  checks.check('it leaves nothing in the volume', readdirSync(volume).length === 0);
}

/** The paths are the defaults, so that the database must come into the volume. JSON is YAML too. */
function writeSettings(): void {
  const settings = {
    listen_address: `127.0.0.1:${minersPort}`,
    upstream: { name: 'pool', url: `http://127.0.0.1:${upstream.port}/`, submission_mode: 'pool' },
    dashboard: { enabled: true, listen_address: `127.0.0.1:${dashboardPort}` },
  };
  writeFileSync(join(volume, 'aggregator_config.yaml'), JSON.stringify(settings));
}

async function checkService(): Promise<void> {
  writeSettings();
  const first = checks.start(image);
  await checks.until('it becomes ready with an upstream outside it', () => isReady(dashboard));
  checks.user(first);
  await checks.until('a miner has the information of the upstream', givesInformation);
  checks.check('a true submission is answered with success', await takes(worse));
  await checks.until('the submission reaches the upstream', () => hasReceived(worse));
  checks.check('the health check passes inside it', runHealthCheck(image) === 0);
  await checks.until('it serves the dashboard, its scripts and the chart library', () =>
    servesDashboard(dashboard),
  );
  await checks.until('the statistics show the account', showsAccount);
  await checks.stop(first, 'first run');
  const database = statSync(join(volume, 'aggregator.db'), { throwIfNoEntry: false });
  checks.check('the database is in the volume, and belongs to the user', database?.uid === NODE_USER_ID, () =>
    readdirSync(volume).join(' '),
  );

  image.replaceContainer();
  const second = checks.start(image);
  await checks.until('a new container becomes ready with the same volume', () => isReady(dashboard));
  await checks.until('the statistics are those of before', showsAccount);
  await checks.until('a miner has the information again', givesInformation);
  checks.check('the submission of before is answered with success', await takes(worse));
  checks.check('a better one is answered with success', await takes(better));
  await checks.until('the better one follows, and the one of before is not sent again', () =>
    hasReceived(worse, better),
  );
  await checks.stop(second, 'second run');
}

checkImage();
await checkWithoutSettings();
await checkService();
await upstream.stop();
await checks.end();
