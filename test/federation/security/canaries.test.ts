// Personal data in every member of every message, in headers and in names, beside valid messages: afterwards it is only
// in the stream, which holds raw messages until STREAM_MAX_AGE, and the valid ones count exactly.

import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, headers, type NatsConnection } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Aggregator } from '../../support/aggregator.ts';
import { CANARIES, canariesIn, plantedIn } from '../../support/canaries.ts';
import { expectConserved } from '../../support/conservation.ts';
import { counted, shown } from '../../support/federation.ts';
import { launch, testFolder } from '../../support/program.ts';
import { VALID } from '../../support/rubbish.ts';
import { until } from '../../support/until.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const GOOD_EACH = 40;
const STATISTICS = {
  totalTasks: GOOD_EACH,
  completedTasks: GOOD_EACH,
  failedTasks: 0,
  totalInvoices: GOOD_EACH,
  totalNodes: 7,
};
const PATHS = [
  'network-stats',
  'network-stats?period=1h',
  'network-stats?period=7d',
  'nodes',
  'nodes/node-0',
  'nodes.csv?strip=4',
  'history.csv',
  'public',
  'limits',
];

/**
 * Files that the program writes beside the database, with the canaries in them; without the stream and the broker's own
 * files.
 */
function canariesInFiles(folder: string): string[] {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.map(({ name }) => name)).toContain('aggregator.db-wal');
  return files.flatMap(({ name }) =>
    canariesIn(readFileSync(join(folder, name))).map((canary) => `${canary} in ${name}`),
  );
}

/** Sends valid and planted messages mixed; returns the number of messages. */
async function sendAll(connection: NatsConnection): Promise<number> {
  let sent = 0;
  for (const [index, { subject, message }] of VALID.entries()) {
    for (const [number, text] of plantedIn(index).entries()) {
      const head = headers();
      const canary = Object.values(CANARIES)[number % 5] ?? '';
      head.set('X-Sender', canary);
      head.set('Nats-Msg-Id', `${canary}-${index}-${number}`);
      connection.publish(subject, text, { headers: head, reply: `_INBOX.${CANARIES.key}` });
      connection.publish(subject, JSON.stringify(message(number % GOOD_EACH)));
      sent += 2;
      if (number % 10 > 0) continue;
      // In the headers of the signature, which the program reads: a message that would count without them is refused.
      const signed = headers();
      signed.set(number % 20 === 0 ? 'Truebit-Key-Id' : 'Truebit-Signature', canary);
      signed.append('Truebit-Signature', canary);
      connection.publish(subject, JSON.stringify(message(number % GOOD_EACH)), { headers: signed });
      sent++;
    }
    await connection.flush();
  }
  return sent;
}

async function answersOf(program: Aggregator): Promise<string> {
  const url = await program.url();
  const paths = [
    ...PATHS.map((path) => `/api/federation/${path}`),
    '/',
    '/assets/main.js',
    '/readyz',
    '/livez',
    '/metrics',
    ...Object.values(CANARIES).flatMap((canary) =>
      ['/', '/api/federation/nodes/', '/api/federation/nodes?state='].map(
        (path) => path + encodeURIComponent(canary),
      ),
    ),
  ];
  const answers = await Promise.all(paths.map((path) => fetch(`${url}${path}`)));
  const texts = answers.map(async (answer) => JSON.stringify([...answer.headers]) + (await answer.text()));
  return (await Promise.all(texts)).join('\n');
}

describe('canaries', () => {
  it('canaries - planted everywhere, they are in no file, log, metric, answer or statistic, and the valid messages are exact', async () => {
    const own = await testFolder('canaries');
    const program = launch(own.env);
    let output = '';
    program.process.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await program.ready();
    const connection = await connect({ servers: own.natsUrl });
    onTestFinished(() => connection.close());
    let published = '';
    connection.subscribe('truebit.>', {
      callback: (_error, { subject, headers: head, data }) =>
        void (published += `${subject} ${String(head)} ${Buffer.from(data).toString('latin1')}\n`),
    });
    const sent = await sendAll(connection);
    expect(sent).toBeGreaterThan(5000);
    await counted(program, sent);
    await shown(program, STATISTICS);
    const heard = published.length;
    await until('two ticks', () => (published.slice(heard).match(/period\.7d/g)?.length ?? 0) >= 2);

    expect(canariesIn(await answersOf(program))).toEqual([]);
    expect(canariesIn(published)).toEqual([]);
    expect(canariesInFiles(own.folder)).toEqual([]);
    expect(await program.metric('aggregator_messages_rejected_total', 'personal_data')).toBeGreaterThan(500);
    expect(
      await program.metric('aggregator_messages_rejected_total', 'reason="unauthenticated"'),
    ).toBeGreaterThan(100);
    await expectConserved(program, own.databasePath);
    // The stream does contain them, which proves that the canaries were sent and that the search finds them.
    const store = join(own.folder, 'aggregator-nats', 'jetstream');
    const blocks = readdirSync(store, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.blk'),
    );
    expect(blocks.flatMap((name) => canariesIn(readFileSync(join(store, name)))).length).toBeGreaterThan(5);

    // The program is killed, so that it cleans up nothing, and started again over the remaining files.
    program.process.kill('SIGKILL');
    await program.exit;
    expect(canariesInFiles(own.folder)).toEqual([]);
    const again = launch(own.env);
    await again.ready();
    await shown(again, STATISTICS);
    expect(canariesInFiles(own.folder)).toEqual([]);
    expect(await again.stop()).toBe(0);
    expect(canariesIn(output + program.errors() + JSON.stringify(again.log) + again.errors())).toEqual([]);
    expect(output).toContain('"level":"debug"');
  });

  it('canaries - after a refused batch no part of it is reachable in memory', () => {
    const payloads = VALID.flatMap((_, index) =>
      plantedIn(index).map((text) => [index, Buffer.from(text)] as const),
    );
    const frames = payloads.flatMap(([index, bytes]) => {
      const head = Buffer.alloc(5);
      head.writeUInt8(index, 0);
      head.writeUInt32LE(bytes.length, 1);
      return [head, bytes];
    });
    const script = fileURLToPath(new URL('../../support/refused-batch.ts', import.meta.url));
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--expose-gc', script], {
      input: Buffer.concat(frames),
      maxBuffer: 2 ** 28,
    });
    expect([status, stderr.toString()]).toEqual([0, '']);
    // A stored text is in the snapshot, so the search works.
    expect(stdout.includes('node-that-is-kept')).toBe(true);
    expect(canariesIn(stdout)).toEqual([]);
  });

  it('canaries - npm start allows no core file, and a crash leaves neither a core file nor a report', async () => {
    const own = await testFolder('core');
    const { PATH = '', HOME = '', NATS_SERVER_BIN = '' } = process.env;
    const child = spawn('sh', ['-c', 'ulimit -c unlimited; exec sh aggregator'], {
      cwd: ROOT,
      env: { PATH, HOME, NATS_SERVER_BIN, HTTP_PORT: '0', LOG_FORMAT: 'json', ...own.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await until('the start', () => output.includes('ready to aggregate'));
    const limits = readFileSync(`/proc/${child.pid}/limits`, 'utf8');
    expect(limits).toMatch(/^Max core file size\s+0\s+0\s/m);
    const gone = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    child.kill('SIGABRT');
    expect(await gone).toBe('SIGABRT');
    const left = [...readdirSync(ROOT), ...readdirSync(own.folder)];
    expect(left.filter((name) => /^core|^report\.|\.heapsnapshot$/.test(name))).toEqual([]);
  });
});
