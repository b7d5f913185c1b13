// Telemetry against a real nats-server that refuses something, or a stream that delivers nothing: with short times, so
// that the test can wait for the recovery.

import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager, type StreamAPI } from '@nats-io/jetstream';
import { connect, type NatsConnection } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import { Telemetry, type TelemetryOptions } from '../../../src/federation/sources/telemetry.ts';
import { temporaryFolder } from '../../io/broker-fixtures.ts';
import { type NatsServer, startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';

/** Rights of the user `reader`; another user may do everything. */
interface Rights {
  readonly rights?: string;
  readonly jetstream?: boolean;
  /** More of the configuration. */
  readonly more?: string;
}

/** A broker whose rights can be changed while it runs, or over a restart. */
async function brokerWith(first: Rights) {
  const folder = temporaryFolder();
  const configurationFile = join(folder, 'nats.conf');
  const write = ({ rights = '', jetstream = true, more = '' }: Rights) =>
    writeFileSync(
      configurationFile,
      `${jetstream ? `jetstream { store_dir: "${folder}" }` : ''}
       ${more}
       authorization { users: [
         { user: all, password: p }
         { user: reader, password: p, permissions: { ${rights} } }
       ] }`,
    );
  write(first);
  let server = await startNatsServer({ configurationFile });
  const { port } = server;
  const connection = await connect({
    servers: server.url,
    user: 'all',
    pass: 'p',
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
  });
  onTestFinished(async () => {
    await connection.close();
    await server.stop();
  });
  return {
    url: server.url,
    folder,
    connection,
    reload(rights: Rights) {
      write(rights);
      server.process.kill('SIGHUP');
    },
    async restart(rights: Rights): Promise<NatsServer> {
      write(rights);
      await server.stop();
      server = await startNatsServer({ configurationFile, port });
      return server;
    },
  };
}

/** A running telemetry and its reports; an earlier run had read up to `knownSeq`. */
function telemetryAt(url: string, changes: Partial<TelemetryOptions> = {}, knownSeq: number | null = null) {
  const subjects: string[] = [];
  const seqs: (number | null)[] = [];
  const log: string[] = [];
  const gone: number[] = [];
  let nextSeq: number | null = null;
  const telemetry = new Telemetry(
    {
      nats: {
        servers: [url],
        user: 'reader',
        password: 'p',
        token: null,
        credsFile: null,
        caFile: null,
        certFile: null,
        keyFile: null,
        inboxPrefix: null,
      },
      mode: 'auto',
      streamMaxAgeMs: 3_600_000,
      streamMaxBytes: 33_554_432,
      retentionMs: 0,
      pullMessages: 100,
      pullsOutstanding: 2,
      pingIntervalMs: 100,
      catchingUpAgeMs: 10_000,
      refusedRetryMs: 300,
      stallLookMs: 100,
      stallAfterMs: 1000,
      ...changes,
    },
    {
      lastKnown: () => Promise.resolve(knownSeq),
      attach: (stream) => Promise.resolve((nextSeq ??= Math.max(1, stream.firstSeq))),
      // Each attachment reports a stream that holds no message beyond the position.
      nothingUpTo: (seq) => void (seq >= (nextSeq ?? 1) && gone.push(seq)),
      detach: () => undefined,
    },
    {
      message({ subject, seq }) {
        subjects.push(subject);
        seqs.push(seq);
        if (seq !== null) {
          nextSeq = seq + 1;
          telemetry.committed(seq);
        }
      },
      heard: () => undefined,
      begun: () => undefined,
      lost: () => undefined,
      resting: () => undefined,
      restart: () => undefined,
      log: (level, sentence) => void log.push(`${level} ${sentence}`),
      fatal: (error) => void log.push(`fatal ${error.code}`),
      clock: systemClock,
    },
  );
  onTestFinished(() => telemetry.stop());
  void telemetry.start();
  const warnings = (pattern: RegExp) => log.filter((line) => line.startsWith('warn') && pattern.test(line));
  return { telemetry, subjects, seqs, gone, log, warnings };
}

async function publish(connection: NatsConnection, subjects: readonly string[], text = '{}'): Promise<void> {
  for (const subject of subjects) connection.publish(subject, text);
  await connection.flush();
}

/** Publishes on each input and waits until these messages arrive. */
async function allArrive(connection: NatsConnection, arrived: readonly string[]): Promise<void> {
  const before = arrived.length;
  await publish(connection, SUBJECTS);
  await until('all inputs', () => SUBJECTS.every((subject) => arrived.slice(before).includes(subject)));
}

const TASKS_ONLY = 'subscribe: { allow: ["truebit.tasks.*", "_INBOX.>"] }';
const NO_INBOX = 'subscribe: { allow: ["truebit.>"] }';

describe('telemetry: refusals of the broker on plain NATS', () => {
  it.each(['reload', 'restart'] as const)(
    'telemetry - inputs without the right to subscribe are named, and read after a %s that allows them',
    async (how) => {
      const broker = await brokerWith({ rights: TASKS_ONLY, jetstream: false });
      const { telemetry, subjects, warnings, log } = telemetryAt(broker.url);
      await until('the fault', () => telemetry.fault !== null);
      expect(telemetry.fault).toMatch(
        /^the broker does not let the aggregator subscribe to truebit\.heartbeat, truebit\.invoices\.created, truebit\.nodes\.joined, truebit\.nodes\.left: .*allow the aggregator's user/,
      );
      expect(telemetry).toMatchObject({ mode: 'core', isReading: false, isMissing: true, refusals: 4 });
      // Meanwhile the permitted inputs are read.
      await publish(broker.connection, SUBJECTS);
      await until('the two', () => subjects.length === 2);
      expect(warnings(/does not let the aggregator/)).toHaveLength(1);
      if (how === 'reload') broker.reload({ jetstream: false });
      else await broker.restart({ jetstream: false });
      await until('the end', () => telemetry.isConnected && telemetry.fault === null && telemetry.isReading);
      await allArrive(broker.connection, subjects);
      expect(telemetry).toMatchObject({ isMissing: false, refusals: 0, problem: null });
      expect(warnings(/does not let the aggregator/)).toHaveLength(1);
      expect(log.filter((line) => /allows again everything/.test(line))).toHaveLength(1);
    },
  );

  it('telemetry - without JetStream the right to replies is not needed: plain NATS is read without a warning', async () => {
    const broker = await brokerWith({ rights: NO_INBOX, jetstream: false });
    const { telemetry, subjects, warnings } = telemetryAt(broker.url);
    await until('reading', () => telemetry.isReading);
    expect(telemetry).toMatchObject({ mode: 'core', fault: null, problem: null, refusals: 0 });
    await allArrive(broker.connection, subjects);
    expect(warnings(/does not let the aggregator/)).toEqual([]);
    // A reconnection does not ask for JetStream either.
    await broker.restart({ rights: NO_INBOX, jetstream: false });
    await until('the return', () => telemetry.reconnects === 1 && telemetry.isReading);
    await allArrive(broker.connection, subjects);
    expect(telemetry).toMatchObject({ fault: null, problem: null, refusals: 0 });
  });

  it('telemetry - with the right to two inputs and no replies, these two are read and the other four are named', async () => {
    const rights = 'subscribe: { allow: ["truebit.tasks.*"] }';
    const broker = await brokerWith({ rights, jetstream: false });
    const { telemetry, subjects } = telemetryAt(broker.url);
    await until('the fault', () => telemetry.fault !== null);
    expect(telemetry.fault).toBe(
      "the broker does not let the aggregator subscribe to truebit.heartbeat, truebit.invoices.created, truebit.nodes.joined, truebit.nodes.left: what is published there is not counted; allow the aggregator's user to subscribe to them",
    );
    expect(telemetry).toMatchObject({ mode: 'core', isConsuming: true, refusals: 4 });
    await publish(broker.connection, SUBJECTS);
    await until('the two', () => subjects.length === 2);
    expect(subjects.toSorted()).toEqual(['truebit.tasks.completed', 'truebit.tasks.received']);
  });

  it('telemetry - a right that the broker withdraws during reading is reported, and so is its return', async () => {
    const broker = await brokerWith({ jetstream: false });
    const { telemetry, subjects, warnings } = telemetryAt(broker.url);
    await until('reading', () => telemetry.isReading);
    expect(telemetry.fault).toBeNull();
    broker.reload({ rights: TASKS_ONLY, jetstream: false });
    await until('the fault', () => telemetry.refusals === 4 && telemetry.fault !== null);
    expect(telemetry.fault).toMatch(/truebit\.heartbeat/);
    broker.reload({ jetstream: false });
    await until('the end', () => telemetry.fault === null);
    await allArrive(broker.connection, subjects);
    expect(warnings(/truebit\.heartbeat/)).toHaveLength(1);
  });

  it('telemetry - a limit of subscriptions is reported, and so is its end', async () => {
    const broker = await brokerWith({ jetstream: false, more: 'max_subscriptions: 3' });
    const { telemetry, subjects, warnings } = telemetryAt(broker.url);
    await until('the fault', () => telemetry.fault !== null);
    expect(telemetry.fault).toMatch(/maximum subscriptions exceeded.*raise max_subscriptions/);
    await broker.restart({ jetstream: false });
    await until('the end', () => telemetry.isConnected && telemetry.fault === null && telemetry.isReading);
    await allArrive(broker.connection, subjects);
    expect(warnings(/maximum subscriptions/)).toHaveLength(1);
  });
});

describe('telemetry: refusals of the broker about JetStream', () => {
  it.each([
    ['to ask of JetStream', 'publish: { deny: "$JS.API.STREAM.LIST" }', /publish to \$JS\.API\.STREAM\.LIST/],
    [
      'to make the stream',
      'publish: { deny: "$JS.API.STREAM.CREATE.>" }',
      /publish to \$JS\.API\.STREAM\.CREATE/,
    ],
    [
      'to make a consumer',
      'publish: { deny: "$JS.API.CONSUMER.CREATE.>" }',
      /publish to \$JS\.API\.CONSUMER\.CREATE\.TRUEBIT_INGEST/,
    ],
    [
      'to pull',
      'publish: { deny: "$JS.API.CONSUMER.MSG.NEXT.>" }',
      /publish to \$JS\.API\.CONSUMER\.MSG\.NEXT\.TRUEBIT_INGEST\.>/,
    ],
  ])(
    'telemetry - missing permission %s is reported once, and so is its end',
    async (_name, rights, refused) => {
      const broker = await brokerWith({ rights });
      const { telemetry, subjects, log, warnings } = telemetryAt(broker.url);
      await until('the fault', () => telemetry.fault !== null);
      expect(telemetry.fault).toMatch(refused);
      expect(telemetry.fault).toMatch(
        /: allow the aggregator's user to publish to \$JS\.API\.>, or set INGEST_MODE=core/,
      );
      expect(telemetry.fault).not.toMatch(/_INBOX/);
      expect(telemetry.mode).not.toBe('core');
      const tries = () => telemetry.isConsuming;
      expect(tries()).toBe(false);
      broker.reload({});
      await until('the end', () => telemetry.fault === null && telemetry.isReading);
      expect(telemetry.mode).toBe('jetstream');
      await allArrive(broker.connection, subjects);
      expect(warnings(/does not let the aggregator/)).toHaveLength(1);
      expect(log.filter((line) => /reading the stream/.test(line))).toHaveLength(1);
    },
  );

  it('telemetry - without the right to ask for JetStream plain NATS is read with the reason, until the right is given', async () => {
    const broker = await brokerWith({ rights: 'publish: { deny: "$JS.API.>" }' });
    const { telemetry, subjects } = telemetryAt(broker.url);
    await until('plain NATS', () => telemetry.isReading);
    expect(telemetry).toMatchObject({ mode: 'core', fault: null, refusals: 1 });
    expect(telemetry.problem).toMatch(
      /does not let the aggregator publish to \$JS\.API\.INFO.*INGEST_MODE=core/,
    );
    await allArrive(broker.connection, subjects);
    broker.reload({});
    await until('JetStream', () => telemetry.mode === 'jetstream' && telemetry.problem === null);
    await allArrive(broker.connection, subjects);
    expect(telemetry.refusals).toBe(0);
  });

  it('telemetry - without the right to replies plain NATS is read with the reason, until the right is given', async () => {
    const broker = await brokerWith({ rights: NO_INBOX });
    const { telemetry, subjects, warnings } = telemetryAt(broker.url);
    await until('plain NATS', () => telemetry.isReading);
    expect(telemetry).toMatchObject({ mode: 'core', fault: null, refusals: 1 });
    expect(telemetry.problem).toBe(
      "the broker does not let the aggregator subscribe to _INBOX.>, so its JetStream is not used: allow the aggregator's user to subscribe to _INBOX.>, or set INGEST_MODE=core",
    );
    await allArrive(broker.connection, subjects);
    expect(warnings(/does not let the aggregator/)).toHaveLength(1);
    broker.reload({});
    await until('JetStream', () => telemetry.mode === 'jetstream' && telemetry.problem === null);
    await allArrive(broker.connection, subjects);
    expect(telemetry.refusals).toBe(0);
  });

  it.each([
    ['to hear answers', NO_INBOX, /subscribe to _INBOX\.>, and a stream was read before.*INGEST_MODE=core/],
    [
      'to ask',
      'publish: { deny: "$JS.API.>" }',
      /publish to \$JS\.API\.INFO, and a stream was read before.*INGEST_MODE=core/,
    ],
  ])(
    'telemetry - where a stream was read before, not to be allowed %s is told, and plain NATS is no substitute',
    async (_name, rights, refused) => {
      const broker = await brokerWith({ rights });
      const { telemetry, subjects, log, warnings } = telemetryAt(broker.url, {}, 7);
      await until('the fault', () => telemetry.fault !== null);
      expect(telemetry.fault).toMatch(refused);
      expect(telemetry).toMatchObject({ mode: null, isReading: false });
      broker.reload({});
      await until('JetStream', () => telemetry.mode === 'jetstream' && telemetry.isReading);
      await allArrive(broker.connection, subjects);
      expect(telemetry.fault).toBeNull();
      expect(warnings(/does not let the aggregator/)).toHaveLength(1);
      expect(log.filter((line) => /reading plain NATS/.test(line))).toEqual([]);
    },
  );

  it('telemetry - withdrawal of the right to pull during reading is reported', async () => {
    const broker = await brokerWith({});
    const { telemetry, subjects, warnings } = telemetryAt(broker.url);
    await until('reading', () => telemetry.isReading);
    broker.reload({ rights: 'publish: { deny: "$JS.API.CONSUMER.MSG.NEXT.>" }' });
    await until('the fault', () => telemetry.fault !== null);
    expect(telemetry.isReading).toBe(false);
    broker.reload({});
    await until('the end', () => telemetry.fault === null && telemetry.isReading);
    await allArrive(broker.connection, subjects);
    expect(warnings(/does not let the aggregator publish/)).toHaveLength(1);
  });
});

describe('telemetry: a stream of the right name with other settings', () => {
  it('telemetry - it is reported with field, actual and wanted value, read meanwhile, and made again when it is deleted', async () => {
    const broker = await brokerWith({});
    const { streams } = await jetstreamManager(broker.connection);
    await streams.add({ name: 'TRUEBIT_INGEST', subjects: ['truebit.heartbeat'], storage: 'memory' });
    const { telemetry, subjects, warnings, log } = telemetryAt(broker.url);
    await until('the fault', () => telemetry.fault !== null && telemetry.isReading);
    expect(telemetry.fault).toMatch(
      /^stream_settings: .*TRUEBIT_INGEST: storage is memory, should be file \(.*can not change storage.*\)\. Remedy: /,
    );
    await allArrive(broker.connection, subjects);
    let rechecks = 0;
    broker.connection.subscribe('$JS.API.STREAM.LIST', { callback: () => void rechecks++ });
    await until('rechecks', () => rechecks > 2);
    // A working reader is not restarted.
    expect((await streams.info('TRUEBIT_INGEST')).state.consumer_count).toBe(1);
    expect(warnings(/stream_settings/)).toHaveLength(1);
    expect(log.filter((line) => /reading the stream/.test(line))).toHaveLength(1);
    await streams.delete('TRUEBIT_INGEST');
    await until('the end', () => telemetry.fault === null && telemetry.isReading);
    expect((await streams.info('TRUEBIT_INGEST')).config.storage).toBe('file');
    expect(log.filter((line) => /as the settings want it again/.test(line))).toHaveLength(1);
  });

  it('telemetry - one with room for a single consumer is reported, and read through all rechecks and a restart of the program', async () => {
    const broker = await brokerWith({});
    const { streams } = await jetstreamManager(broker.connection);
    await streams.add({
      name: 'TRUEBIT_INGEST',
      subjects: [...SUBJECTS],
      max_consumers: 1,
      deny_delete: true,
    });
    const first = telemetryAt(broker.url);
    await until('reading', () => first.telemetry.isReading);
    await first.telemetry.stop();
    const { telemetry, subjects, log, warnings } = telemetryAt(broker.url);
    await until('reading again', () => telemetry.isReading);
    expect(telemetry.fault).toMatch(
      /max_consumers is 1, should be -1 .*deny_delete is true, should be false/,
    );
    let rechecks = 0;
    broker.connection.subscribe('$JS.API.STREAM.LIST', { callback: () => void rechecks++ });
    await until('rechecks', () => rechecks > 2 && telemetry.isReading);
    await allArrive(broker.connection, subjects);
    expect(warnings(/maximum consumers/)).toEqual([]);
    expect(log.filter((line) => /reading the stream/.test(line))).toHaveLength(1);
    await streams.delete('TRUEBIT_INGEST');
    await until('the end', () => telemetry.fault === null && telemetry.isReading);
    await allArrive(broker.connection, subjects);
  });

  it('telemetry - one whose messages cannot be read is reported with both causes, and not as being read', async () => {
    const broker = await brokerWith({});
    const { streams } = await jetstreamManager(broker.connection);
    await streams.add({ name: 'TRUEBIT_INGEST', subjects: [...SUBJECTS], retention: 'workqueue' });
    const { telemetry } = telemetryAt(broker.url);
    await until('the fault', () => telemetry.fault !== null && telemetry.reason !== telemetry.fault);
    expect(telemetry.reason).toMatch(
      /retention is workqueue, should be limits.*delete it \(nats stream rm TRUEBIT_INGEST\).*what it holds unread is lost\. None of its messages can be read now; the stream cannot be read: consumer in pull mode requires ack policy$/,
    );
    expect(telemetry.reason).not.toMatch(/once its messages are read|as far as/);
    await streams.delete('TRUEBIT_INGEST');
    await until('the end', () => telemetry.fault === null && telemetry.isReading);
    expect(telemetry.reason).toBeNull();
  });

  it('telemetry - a stream that the broker refuses to make is reported with the remedy', async () => {
    const broker = await brokerWith({});
    const { telemetry } = telemetryAt(broker.url, { streamMaxAgeMs: 50 });
    await until('the fault', () => telemetry.fault !== null);
    expect(telemetry.fault).toMatch(
      /^stream_settings: the broker refuses to make the stream TRUEBIT_INGEST .*STREAM_MAX_AGE/,
    );
    expect(telemetry.isConsuming).toBe(false);
  });
});

describe('telemetry: messages waiting in the stream', () => {
  it('telemetry - their number is reported when reading begins', async () => {
    const broker = await brokerWith({});
    const { streams } = await jetstreamManager(broker.connection);
    await streams.add({ name: 'TRUEBIT_INGEST', subjects: [...SUBJECTS] });
    for (let round = 0; round < 5; round++) await publish(broker.connection, SUBJECTS);
    const { telemetry, subjects, log } = telemetryAt(broker.url);
    await until('all of them', () => subjects.length === 30 && telemetry.isReading);
    expect(log.filter((line) => /from sequence 1, 30 messages waiting/.test(line))).toHaveLength(1);
  });
});

/** Publishes until the stream holds messages that a paused reader has not asked for. */
async function fill(connection: NatsConnection, seqs: readonly (number | null)[]): Promise<void> {
  const { streams } = await jetstreamManager(connection);
  // Messages requested before the pause still arrive.
  await until('the pulls to end', async () => {
    await publish(connection, ['truebit.heartbeat']);
    const { state } = await streams.info('TRUEBIT_INGEST');
    return state.last_seq > (seqs.at(-1) ?? 0) + 40;
  });
}

describe('telemetry: a stream that delivers nothing', () => {
  const filesOf = (folder: string) => join(folder, 'jetstream', '$G', 'streams', 'TRUEBIT_INGEST', 'msgs');

  const stateNow = (streams: StreamAPI) =>
    streams.info('TRUEBIT_INGEST').then(
      ({ state }) => state,
      () => false as const,
    );

  /** A stream with unread messages whose files are gone, and a telemetry that has reported them. */
  async function stalled() {
    const broker = await brokerWith({});
    const { streams } = await jetstreamManager(broker.connection);
    const reader = telemetryAt(broker.url);
    const { telemetry, subjects, seqs } = reader;
    await until('reading', () => telemetry.isReading);
    await publish(broker.connection, SUBJECTS);
    await until('six', () => subjects.length === 6);
    telemetry.pause();
    await fill(broker.connection, seqs);
    // A broker that has just started holds no messages in memory.
    await broker.restart({});
    await until('the return', () => telemetry.isConsuming);
    const folder = filesOf(broker.folder);
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    // A request sent during the restart is never answered.
    const { last_seq: lastSeq } = await until('an answer', () => stateNow(streams));
    telemetry.resume();
    await until('the fault', () => telemetry.fault !== null);
    return { ...reader, broker, streams, readSeq: seqs.at(-1) ?? 0, lastSeq };
  }

  it('telemetry - unread messages whose files are gone are reported with their sequences, and count as lost when the stream is purged', async () => {
    const { telemetry, streams, readSeq, lastSeq, gone, warnings, log } = await stalled();
    const unread = lastSeq - readSeq;
    expect(telemetry.fault).toMatch(
      new RegExp(`TRUEBIT_INGEST counts ${unread} messages beyond sequence ${readSeq}, up to ${lastSeq}, `),
    );
    expect(telemetry).toMatchObject({ pending: unread, isReading: false });
    expect(telemetry.unreadAgeMs).toBeGreaterThan(1000);
    expect(telemetry.unreadAgeMs % 1).toBe(0);
    await streams.purge('TRUEBIT_INGEST');
    await until('the end', () => telemetry.fault === null && telemetry.isReading);
    expect(telemetry).toMatchObject({ pending: 0, isCatchingUp: false });
    expect(gone).toEqual([lastSeq]);
    expect(warnings(/counts \d+ messages/)).toHaveLength(1);
    expect(warnings(/were removed before the broker gave them: they are counted as lost/)).toHaveLength(1);
    expect(log.filter((line) => /gives messages again/.test(line))).toEqual([]);
  });

  it('telemetry - unread messages whose files are gone count as lost when the broker restarts and counts from 1 again', async () => {
    const { telemetry, broker, streams, lastSeq, gone, warnings } = await stalled();
    await broker.restart({});
    await until('the end', () => telemetry.isConnected && telemetry.fault === null && telemetry.isReading);
    expect((await until('an answer', () => stateNow(streams))).last_seq).toBe(0);
    expect(gone).toEqual([lastSeq]);
    expect(warnings(/were removed before the broker gave them: they are counted as lost/)).toHaveLength(1);
  });

  it('telemetry - messages purged unread are reported to the writer even if no further message comes', async () => {
    const broker = await brokerWith({});
    const { streams } = await jetstreamManager(broker.connection);
    const { telemetry, subjects, seqs, gone } = telemetryAt(broker.url);
    await until('reading', () => telemetry.isReading);
    telemetry.pause();
    await fill(broker.connection, seqs);
    const { state } = await streams.info('TRUEBIT_INGEST');
    await streams.purge('TRUEBIT_INGEST');
    telemetry.resume();
    await until('the loss', () => gone.includes(state.last_seq));
    expect(gone).toEqual([state.last_seq]);
    await until('the end of catching up', () => !telemetry.isCatchingUp && telemetry.isReading);
    await allArrive(broker.connection, subjects);
  });

  it('telemetry - messages deleted at the end of the stream are not taken for a stall', async () => {
    const broker = await brokerWith({});
    const { streams } = await jetstreamManager(broker.connection);
    await streams.add({ name: 'TRUEBIT_INGEST', subjects: [...SUBJECTS] });
    await publish(broker.connection, [...SUBJECTS, ...SUBJECTS]);
    for (const seq of [2, 3, 11, 12]) await streams.deleteMessage('TRUEBIT_INGEST', seq);
    const { telemetry, seqs, warnings } = telemetryAt(broker.url, { stallAfterMs: 0 });
    await until('what is left', () => seqs.length === 8);
    await until('the end of catching up', () => !telemetry.isCatchingUp);
    expect(seqs).toEqual([1, 4, 5, 6, 7, 8, 9, 10]);
    expect(telemetry).toMatchObject({ fault: null, pending: 0, isReading: true });
    expect(warnings(/counts/)).toEqual([]);
  });
});
