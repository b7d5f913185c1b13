import { readFileSync, rmSync } from 'node:fs';
import { connect } from 'nats';
import { afterEach, describe, expect, it } from 'vitest';
import { type Aggregator, startAggregator } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import { ownFolder } from '../../support/embedded.ts';
import { type Rubbish, rubbishFor, VALID } from '../../support/rubbish.ts';
import { until } from '../../support/until.ts';

const GOOD_EACH = 50;

let running: Aggregator | null = null;
afterEach(async () => {
  await running?.stop();
  running = null;
});

/** Interleaves two lists, so that every piece of rubbish has valid neighbours. */
function mixed<T>(a: readonly T[], b: readonly T[]): T[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => [a[index], b[index]])
    .flat()
    .filter((item) => item !== undefined);
}

describe('rubbish', () => {
  it('rubbish - every kind on every subject is counted under its reason, and the valid messages beside it are exact', async () => {
    const { folder, env, natsUrl, databasePath } = await ownFolder('rubbish');
    const program = startAggregator(env);
    running = program;
    await program.ready();
    const connection = await connect({ servers: natsUrl });
    const expected = new Map<string, number>();
    let sent = 0;
    for (const [index, { subject, message }] of VALID.entries()) {
      const good = Array.from({ length: GOOD_EACH }, (_, number): Rubbish => {
        return { kind: 'good', payload: Buffer.from(JSON.stringify(message(1000 + number))), reason: '' };
      });
      const rubbish = rubbishFor(index);
      expect(rubbish.length).toBeGreaterThan(40);
      for (const { payload, reason } of mixed(rubbish, good)) {
        connection.publish(subject, payload);
        sent++;
        if (reason === '') continue;
        const key = `aggregator_messages_rejected_total{subject="${subject}",reason="${reason}"}`;
        expected.set(key, (expected.get(key) ?? 0) + 1);
      }
    }
    await connection.flush();
    await connection.close();
    await until(
      'all to be counted',
      async () => (await program.metric('aggregator_messages_total')) === sent,
    );

    const text = await (await fetch(`${await program.url()}/metrics`)).text();
    const counted = new Map(
      text
        .split('\n')
        .filter((line) => line.startsWith('aggregator_messages_rejected_total{') && !line.endsWith(' 0'))
        .map((line): [string, number] => [
          line.slice(0, line.lastIndexOf(' ')),
          Number(line.slice(line.lastIndexOf(' ') + 1)),
        ]),
    );
    expect(counted).toEqual(expected);
    await expectConserved(program, databasePath);

    const committedAtMs = Date.now();
    // The message says that the node left; its actor makes it offline one commit later.
    const statistics = await until('a tick that counts them', async () => {
      const { body } = await program.get('/api/federation/network-stats');
      return Date.parse(String(body['lastUpdated'])) > committedAtMs && body['offlineNodes'] === 7
        ? body
        : null;
    });
    // Fifty tasks, each received and completed by the same node; fifty invoices; seven nodes, each of which left last.
    expect(statistics).toMatchObject({
      totalTasks: GOOD_EACH,
      completedTasks: GOOD_EACH,
      failedTasks: 0,
      cachedTasks: 0,
      totalInvoices: GOOD_EACH,
      totalNodes: 7,
      offlineNodes: 7,
      chainDistribution: { '1': GOOD_EACH },
      taskTypeDistribution: { wasm: GOOD_EACH },
    });

    expect(await program.stop()).toBe(0);
    // No part of a refused message is in the log at debug level, or in the database.
    const log = JSON.stringify(program.log) + program.errors();
    const kept = readFileSync(databasePath).toString('latin1');
    for (const secret of ['abababababab', '192.168.1.77', '2001:db8', '<img', 'level=error', 'half a']) {
      expect(log).not.toContain(secret);
      expect(kept).not.toContain(secret);
    }
    rmSync(folder, { recursive: true });
  });
});
