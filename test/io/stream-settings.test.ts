// Differences from the wanted stream, and the broker's answers to requests to change them.

import { join } from 'node:path';
import {
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { connect, nanos } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeStorageLimit, keepStream } from '../../src/io/streams.ts';
import { differences, keepsMessagesOut, wantedConfig } from '../../src/io/stream-settings.ts';
import { brokerIsAtLeast } from '../support/broker-version.ts';
import { startNatsServer } from '../support/nats-server.ts';
import { temporaryFolder } from './broker-fixtures.ts';
import { writeFileSync } from 'node:fs';

const WANTED = {
  name: 'TRUEBIT_INGEST',
  subjects: ['a', 'b'],
  maxAgeMs: 259_200_000,
  maxBytes: 33_554_432,
  duplicateWindowMs: 100,
  acknowledges: true,
};
const CONFIG = wantedConfig(WANTED);
/** Debian's 2.9.10; newer ones change more settings of a stream that exists. */
const IS_OLD = !brokerIsAtLeast([2, 12, 0]);

describe('stream settings', () => {
  it.each<[string, Partial<StreamConfig>, string, string, string]>([
    ['subjects', { subjects: ['b'] }, 'subjects', 'b', 'a b'],
    ['storage', { storage: StorageType.Memory }, 'storage', 'memory', 'file'],
    ['retention', { retention: RetentionPolicy.Workqueue }, 'retention', 'workqueue', 'limits'],
    ['discard', { discard: 'new' }, 'discard', 'new', 'old'],
    ['discard_new', { discard_new_per_subject: true }, 'discard_new_per_subject', 'true', 'false'],
    ['age', { max_age: nanos(1000) }, 'max_age', '1000 ms', '259200000 ms'],
    ['bytes', { max_bytes: -1 }, 'max_bytes', '-1', '33554432'],
    ['messages', { max_msgs: 3 }, 'max_msgs', '3', '-1'],
    ['messages per subject', { max_msgs_per_subject: 3 }, 'max_msgs_per_subject', '3', '-1'],
    ['message size', { max_msg_size: 3 }, 'max_msg_size', '3', '-1'],
    ['consumers', { max_consumers: 3 }, 'max_consumers', '3', '-1'],
    ['window', { duplicate_window: nanos(120_000) }, 'duplicate_window', '120000 ms', '100 ms'],
    ['no_ack', { no_ack: true }, 'no_ack', 'true', 'false'],
    ['sealed', { sealed: true }, 'sealed', 'true', 'false'],
    ['deny_delete', { deny_delete: true }, 'deny_delete', 'true', 'false'],
    ['deny_purge', { deny_purge: true }, 'deny_purge', 'true', 'false'],
    ['rollup', { allow_rollup_hdrs: true }, 'allow_rollup_hdrs', 'true', 'false'],
    ['mirror', { mirror: { name: 'M' } }, 'mirror', '{"name":"M"}', 'none'],
    ['sources', { sources: [{ name: 'S' }] }, 'sources', '[{"name":"S"}]', 'none'],
    ['republish', { republish: { src: 'a', dest: 'c' } }, 'republish', '{"src":"a","dest":"c"}', 'none'],
    [
      'transform',
      { subject_transform: { src: 'a', dest: 'c' } },
      'subject_transform',
      '{"src":"a","dest":"c"}',
      'none',
    ],
  ])('stream settings - a difference in %s is found', (_name, change, field, have, want) => {
    expect(differences({ ...CONFIG, ...change }, CONFIG)).toEqual([{ field, have, want }]);
  });

  it('stream settings - irrelevant properties and the order of subjects are not compared', () => {
    const other: Partial<StreamConfig> = {
      subjects: ['b', 'a'],
      num_replicas: 3,
      compression: 's2',
      placement: { cluster: 'x', tags: [] },
      description: 'theirs',
      metadata: { made: 'by hand' },
      max_consumers: 7,
      allow_direct: true,
    };
    expect(differences({ ...CONFIG, ...other }, CONFIG)).toEqual([]);
  });

  it('stream settings - absent properties count as the wanted values', () => {
    const { sources: _, sealed: __, deny_delete: ___, deny_purge: ____, ...rest } = CONFIG;
    expect(differences(rest, CONFIG)).toEqual([]);
  });

  it('stream settings - a stream that accepts no messages is recognised', () => {
    const of = (change: Partial<StreamConfig>) =>
      differences({ ...CONFIG, ...change }, CONFIG).some(keepsMessagesOut);
    expect([of({ sealed: true }), of({ subjects: ['a'] }), of({ mirror: { name: 'M' } })]).toEqual([
      true,
      true,
      true,
    ]);
    expect([of({}), of({ storage: StorageType.Memory }), of({ deny_delete: true })]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

/** A manager on a broker of the test's own. */
async function manage(configuration = ''): Promise<JetStreamManager> {
  const folder = temporaryFolder();
  const configurationFile = join(folder, 'nats.conf');
  writeFileSync(configurationFile, configuration);
  const server = await startNatsServer({
    configurationFile,
    ...(configuration === '' ? { storeFolder: folder } : {}),
  });
  const connection = await connect({ servers: server.url });
  onTestFinished(async () => {
    await connection.close();
    await server.stop();
  });
  return jetstreamManager(connection, { checkAPI: false });
}

const ask = (manager: JetStreamManager) => async () => {
  const streams = await manager.streams.list().next();
  return keepStream(manager, WANTED, streams.find(({ config }) => config.name === WANTED.name) ?? null);
};

describe('stream settings at a broker', () => {
  it('stream settings - a stream is made with the wanted settings, and not changed afterwards', async () => {
    const keep = ask(await manage());
    expect((await keep()).refused).toEqual([]);
    expect(differences((await keep()).info.config, CONFIG)).toEqual([]);
  });

  it('stream settings - changeable settings are changed, others are reported with the reason', async () => {
    const manager = await manage();
    await manager.streams.add({
      name: WANTED.name,
      subjects: ['c'],
      storage: StorageType.Memory,
      discard: 'new',
      discard_new_per_subject: true,
      max_msgs_per_subject: 5,
      deny_delete: true,
      allow_rollup_hdrs: true,
      duplicate_window: nanos(60_000),
    });
    const keep = ask(manager);
    const { refused, info } = await keep();
    expect(refused).toEqual([
      {
        field: 'storage',
        have: 'memory',
        want: 'file',
        reason: expect.stringMatching(/can not change storage/),
      },
      {
        field: 'deny_delete',
        have: 'true',
        want: 'false',
        reason: expect.stringMatching(/can not cancel deny message deletes/),
      },
    ]);
    expect(differences(info.config, CONFIG).map(({ field }) => field)).toEqual(['storage', 'deny_delete']);
  });

  it.each<[string, Partial<StreamConfig>, readonly string[]]>([
    ['workqueue', { retention: RetentionPolicy.Workqueue }, ['retention']],
    ['interest', { retention: RetentionPolicy.Interest }, IS_OLD ? ['retention'] : []],
    ['deny_purge', { deny_purge: true }, ['deny_purge']],
    ['republish', { republish: { src: 'a', dest: 'd' } }, IS_OLD ? ['republish'] : []],
  ])(
    'stream settings - %s is changed if the broker can, and else reported',
    async (_name, config, fields) => {
      const manager = await manage();
      await manager.streams.add({ name: WANTED.name, subjects: ['a'], ...config });
      const { refused, info } = await ask(manager)();
      expect(refused.map(({ field }) => field)).toEqual(fields);
      expect(differences(info.config, CONFIG).map(({ field }) => field)).toEqual(fields);
      for (const { reason } of refused) expect(reason).not.toBeNull();
    },
  );

  it('stream settings - no setting of a sealed stream can be changed', async () => {
    const manager = await manage();
    await manager.streams.add({ name: WANTED.name, subjects: ['a', 'b'] });
    await manager.streams.update(WANTED.name, Object.fromEntries([['sealed', true]]));
    const { refused } = await ask(manager)();
    expect(refused.map(({ field }) => field)).toContain('sealed');
    expect(refused.some(keepsMessagesOut)).toBe(true);
  });

  it('stream settings - a mirror becomes a stream where the broker can do that, and else is reported', async () => {
    const manager = await manage();
    await manager.streams.add({ name: 'ORIGIN', subjects: ['o'] });
    await manager.streams.add({ name: WANTED.name, mirror: { name: 'ORIGIN' } });
    const { refused, info } = await ask(manager)();
    const fields = differences(info.config, CONFIG).map(({ field }) => field);
    expect(refused.map(({ field }) => field)).toEqual(fields);
    expect(fields.includes('mirror')).toBe(IS_OLD);
  });

  it('stream settings - a server with little space gives the space that it has, and the difference is reported', async () => {
    const manager = await manage(`jetstream { store_dir: "${temporaryFolder()}", max_file_store: 10MB }`);
    const { refused } = await ask(manager)();
    expect(refused).toEqual([
      {
        field: 'max_bytes',
        have: String(33_554_432 / 4),
        want: '33554432',
        reason: expect.stringMatching(/insufficient storage/),
      },
    ]);
    expect(await describeStorageLimit(manager)).toBeNull();
  });

  it('stream settings - the limit of the account is named', async () => {
    const manager = await manage(`
      jetstream { store_dir: "${temporaryFolder()}" }
      accounts { A { users: [{ user: u, password: p }], jetstream { max_file: 9MB } } }
      no_auth_user: u
    `);
    expect((await ask(manager)()).refused).toMatchObject([{ field: 'max_bytes', have: '8388608' }]);
    expect(await describeStorageLimit(manager)).toMatch(/^this account may store 9\d+ bytes, /);
  });
});
