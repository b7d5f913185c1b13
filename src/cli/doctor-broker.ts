// Whether a broker answers with the program's own login, for `doctor`: its version, JetStream, a stream, and its clock. It
// subscribes to nothing, publishes nothing and makes nothing.

import { connectOnce, type NatsConnection, type NatsOptions } from '../io/nats.ts';
import { findStream, type JetStreamManager, openJetStream } from '../io/streams.ts';
import { systemClock } from '../lib/clock.ts';
import { fail, type Finding, ok, warn } from './finding.ts';
import { size, whole } from './screen.ts';

/** A broker that a program would use. */
export interface ExaminedBroker {
  readonly options: NatsOptions;
  /** What is done if it does not answer, for example `check NATS_URL`. */
  readonly remedy: string;
  /** The stream that the program reads; null: it uses no JetStream. */
  readonly stream: string | null;
  /** True if the program cannot run without JetStream. */
  readonly needsStream: boolean;
  /** A sentence if a server of this version cannot be used; absent: any can. */
  fault?(server: string, version: string): string | null;
}

/** A larger difference of two clocks is one. */
const CLOCK_DIFFERENCE_MAX_MS = 2_000;
/** A longer way says too little about the difference. */
const ANSWERED_WITHIN_MS = 2_000;

/** Looks at one broker; `name` is that of the connection. There is a line for each thing. */
export async function brokerFindings(name: string, broker: ExaminedBroker): Promise<readonly Finding[]> {
  const { options, remedy, stream, needsStream } = broker;
  let connection: NatsConnection;
  try {
    connection = await connectOnce(name, options, { onEnded: () => undefined, onRefused: () => undefined });
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'no answer';
    return [fail('broker', `${options.servers.join(', ')} does not answer (${reason})`, remedy)];
  }
  try {
    const roundTripMs = await connection.rtt();
    const version = connection.info?.version ?? 'unknown';
    const fault = broker.fault?.(connection.getServer(), version) ?? null;
    if (fault !== null) return [fail('broker', fault.replace(/\.$/, ''), 'then look again')];
    const found = ok(
      'broker',
      `nats-server ${version} answers at ${connection.getServer()} in ${Math.round(roundTripMs)} ms`,
    );
    return stream === null ? [found] : [found, ...(await streamFindings(connection, stream, needsStream))];
  } finally {
    await connection.close();
  }
}

async function streamFindings(
  connection: NatsConnection,
  stream: string,
  needsStream: boolean,
): Promise<readonly Finding[]> {
  const grade = needsStream ? fail : warn;
  const manager = await openJetStream(connection);
  if (manager === 'none') {
    return [
      grade(
        'JetStream',
        'this broker or account has none: messages sent during a restart are lost',
        'switch it on',
      ),
    ];
  }
  if ('type' in manager) {
    const rights = 'give this user the rights of docs/operations.md, A broker of your own';
    return [grade('JetStream', 'this user may not ask for it', rights)];
  }
  return [ok('JetStream', 'on, and this user may ask for it'), ...(await readStream(manager, stream))];
}

async function readStream(manager: JetStreamManager, stream: string): Promise<readonly Finding[]> {
  const sentMs = systemClock.nowMs();
  const info = await findStream(manager, stream);
  const receivedMs = systemClock.nowMs();
  if (info === null) return [ok('stream', `${stream} is not there yet; a start makes it`)];
  const { messages, bytes } = info.state;
  const found = ok('stream', `${stream} has ${whole(messages)} messages, ${size(bytes)}`);
  // Servers from 2.10 on say at what time they answer.
  const told = 'ts' in info && typeof info.ts === 'string' ? Date.parse(info.ts) : Number.NaN;
  return Number.isNaN(told) ? [found] : [found, brokerClockFinding(sentMs, told, receivedMs)];
}

/** Compares this machine's clock with the broker's: it answered at `toldMs` what was asked and received at the other times. */
export function brokerClockFinding(sentMs: number, toldMs: number, receivedMs: number): Finding {
  if (receivedMs < sentMs || receivedMs - sentMs > ANSWERED_WITHIN_MS) {
    return ok('broker clock', 'the answer took too long to compare the clocks');
  }
  const aheadMs = toldMs > receivedMs ? toldMs - receivedMs : Math.min(0, toldMs - sentMs);
  if (Math.abs(aheadMs) <= CLOCK_DIFFERENCE_MAX_MS) return ok('broker clock', 'it agrees with this machine');
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const side = aheadMs > 0 ? 'behind' : 'ahead of';
  return warn(
    'broker clock',
    `this machine is ${seconds} s ${side} the broker`,
    'set the clock that is wrong',
  );
}
