import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ChildThread } from '../../src/workers/child-thread.ts';
import { until } from '../support/until.ts';

const url = new URL('../support/child-thread-program.ts', import.meta.url);
const entryUrl = new URL('../support/thread-entry-program.ts', import.meta.url);

function setUp(options: { readonly url: URL; readonly data: object } = { url, data: { at: 7 } }) {
  const told: string[] = [];
  const thread = new ChildThread<{ readonly type: string }, { readonly type: string }>(
    { name: 'child', ...options },
    {
      message: (message) => told.push(JSON.stringify(message)),
      died: (error) => told.push(`died: ${error instanceof Error ? error.message : String(error)}`),
    },
  );
  onTestFinished(() => thread.stop());
  return { thread, told, toldOf: (count: number) => until('what it tells', () => told.length >= count) };
}

const STARTED = '{"type":"started","data":{"at":7}}';

describe('child thread', () => {
  it('child thread - it gets its data, and a stop waits for its end, which is not reported as a death', async () => {
    const { thread, told, toldOf } = setUp();
    thread.send({ type: 'throw' });
    await thread.start();
    await toldOf(1);
    await thread.stop();
    expect(told).toEqual([STARTED, '{"type":"stopped"}']);
  });

  it.each([
    ['throw', 'died: thrown in the thread'],
    ['end', 'died: the child thread ended'],
  ])(
    'child thread - a thread that is told to %s has died, and its death is reported once',
    async (type, death) => {
      const { thread, told, toldOf } = setUp();
      await thread.start();
      await toldOf(1);
      thread.send({ type });
      await toldOf(2);
      await thread.stop();
      expect(told).toEqual([STARTED, death]);
    },
  );

  it('child thread - a thread that reports its failure may end by itself', async () => {
    const { thread, told, toldOf } = setUp();
    await thread.start();
    await toldOf(1);
    thread.send({ type: 'fail' });
    await toldOf(2);
    await thread.stop();
    expect(told).toEqual([STARTED, '{"type":"failed"}']);
  });

  it('child thread - a thread that was never started stops at once', async () => {
    const { thread, told } = setUp();
    await thread.stop();
    expect(told).toEqual([]);
  });

  it('thread entry - its work hears every message, and a stop releases everything before it is answered', async () => {
    const { thread, told, toldOf } = setUp({ url: entryUrl, data: { fault: false } });
    await thread.start();
    thread.send({ type: 'greeting' });
    await toldOf(2);
    await thread.stop();
    expect(told.map((text) => (JSON.parse(text) as { type: string }).type)).toEqual([
      'started',
      'heard greeting',
      'work stopped',
      'released',
      'stopped',
    ]);
  });

  it('thread entry - a start that waits for ever is no obstacle to a stop, and Node has nothing to warn of', async () => {
    // A program of its own, whose standard error Node would write to; it keeps main from ending the thread at once.
    const program = `
      import { Worker } from 'node:worker_threads';
      const worker = new Worker(new URL(${JSON.stringify(entryUrl.href)}), { workerData: { hangs: true }, execArgv: [] });
      worker.once('online', () => worker.postMessage({ type: 'stop' }));
      worker.on('exit', (code) => console.log('ended with', code));`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      program,
    ]);
    expect({ stdout, stderr }).toEqual({ stdout: 'ended with 0\n', stderr: '' });
  });

  it('thread entry - a start that fails for the operator is told with its code, and is no death', async () => {
    const { thread, told, toldOf } = setUp({ url: entryUrl, data: { fault: true } });
    await thread.start();
    await toldOf(1);
    await thread.stop();
    expect(told).toEqual(['{"type":"failed","code":"internal","sentence":"The start fails."}']);
  });
});
