import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection } from 'nats';
import { afterEach, describe, expect, it } from 'vitest';
import { type Aggregator, startAggregator } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import { ownFolder } from '../../support/embedded.ts';
import { until } from '../../support/until.ts';

const MESSAGES = 20_000;
const SERVE = fileURLToPath(new URL('../../support/serve-with-seams.ts', import.meta.url));
const FAULTY_WORKER = new URL('../../support/faulty-worker.ts', import.meta.url).href;

let running: Aggregator | null = null;
let connection: NatsConnection | null = null;
afterEach(async () => {
  await connection?.close();
  await running?.stop();
  running = null;
  connection = null;
});

function taskReceived(task: number): string {
  const taskIdHash = task.toString(16).padStart(64, '0');
  const data = { chainId: '1', taskType: 'wasm', taskIdHash };
  return JSON.stringify({
    version: '1.0',
    type: 'task_received',
    nodeId: `node-${task % 100}`,
    timestamp: '',
    data,
  });
}

describe('workers', () => {
  it('workers - a worker that dies and a worker that hangs delay only a tick, while 20,000 messages commit', async () => {
    const { folder, env, natsUrl, databasePath } = await ownFolder('workers');
    const faultFile = join(folder, 'fault');
    writeFileSync(faultFile, '');
    const program = startAggregator(
      {
        ...env,
        WORKERS: '1',
        WORKER_FAULT: faultFile,
        SEAMS: JSON.stringify({ poolWorkerUrl: FAULTY_WORKER }),
      },
      SERVE,
    );
    running = program;
    await program.ready();
    const broker = await connect({ servers: natsUrl });
    connection = broker;
    const committed = () => program.metric('aggregator_messages_total', 'outcome="applied"');
    const send = async (from: number, to: number) => {
      for (let task = from; task < to; task++) broker.publish('truebit.tasks.received', taskReceived(task));
      await broker.flush();
    };
    const struck = (fault: string) => {
      writeFileSync(faultFile, fault);
      return until(`a worker to ${fault}`, () => readFileSync(faultFile, 'utf8') === '');
    };
    const shown = async () => Number((await program.get('/api/federation/network-stats')).body['totalTasks']);

    await struck('die');
    await send(0, MESSAGES / 2);
    await until('the first half to be committed', async () => (await committed()) === MESSAGES / 2);
    await until('a tick by the replaced worker', async () => (await shown()) === MESSAGES / 2);
    expect(program.log.filter(({ msg }) => msg.startsWith('tick: no statistics'))).toHaveLength(1);

    await struck('hang');
    await send(MESSAGES / 2, MESSAGES);
    // Before the 10 s are over after which a thread that hangs is replaced.
    await until('the second half to be committed', async () => (await committed()) === MESSAGES, 9000);
    // The pool's only thread still hangs: these messages are not counted yet, but main answers.
    expect(await shown()).toBe(MESSAGES / 2);
    expect((await program.get('/livez')).status).toBe(200);
    writeFileSync(faultFile, 'go on');
    await until('the delayed tick', async () => (await shown()) === MESSAGES);
    // The delayed tick is as old as its question; the next one makes the program ready again.
    await program.ready();

    await expectConserved(program, databasePath);
    expect(await program.stop()).toBe(0);
    rmSync(folder, { recursive: true });
  });

  it('workers - a worker that dies while the actors are rebuilt delays the start but does not end it', async () => {
    const { folder, env } = await ownFolder('workers');
    const faultFile = join(folder, 'fault');
    writeFileSync(faultFile, 'die');
    const seams = { SEAMS: JSON.stringify({ poolWorkerUrl: FAULTY_WORKER }), WORKER_FAULT: faultFile };
    running = startAggregator({ ...env, ...seams, WORKERS: '1' }, SERVE);
    await running.ready();
    expect(readFileSync(faultFile, 'utf8')).toBe('');
    const { log } = running;
    const told = () => log.filter(({ msg }) => msg.startsWith('start: the nodes cannot be read'));
    await until('the log', () => told().length > 0);
    expect(told()).toHaveLength(1);
    expect(await running.stop()).toBe(0);
    rmSync(folder, { recursive: true });
  });
});
