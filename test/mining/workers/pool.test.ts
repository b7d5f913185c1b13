// The worker pool with threads that need no database: their data, defects, hangs and refusals.

import { expect, it } from 'vitest';
import { WorkerPool } from '../../../src/workers/pool.ts';
import type { AloneQuestions } from '../../support/alone-thread.ts';

it('pool - threads without a database answer; a defect, a hang and a refusal have codes and end nothing', async () => {
  const runs: number[] = [];
  const pool = new WorkerPool<AloneQuestions>({
    workerUrl: new URL('../../support/alone-thread.ts', import.meta.url),
    workerData: { colour: 'red' },
    threads: 1,
    questionMs: 4_000,
    refusedReads: null,
    onRun: (seconds) => runs.push(seconds),
  });
  const ask = (fault: AloneQuestions['what']['argument']['fault']) => pool.ask('what', { fault });
  try {
    await expect(ask('none')).rejects.toMatchObject({ code: 'worker_timeout' });
    await pool.start();
    expect(await ask('none')).toMatchObject({ colour: 'red' });
    await expect(ask('throw')).rejects.toMatchObject({ code: 'internal' });
    await expect(ask('refuse')).rejects.toMatchObject({ code: 'database_unusable' });
    const startMs = performance.now();
    await expect(ask('hang')).rejects.toMatchObject({ code: 'worker_timeout' });
    // The pool's own limit, without the option, is ten seconds.
    expect(performance.now() - startMs).toBeLessThan(9_000);
    expect(await ask('none')).toMatchObject({ colour: 'red' });
    expect(runs).toHaveLength(2);
  } finally {
    await pool.stop();
  }
});
