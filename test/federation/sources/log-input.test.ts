// The source of a replica against a real nats-server.

import { describe, expect, it } from 'vitest';
import {
  CLUSTER_SUBJECTS,
  CONTROL_DELAY_MS,
  CONTROL_STREAM,
} from '../../../src/federation/domain/cluster.ts';
import { LOG_OVERLAP_ROUNDS } from '../../../src/federation/domain/round.ts';
import { LOG_PULL_ROUNDS } from '../../../src/federation/sources/log-rounds.ts';
import { until } from '../../support/until.ts';
import { blocking, encodedRound, LOG, SHARD, startBroker, startLogSource } from './log-source.ts';

describe('log input: reading', () => {
  it('log input - commands come first, then rounds with their marks, header and entries, in order', async () => {
    const broker = await startBroker();
    await broker.command(blocking('c1'));
    await broker.round(['a', 'b']);
    await broker.round([]);
    const { told, headers } = startLogSource(broker.url);
    await until('the rounds', () => told.includes('end 2'));
    expect(told).toEqual(['all commands c1', 'begin 1', 'a', 'b', 'end 1', 'begin 2', 'end 2']);
    expect(headers[0]).toMatchObject({ from: 0, to: 2, source: { stream: SHARD, incarnation: 'i' } });
    await broker.command(blocking('c2'));
    await broker.round(['c']);
    await until('the next round', () => told.includes('end 3'));
    await until('the next command', () => told.includes('commands c2'));
  });

  it('log input - reading begins 300 rounds before the position', async () => {
    const broker = await startBroker();
    for (let number = 1; number <= LOG_OVERLAP_ROUNDS + 20; number++) await broker.round([String(number)]);
    const { told, log } = startLogSource(broker.url, { knownSeq: LOG_OVERLAP_ROUNDS + 10 });
    await until('the last round', () => told.includes(`end ${LOG_OVERLAP_ROUNDS + 20}`));
    expect(told.find((line) => line.startsWith('begin'))).toBe('begin 11');
    expect(log.filter((line) => line.includes('from sequence 11'))).toHaveLength(1);
  });

  it('log input - a lost entry, an over-long message and one of no subject arrive as such', async () => {
    const broker = await startBroker();
    const { told } = startLogSource(broker.url);
    await broker.round(['x'.repeat(16_385)]);
    await until('the round', () => told.includes('end 1'));
    expect(told[2]).toHaveLength(16_385);
  });

  it.each(['a missing log', 'missing commands'])('log input - %s is said and waited for', async (which) => {
    const missing = which === 'a missing log' ? LOG : CONTROL_STREAM;
    const broker = await startBroker([missing === LOG ? CONTROL_STREAM : LOG]);
    if (missing !== LOG) await broker.round(['a']);
    const { told, status } = startLogSource(broker.url);
    await until('the report', () => status()?.problem?.includes(missing) === true && status()?.connected);
    expect(status()?.consuming).toBe(false);
    expect(told.filter((line) => !line.startsWith('all commands'))).toEqual([]);
    await broker.make(missing);
    if (missing === LOG) await broker.round(['a']);
    await until('the round', () => told.includes('end 1'));
    await until('an end of the problem', () => status()?.consuming);
    expect(told.slice(0, 3)).toEqual(['all commands ', 'begin 1', 'a']);
  });
});

