// Runs the image of the agent beside the files of a node, with a broker outside it, and checks what an operator relies on;
// where memory can be limited, with a large event file too. Started by scripts/container-test.sh; prints one line per check
// and the sum. Never leaves a process behind.

import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { connect } from 'nats';
import { freePort } from '../support/free-port.ts';
import { startNatsServer } from '../support/nats-server.ts';
import { largeEventFile, smallEventFile } from '../support/node-files.ts';
import { Checks, isReady, NODE_USER_ID, runHealthCheck, servesDashboard } from './checks.ts';
import { openImage, required } from './image.ts';

const EXECUTIONS = 5;
const LARGE_BYTES = 700_000_000;
const MEMORY_LIMIT_BYTES = 268_435_456;
const MEMORY_CGROUP = '/sys/fs/cgroup/memory';

const work = required('WORK');
const [volume, datadb, logs] = ['agent-volume', 'node-datadb', 'node-logs'].map((name) =>
  join(work, name),
) as [string, string, string];
for (const folder of [volume, datadb, logs]) mkdirSync(folder);
chownSync(volume, NODE_USER_ID, NODE_USER_ID);
smallEventFile(join(datadb, 'node-eventDB.json'), EXECUTIONS);

const broker = await startNatsServer({});
process.on('exit', () => void broker.process.kill('SIGKILL'));
const port = await freePort();
const address = `http://127.0.0.1:${port}`;
const checks = new Checks('agent container');
const image = openImage({
  image: required('IMAGE'),
  volume,
  mounts: [`${datadb}:/app/build/datadb:ro`, `${logs}:/app/logs:ro`],
  // The variable CONTAINER_TEST tells the processes of this test from those of another one.
  environment: {
    CONTAINER_TEST: String(process.pid),
    FEDERATION_NATS_URL: broker.url,
    FEDERATION_SALT: 'f'.repeat(64),
    PORT: String(port),
  },
});

const heard: { readonly subject: string; readonly text: string }[] = [];
const listener = await connect({ servers: broker.url });
const subscription = listener.subscribe('truebit.>');
void (async () => {
  for await (const message of subscription) heard.push({ subject: message.subject, text: message.string() });
})();

const count = (subject: string) => heard.filter((message) => message.subject === subject).length;

function checkImage(): void {
  checks.image(image, {
    health: 'node dist/main.js agent status --live',
    command: 'node --max-semi-space-size=8 dist/main.js agent',
  });
  checks.check('it exposes 8090/tcp', '8090/tcp' in image.config.ExposedPorts);
  const written = image.run('touch', '/app/build/datadb/x').code;
  checks.check('it cannot write beside the node', written !== 0 && readdirSync(datadb).length === 1);
}

async function checkRun(): Promise<void> {
  const first = checks.start(image);
  await checks.until('it becomes ready', () => isReady(address));
  checks.user(first);
  checks.check('the health check passes inside it', runHealthCheck(image) === 0);
  await checks.until('every task and invoice reaches the broker', () =>
    ['truebit.tasks.received', 'truebit.tasks.completed', 'truebit.invoices.created'].every(
      (subject) => count(subject) === EXECUTIONS,
    ),
  );
  checks.check(
    'the node has joined, and lives',
    count('truebit.nodes.joined') === 1 && count('truebit.heartbeat') > 0,
  );
  await checks.until('it serves the page, its scripts and styles', () => servesDashboard(address));
  await checks.stop(first, 'first run');
  await checks.until('the node has left', () => count('truebit.nodes.left') === 1);
  const state = statSync(join(volume, 'agent.db'), { throwIfNoEntry: false });
  checks.check('the state is in the volume, and belongs to the user', state?.uid === NODE_USER_ID, () =>
    readdirSync(volume).join(' '),
  );

  image.replaceContainer();
  heard.length = 0;
  const second = checks.start(image);
  await checks.until('a new container becomes ready with the same volume', () => isReady(address));
  await checks.until('it is the same node', () => count('truebit.heartbeat') > 0);
  checks.check('nothing is sent again', count('truebit.tasks.received') === 0);
  await checks.stop(second, 'second run');
}

/**
 * A file that no JavaScript string could hold, found at a first start, under a limit of memory as `docker run --memory 256m`
 * sets it.
 */
async function checkLargeFile(): Promise<void> {
  if (!existsSync(join(MEMORY_CGROUP, 'memory.limit_in_bytes'))) {
    console.log('not run - agent container - a large event file: this machine cannot limit memory here');
    return;
  }
  const group = join(MEMORY_CGROUP, `agent-container-${process.pid}`);
  for (const name of readdirSync(volume)) rmSync(join(volume, name));
  const executions = EXECUTIONS + largeEventFile(join(datadb, 'large-eventDB.json'), LARGE_BYTES);
  image.replaceContainer();
  const third = checks.start(image, { AGENT_HISTORY: 'none' });
  await checks.until('beside a large file it becomes ready', () => isReady(address));
  mkdirSync(group);
  writeFileSync(join(group, 'memory.limit_in_bytes'), String(MEMORY_LIMIT_BYTES));
  writeFileSync(join(group, 'cgroup.procs'), String(third.pid()));
  await checks.until('700 MB are read with 256 MB of memory', async () => (await facts()) >= 3 * executions);
  checks.check('and it is ready still', await isReady(address));
  await checks.stop(third, 'third run');
  rmdirSync(group);
}

/** Facts that the agent has found in the event files, whatever became of them. */
async function facts(): Promise<number> {
  const text = await (await fetch(`${address}/metrics`)).text();
  const lines = [...text.matchAll(/^agent_facts_total\{.*source="events".*\} (\d+)$/gm)];
  return lines.reduce((sum, [, value]) => sum + Number(value), 0);
}

checkImage();
await checkRun();
await checkLargeFile();
await listener.close();
await broker.stop();
await checks.end();
