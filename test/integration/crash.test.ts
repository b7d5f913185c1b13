import { rmSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { connect } from 'nats';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { createOracle } from '../../src/simulator/federation/oracle.ts';
import { createPlan } from '../../src/simulator/federation/plan.ts';
import { sendPlan } from '../../src/simulator/federation/sender.ts';
import { createRandom } from '../../src/simulator/random.ts';
import { type Aggregator, startAggregator } from '../support/aggregator.ts';
import { ownFolder } from '../support/embedded.ts';
import { expectRows } from '../support/oracle-check.ts';
import { until } from '../support/until.ts';

const KILLS = 8;
const SEED = Number(process.env['CRASH_SEED'] ?? '1');

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
let running: Aggregator | null = null;
afterEach(async () => {
  await running?.stop();
  running = null;
});

describe('crash', () => {
  it(`crash - kill -9 eight times during a feed changes nothing in rows and statistics (seed ${SEED})`, async () => {
    const { folder, databasePath, natsUrl, env } = await ownFolder('crash');
    const random = createRandom(SEED, 'kills');
    const { messages } = createPlan({
      nodes: 60,
      ratePerMinute: 600,
      durationMs: 8000,
      seed: SEED,
      nonce: `crash-${process.pid}`,
      duplicates: 0.2,
      disagree: 0.1,
      startAtMs: Date.now(),
    });
    running = startAggregator(env);
    await running.ready();
    const connection = await connect({ servers: natsUrl });
    const feed = sendPlan(messages, {
      publisher: connection,
      clock: systemClock,
      wait,
      onProgress: () => undefined,
    });

    for (let kill = 0; kill < KILLS; kill++) {
      // From the first moments of the start to well into the work: the moment is the thing under test.
      await wait(20 + random.next() * 900);
      running.process.kill('SIGKILL');
      expect((await running.exit).signal).toBe('SIGKILL');
      running = startAggregator(env);
    }
    await feed;
    await connection.close();

    const last = running;
    await last.ready();
    const oracle = createOracle();
    const outcomes = { applied: 0, duplicate: 0 };
    for (const message of messages) outcomes[oracle.record(message)]++;
    const expected = oracle.expected();
    await until('everything to be committed', () => {
      const database = new Sqlite(databasePath, { readonly: true });
      const seq = database.prepare('SELECT last_seq FROM ingest_position').pluck().get();
      database.close();
      return seq === messages.length;
    });
    const database = new Sqlite(databasePath, { readonly: true });
    expect(
      database
        .prepare('SELECT first_seq, last_seq, applied, duplicate, rejected, lost FROM ingest_position')
        .all(),
    ).toEqual([{ first_seq: 1, last_seq: messages.length, ...outcomes, rejected: 0, lost: 0 }]);
    database.close();
    const committedAtMs = Date.now();
    const published = await until('a tick after the last commit', async () => {
      const { body } = await last.get('/api/federation/network-stats');
      return Date.parse(String(body['lastUpdated'])) > committedAtMs + 2000 ? body : null;
    });
    expect(published).toMatchObject(expected.statistics as unknown as Record<string, unknown>);
    expectRows(databasePath, expected);
    expect(await last.stop()).toBe(0);
    running = null;
    rmSync(folder, { recursive: true });
  });
});