describe('log input: what happens to the log', () => {
  it.each(['deleted and made anew', 'purged'])('log input - a log that is %s is read on', async (how) => {
    const broker = await startBroker();
    const { told, writer } = startLogSource(broker.url, { silentAfterMs: 500 });
    for (const text of ['a', 'b', 'c']) await broker.round([text]);
    await until('the rounds', () => told.includes('end 3'));
    if (how === 'purged') await broker.manager.streams.purge(LOG);
    else {
      await broker.manager.streams.delete(LOG);
      await broker.make(LOG);
    }
    const seq = await broker.round(['d']);
    await until('the round after it', () => told.includes('d'), 20_000);
    expect([seq, writer.logSeq]).toEqual(how === 'purged' ? [4, 4] : [1, 1]);
  });

  it('log input - reading goes on after a restart of the broker', async () => {
    const broker = await startBroker();
    const { told, log } = startLogSource(broker.url);
    await broker.round(['a']);
    await until('the round', () => told.includes('end 1'));
    await broker.restart();
    const seq = await broker.round(['b']);
    await until('the round after it', () => told.includes(`end ${seq}`));
    expect(log.filter((line) => line.includes('connected again'))).toHaveLength(1);
  });

  it('log input - rubbish in the log is counted and skipped, and told once a minute', async () => {
    const broker = await startBroker();
    const { told, log, input } = startLogSource(broker.url);
    const round = encodedRound(0, ['a'.repeat(600)]);
    const rubbish = [
      Buffer.alloc(0),
      Buffer.from('{}'),
      Buffer.from([2, 0, 1]),
      Buffer.alloc(500_000, 255),
      round.subarray(0, round.length - 3),
      encodedRound(0, ['a'], { source: { stream: 'a.> b', incarnation: 'i' } }),
    ];
    for (const bytes of rubbish) await broker.rubbish(bytes);
    const seq = await broker.round(['b']);
    await until('the good round', () => told.includes(`end ${seq}`));
    expect(told).toEqual(['all commands ', `begin ${seq}`, 'b', `end ${seq}`]);
    expect(input.unreadable).toEqual({ rounds: rubbish.length, commands: 0 });
    expect(log.filter((line) => /cannot be read and is skipped/.test(line))).toHaveLength(1);
  });

  it('log input - silence is told once, begins reading again, and ends with a new round', async () => {
    const broker = await startBroker();
    const { told, log, writer, status } = startLogSource(broker.url, { silentAfterMs: 200 });
    await broker.round(['a']);
    await until('the round', () => told.includes('end 1'));
    await until('two more attachments', () => writer.attached >= 3);
    expect(status()?.consuming).toBe(false);
    expect(log.filter((line) => /has brought no round/.test(line))).toHaveLength(1);
    expect(log.filter((line) => /reading the log/.test(line))).toHaveLength(1);
    const seq = await broker.round(['b']);
    await until('the round after it', () => told.includes(`end ${seq}`));
    await until('an end of the report', () => log.some((line) => /brings rounds again/.test(line)));
  });

  it('log input - a consumer that somebody deletes is made again', async () => {
    const broker = await startBroker();
    const { told } = startLogSource(broker.url, { silentAfterMs: 500 });
    await broker.round(['a']);
    await until('the round', () => told.includes('end 1'));
    for await (const { name } of broker.manager.consumers.list(LOG))
      await broker.manager.consumers.delete(LOG, name);
    await broker.round(['b']);
    await until('the next round', () => told.includes('end 2'), 20_000);
  });
});

describe('log input: holes', () => {
  it('log input - a hole is asked for at once and again until a round closes it', async () => {
    const broker = await startBroker();
    const asked: string[] = [];
    broker.connection.subscribe(CLUSTER_SUBJECTS.gap(SHARD), {
      callback: (_error, message) => void asked.push(message.string()),
    });
    await broker.connection.flush();
    const { told, answer, input } = startLogSource(broker.url);
    await broker.round(['c'], { from: 2 });
    await until('the round', () => told.includes('end 1'));
    const source = { stream: SHARD, incarnation: 'i' };
    for (let times = 0; times < 3; times++) answer({ type: 'hole', source, upto: 0 });
    await until('a second request', () => asked.length === 2);
    expect(JSON.parse(asked[1] ?? '')).toEqual({ source, upto: 0, partition: 0 });
    await broker.round(['a', 'b'], { from: 0 });
    await until('the round that closes it', () => told.includes('end 2'));
    expect(input.reading.fault).toBeNull();
  });
});

describe('log input: a slow writer', () => {
  it('log input - no more is read than a bounded number of rounds, and nothing is left out', async () => {
    const broker = await startBroker();
    const text = 'x'.repeat(4_000);
    const rounds = 120;
    for (let number = 0; number < rounds; number++)
      await broker.round(Array.from({ length: 50 }, (_, index) => `${number} ${index} ${text}`));
    const { told, held, release, input, texts } = startLogSource(broker.url, { isSlow: true });
    await until('four batches', () => held.length === 4);
    await until('a pause', () => input.catchUp.isPaused);
    // Four batches of five rounds, one that did not fit, and those that were asked for before the pause.
    expect(input.catchUp.pending).toBeGreaterThan(rounds - 21 - 2 * LOG_PULL_ROUNDS - 1);
    expect(input.isReading).toBe(false);
    release();
    await until('all rounds', () => told.includes(`end ${rounds}`));
    expect(texts().map((line) => line.split(' ', 2).join())).toEqual(
      Array.from({ length: rounds * 50 }, (_, index) => `${Math.floor(index / 50)},${index % 50}`),
    );
  });
});

