// From an input stream to rows: a real nats-server, the splitter, the reading of the log, and the ingest loop with its
// database. Whatever happens to the log, each message of the stream has one outcome.

import { onTestFinished, expect, it, afterAll } from 'vitest';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CLUSTER_SUBJECTS, logStream } from '../../../src/federation/domain/cluster.ts';
import { HANDOVER } from '../../../src/federation/sources/handover.ts';
import { LogInput } from '../../../src/federation/sources/log-input.ts';
import type { IngestToSource } from '../../../src/federation/threads/messages.ts';
import { SourceLoop } from '../../../src/federation/threads/source-loop.ts';
import { awaitedInLog } from '../../../src/federation/threads/writer-position.ts';
import { threadClock } from '../../../src/lib/clock.ts';
import { systemTimers } from '../../../src/lib/timers.ts';
import { SHARD, startSplitterRig } from '../../support/splitter-rig.ts';
import { until } from '../../support/until.ts';
import { makeFastFolder } from '../simulated-weeks/fast-folder.ts';
import { LogReplica } from '../threads/log-replica.ts';
import { logOptions } from './log-source.ts';

const folder = makeFastFolder('log-to-rows');
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts the source of a replica whose ingest loop takes what it hands over. */
function startSource(url: string, replica: LogReplica): SourceLoop {
  let heard = (_message: IngestToSource): void => undefined;
  let answered = replica.source.length;
  const loop = new SourceLoop(
    { observedMs: 0, handover: { ...HANDOVER, idleTimeMs: 5, batchTimeMs: 10 }, reportIntervalMs: 1_000 },
    {
      clock: threadClock,
      timers: systemTimers,
      ingest: {
        postMessage: (message) =>
          queueMicrotask(() => {
            replica.say(message);
            for (const answer of replica.source.slice(answered)) heard(answer);
            answered = replica.source.length;
          }),
        on: (_event, listener) => (heard = listener),
        close: () => undefined,
      },
      createInput: (position, sink) =>
        new LogInput(logOptions(url, { silentAfterMs: 1_000 }), awaitedInLog(position), sink),
      send: () => undefined,
    },
  );
  onTestFinished(() => loop.stop());
  void loop.start();
  return loop;
}

it('log input - each message of a stream has one outcome, though its log is deleted, purged and read again', async () => {
  const rig = await startSplitterRig(1);
  const log = logStream(0);
  const replica = new LogReplica(join(folder, 'one.db'));
  onTestFinished(() => replica.close());
  let gaps = 0;
  rig.connection.subscribe(CLUSTER_SUBJECTS.gap(SHARD), { callback: () => void gaps++ });
  const applied = async () => {
    const { state } = await rig.manager.streams.info(SHARD);
    await until(
      `the replica to have ${state.last_seq}`,
      () => replica.own.column('SELECT last_seq FROM ingest_position')[0] === state.last_seq,
      20_000,
    );
  };
  const splitter = rig.splitter('a');
  await splitter.start();

  // Nobody has read the log when it is deleted.
  await rig.publish(500);
  await until('the checkpoint', () => splitter.status.checkpoint === 500);
  await rig.manager.streams.delete(log);
  await rig.makeStreams();
  await rig.publish(300);
  const first = startSource(rig.url, replica);
  await applied();
  expect(gaps).toBeGreaterThan(0);

  await rig.manager.streams.purge(log);
  await rig.publish(300);
  await applied();

  // Another source begins some hundred rounds back, in the middle of messages.
  await first.stop();
  await rig.publish(300);
  startSource(rig.url, replica);
  await rig.publish(300);
  await applied();

  const sums = replica.own.column(
    'SELECT applied + duplicate + rejected + rate_limited + quarantined + ignored + lost FROM ingest_position',
  );
  expect(sums).toEqual([1_700]);
  expect(replica.own.column('SELECT lost FROM ingest_position')).toEqual([0]);
  expect(replica.position.sources).toMatchObject([{ stream: SHARD, upto: 1_700, isAway: false }]);
});
