// A broker that answers but refuses a part of its work: the reasons shown, and their end.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { describe, expect, it } from 'vitest';
import type { Aggregator } from '../../support/aggregator.ts';
import { counted, send } from '../../support/federation.ts';
import { heartbeat, tasks } from '../../support/messages.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { until } from '../../support/until.ts';

interface ReadyBody {
  readonly components: Readonly<Record<string, { readonly ok: boolean; readonly reason?: string }>>;
}

async function readiness(program: Aggregator): Promise<ReadyBody & { readonly code: number }> {
  const { status, body } = await program.get('/readyz');
  return { code: status, ...(body as unknown as ReadyBody) };
}

/** A configuration file in which the user `aggregator` has these rights, and another one all. */
function configure(folder: string, rights: string, jetstream = ''): string {
  const file = join(folder, 'nats.conf');
  writeFileSync(
    file,
    `${jetstream}
     authorization { users: [
       { user: node, password: p }
       { user: aggregator, password: p, permissions: { ${rights} } }
     ] }`,
  );
  return file;
}

const told = (program: Aggregator, pattern: RegExp) =>
  program.log.filter(({ level, msg }) => level === 'warn' && pattern.test(msg));

/** `ingest` of the live state. */
async function live(program: Aggregator) {
  const { body } = await program.get('/api/federation/health');
  return body['ingest'] as { readonly clockOffsetMs: number | null; readonly lagMs: number };
}

describe('transport faults: the clock of the broker', () => {
  it('transport faults - a live message gives the clock of the broker, messages that had waited do not', async () => {
    const own = await testFolder('offset');
    const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
    const connection = await connectTo(broker.url);
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'EVERYTHING', subjects: ['truebit.>'] });
    await send(connection, tasks(0, 30));
    const { state } = await manager.streams.info('EVERYTHING');
    await until('the messages to be old', () => Date.now() - Date.parse(state.last_ts) > 1500);
    const program = launch(at(broker.url, own, { PUBLISH: 'off' }));
    await counted(program, 30);
    await program.ready();
    expect(await live(program)).toMatchObject({ clockOffsetMs: null });
    expect(await program.metric('aggregator_clock_offset_seconds')).toBe(0);
    await send(connection, [heartbeat('node-0001')]);
    const offsetMs = await until('a live message', async () => {
      const { clockOffsetMs } = await live(program);
      return clockOffsetMs !== null && { clockOffsetMs };
    });
    // A pull rests for 100 ms at the end of the stream, and the machine may be busy.
    expect(Math.abs(offsetMs.clockOffsetMs)).toBeLessThan(1000);
    expect(await program.stop()).toBe(0);
  });
});

describe('transport faults: refusals of the broker', () => {
  it('transport faults - inputs without the right to subscribe make the program unready, with their names, and count when the right is given', async () => {
    const own = await testFolder('denied');
    const configurationFile = configure(own.folder, 'subscribe: { allow: ["truebit.tasks.*"] }');
    const broker = await launchBroker({ configurationFile });
    const env = { NATS_USER: 'aggregator', NATS_PASSWORD: 'p', PUBLISH_INTERVAL: '200' };
    const program = launch(at(broker.url, own, env));
    const seen = await until('the reason', async () => {
      const now = await readiness(program);
      return now.components['ingest']?.reason?.includes('truebit.heartbeat') === true && now;
    });
    expect(seen).toMatchObject({ code: 503, components: { ingest: { ok: false }, broker: { ok: true } } });
    expect(seen.components['ingest']?.reason).toMatch(
      /^the broker does not let the aggregator subscribe to truebit\.heartbeat, truebit\.invoices\.created, truebit\.nodes\.joined, truebit\.nodes\.left:/,
    );
    // No monitor can join either, which is a warning.
    expect(seen.components['broker']?.reason).toMatch(/no node can join/);
    expect(await program.metric('aggregator_broker_refusals')).toBe(5);
    const { port } = broker;
    await broker.stop();
    configure(own.folder, '');
    await launchBroker({ configurationFile, port });
    await program.ready();
    await send(await connectTo(broker.url, { user: 'node', pass: 'p' }), [heartbeat('node-0001')]);
    await counted(program, 1);
    expect(told(program, /does not let the aggregator subscribe/)).toHaveLength(1);
    expect(told(program, /no node can join/)).toHaveLength(1);
    await until('no refusal', async () => (await program.metric('aggregator_broker_refusals')) === 0);
    expect((await readiness(program)).components['broker']).toEqual({ ok: true });
    expect(await program.stop()).toBe(0);
  });

  it('transport faults - statistics without the right to publish make the program unready, with the subjects, and are published when the right is given', async () => {
    const own = await testFolder('unpublished');
    const configurationFile = configure(own.folder, 'publish: { deny: "truebit.stats.period.>" }');
    const broker = await launchBroker({ configurationFile });
    const env = { NATS_USER: 'aggregator', NATS_PASSWORD: 'p', PUBLISH_INTERVAL: '200' };
    const program = launch(at(broker.url, own, env));
    const seen = await until('the reason', async () => {
      const now = await readiness(program);
      return now.components['tick']?.reason?.includes('truebit.stats') === true && now;
    });
    expect(seen.code).toBe(503);
    expect(seen.components['tick']?.reason).toBe(
      "statistics are not published: the broker does not let the aggregator publish to truebit.stats.period.1h, truebit.stats.period.24h, truebit.stats.period.7d: allow the aggregator's user to publish to truebit.stats.>",
    );
    expect(await program.metric('aggregator_last_publish_timestamp_seconds')).toBe(0);
    configure(own.folder, '');
    broker.process.kill('SIGHUP');
    await program.ready();
    expect(told(program, /not published/)).toHaveLength(1);
    expect(program.log.filter(({ msg }) => /takes the statistics again/.test(msg))).toHaveLength(1);
    expect(await program.metric('aggregator_last_publish_timestamp_seconds')).toBeGreaterThan(0);
    expect(await program.stop()).toBe(0);
  });

  it('transport faults - statistics larger than max_payload are reported with the remedy', async () => {
    const own = await testFolder('large');
    const configurationFile = configure(own.folder, '', 'max_payload: 700');
    const broker = await launchBroker({ configurationFile });
    const env = { NATS_USER: 'aggregator', NATS_PASSWORD: 'p', PUBLISH_INTERVAL: '200' };
    const program = launch(at(broker.url, own, env));
    const seen = await until('the reason', async () => {
      const now = await readiness(program);
      return now.components['tick']?.reason?.includes('max_payload') === true && now;
    });
    expect(seen.components['tick']?.reason).toMatch(
      /truebit\.stats\.aggregated with \d+ bytes .*raise max_payload there, now 700/,
    );
    // Larger statistics are refused for the same reason, which is not reported again.
    await send(await connectTo(broker.url, { user: 'node', pass: 'p' }), tasks(0, 30));
    await until('another size', async () => {
      const { reason } = (await readiness(program)).components['tick'] ?? {};
      return reason !== undefined && reason !== seen.components['tick']?.reason;
    });
    expect(told(program, /not published/)).toHaveLength(1);
    expect(await program.stop()).toBe(0);
  });
});