describe('log input: the observed clock', () => {
  it('log input - it advances only while every input stream is heard', async () => {
    const broker = await startBroker();
    const other = 'TRUEBIT_INGEST_2';
    const { writer, input, status } = startLogSource(broker.url, { inputStreams: [SHARD, other] });
    const speak = (...shards: readonly string[]) =>
      Promise.all(
        shards.map((stream) => broker.round([], { source: { stream, incarnation: 'i' } }).catch(() => null)),
      );
    const observes = () =>
      until('the clock to advance', async () => {
        await speak(SHARD, other);
        return writer.observedMs > 100;
      });
    await until('the first round', async () => {
      await speak(SHARD);
      return status()?.catchingUp === false && writer.logSeq > 2;
    });
    expect([input.isReading, writer.observedMs]).toEqual([false, 0]);
    await observes();
    expect(input.isReading).toBe(true);
    expect(status()?.clockOffsetMs).not.toBeNull();
    // A server that is away holds the clock up.
    await broker.round([], { source: { stream: other, incarnation: 'i' }, isAway: true });
    await until('the round', () => !input.isReading);
    const { observedMs, logSeq } = writer;
    await until('more rounds', async () => {
      await speak(SHARD);
      return writer.logSeq > logSeq + 5;
    });
    expect(writer.observedMs).toBe(observedMs);
  });

  it('log input - the input streams are those at the broker, if the settings name none', async () => {
    const broker = await startBroker();
    await broker.manager.streams.add({ name: SHARD, subjects: ['ingest.1.>'] });
    await broker.manager.streams.add({ name: 'OTHER', subjects: ['other'] });
    const { input } = startLogSource(broker.url, { inputStreams: null });
    await until('the input stream to be heard', async () => {
      await broker.round(['a']);
      return input.isReading;
    });
  });
});

describe('log input: commands', () => {
  it('log input - no round overtakes a command that concerns it, however seldom commands are read', async () => {
    const broker = await startBroker();
    const { told } = startLogSource(broker.url, { controlPollMs: 3_000 });
    await until('the first reading', () => told.includes('all commands '));
    const publishedMs = new Map<string, number>();
    await broker.command(blocking('c1'));
    await until('the command', async () => {
      const text = `m${publishedMs.size + 1}`;
      publishedMs.set(text, Date.now());
      await broker.round([text]);
      return told.includes('commands c1');
    });
    await until('all rounds', () => told.includes(`m${publishedMs.size}`));
    const stored = await broker.manager.streams.getMessage(CONTROL_STREAM, { seq: 1 });
    const concernedFromMs = (stored?.time.getTime() ?? 0) + CONTROL_DELAY_MS;
    const concerned = [...publishedMs].filter(([, atMs]) => atMs >= concernedFromMs);
    expect(concerned.length).toBeGreaterThan(0);
    expect(told.indexOf(concerned[0]?.[0] ?? '')).toBeGreaterThan(told.indexOf('commands c1'));
    // Rounds that no unread command can concern did not wait.
    expect(told.indexOf('m1')).toBeLessThan(told.indexOf('commands c1'));
  });

  it('log input - commands that their stream lost are appended again, with their time', async () => {
    const broker = await startBroker();
    await broker.command(blocking('c1'));
    const { told, answer, input } = startLogSource(broker.url);
    await until('the command', () => told.includes('all commands c1'));
    await broker.command(Buffer.from('rubbish'));
    await broker.manager.streams.delete(CONTROL_STREAM);
    await broker.round(['a']);
    await broker.make(CONTROL_STREAM);
    await until('all commands of the new stream', () => told.includes('all commands '));
    answer({ type: 'missingCommands', entries: [{ entry: blocking('c1'), atMs: 4711 }] });
    await until('the command once more', () => told.includes('commands c1'));
    const stored = await broker.manager.streams.getMessage(CONTROL_STREAM, { seq: 1 });
    expect(stored?.json()).toEqual({ ...blocking('c1'), atMs: 4711 });
    await until('the round', () => told.includes('end 1'));
    expect(input.unreadable.commands).toBeLessThanOrEqual(1);
  });
});
