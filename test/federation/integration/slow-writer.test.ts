import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { afterEach, describe, expect, it } from 'vitest';
import { type Aggregator, SERVE_WITH_SEAMS, startAggregator } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import { type NatsServer, startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';

const PADDING = 'x'.repeat(16_000);
const HEARTBEATS = 8000;
const COMPLETIONS = 4000;

let running: Aggregator | null = null;
let broker: NatsServer | null = null;
afterEach(async () => {
  await running?.stop();
  await broker?.stop();
  running = null;
  broker = null;
});

function message(type: string, number: number, data: object): string {
  return JSON.stringify({
    version: '1.0',
    type,
    nodeId: `node-${number % 50}`,
    timestamp: '',
    padding: PADDING,
    data,
  });
}

/** 192 MB in a few seconds: heartbeats first, so that heartbeats are waiting when the completions come. */
async function flood(url: string): Promise<void> {
  const connection = await connect({ servers: url });
  for (let number = 0; number < HEARTBEATS; number++) {
    connection.publish('truebit.heartbeat', message('heartbeat', number, { status: 'online' }));
    if (number % 500 === 499) await connection.flush();
  }
  for (let number = 0; number < COMPLETIONS; number++) {
    const taskIdHash = number.toString(16).padStart(64, '0');
    connection.publish(
      'truebit.tasks.completed',
      message('task_completed', number, { taskIdHash, success: true }),
    );
    if (number % 500 === 499) await connection.flush();
  }
  await connection.flush();
  await connection.close();
}

function peakBytes(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

async function run(
  jetstream: boolean,
  commitDelayMs: number,
): Promise<{ program: Aggregator; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'aggregator-slow-'));
  broker = await startNatsServer(jetstream ? { storeFolder: join(folder, 'broker') } : {});
  const program = startAggregator(
    {
      DB_PATH: join(folder, 'a.db'),
      NATS_URL: broker.url,
      PUBLISH_INTERVAL: '1000',
      RATE_LIMIT_PER_MINUTE: '0',
      SEAMS: JSON.stringify({ commitDelayMs }),
    },
    SERVE_WITH_SEAMS,
  );
  running = program;
  await program.ready();
  await flood(broker.url);
  return { program, folder };
}

describe('slow writer', () => {
  it('slow writer - on plain NATS heartbeats are shed, other messages are not, memory stays bounded, and the broker drops no connection', async () => {
    const { program, folder } = await run(false, 1200);
    const counted = (labels: string) => program.metric('aggregator_messages_total', labels);
    await until('all to be counted', async () => (await counted('')) === HEARTBEATS + COMPLETIONS);
    expect((await program.get('/readyz')).body['mode']).toBe('core');
    const shed = await counted('outcome="shed"');
    expect(shed).toBeGreaterThan(0);
    expect(await counted('subject="truebit.heartbeat",outcome="shed"')).toBe(shed);
    // The loss is recorded, logged, and shown until an operator acknowledges it.
    const unacknowledged = () => program.metric('aggregator_unacknowledged_messages', 'outcome="shed"');
    await until('the record', async () => (await unacknowledged()) === shed);
    expect((await program.get('/api/federation/health')).body['missing']).toMatchObject([
      { outcome: 'shed', messages: shed },
    ]);
    expect(program.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg)).toContainEqual(
      expect.stringMatching(/^ingest: .* thrown away and missing from the numbers for good\. Plain NATS/),
    );
    expect(await counted('subject="truebit.tasks.completed",outcome="applied"')).toBe(COMPLETIONS);
    expect(await program.metric('aggregator_broker_reconnects_total')).toBe(0);
    expect(peakBytes(program.process.pid ?? 0)).toBeLessThan(600e6);
    await expectConserved(program, join(folder, 'a.db'));
    rmSync(folder, { recursive: true });
  });

  it('slow writer - on JetStream reading stops, and no message is shed', async () => {
    const { program, folder } = await run(true, 300);
    const counted = (labels: string) => program.metric('aggregator_messages_total', labels);
    await until('all to be counted', async () => (await counted('')) === HEARTBEATS + COMPLETIONS);
    expect(await counted('outcome="applied"')).toBe(HEARTBEATS + COMPLETIONS);
    expect(await counted('outcome="shed"')).toBe(0);
    expect(peakBytes(program.process.pid ?? 0)).toBeLessThan(600e6);
    await expectConserved(program, join(folder, 'a.db'));
    rmSync(folder, { recursive: true });
  });
});
