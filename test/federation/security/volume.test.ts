// Attacks by volume within the limits of messages and nodes, and their bounds.

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectConserved } from '../../support/conservation.ts';
import { counted, send, shown } from '../../support/federation.ts';
import { heartbeat, taskReceived } from '../../support/messages.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { valueOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

/** Tasks from admitted ids, each within its own limit. */
const invented = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) =>
    taskReceived(from + index, `node-invented-${(from + index) % 50}`),
  );

describe('volume', () => {
  it('nothing stops in open mode: push unread messages out of the stream', async () => {
    const own = await testFolder('volume-stream');
    const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
    const [victim, stranger] = [await connectTo(broker.url), await connectTo(broker.url)];
    const env = at(broker.url, own, { STREAM_MAX_BYTES: '200000' });
    const first = launch(env);
    await first.ready();
    await send(victim, [taskReceived(1, 'node-victim')]);
    await counted(first, 1);
    expect(await first.stop()).toBe(0);

    await send(victim, [taskReceived(2, 'node-victim')]);
    await send(stranger, invented(1000, 3000));
    const second = launch(env);
    await second.ready();
    // The victim's second task is among the lost, and the position counts them at once, because they come first.
    const lost = await until(
      'the loss',
      async () => (await second.metric('aggregator_messages_lost_total')) || null,
    );
    expect(lost).toBeGreaterThan(1000);
    await counted(second, 2001 - lost);
    expect(valueOf(own.databasePath, 'SELECT sum(lost) FROM ingest_position')).toBe(lost);
    await shown(second, { totalTasks: 1 + 2001 - lost });
    await expectConserved(second, own.databasePath);
    expect(await second.stop()).toBe(0);
  });

  it('nothing stops in open mode: fill the disk with invented tasks, as fast as RATE_LIMIT_GLOBAL_PER_SECOND lets in', async () => {
    const own = await testFolder('volume-disk');
    const perSecond = 5;
    const program = launch({
      ...own.env,
      RATE_LIMIT_GLOBAL_PER_SECOND: String(perSecond),
      RATE_LIMIT_PER_MINUTE: '0',
    });
    await program.ready();
    const stranger = await connectTo(own.natsUrl);
    const startedMs = performance.now();
    await send(stranger, invented(0, 3000));
    await counted(program, 3000);
    const seconds = (performance.now() - startedMs) / 1000;
    const stored = Number(valueOf(own.databasePath, 'SELECT count(*) FROM tasks'));
    expect(stored).toBeGreaterThanOrEqual(perSecond / 2);
    expect(stored).toBeLessThanOrEqual(perSecond * (1 + seconds) + 1);
    expect(await program.metric('aggregator_messages_total', 'outcome="rate_limited"')).toBe(3000 - stored);
    // All nodes share that limit: it protects the disk, not the other nodes. Sent at once, because a fifth of a second
    // later the limit admits one more.
    await send(stranger, [...invented(3000, 3500), heartbeat('node-victim')]);
    await counted(program, 3501);
    const knows = async () => (await program.get('/api/federation/nodes/node-victim')).status === 200;
    expect(await knows()).toBe(false);
    await until('a victim that speaks again to be let in', async () => {
      await send(stranger, [heartbeat('node-victim')]);
      return knows();
    });
    await expectConserved(program, own.databasePath);
    expect(await program.stop()).toBe(0);
  });
});
