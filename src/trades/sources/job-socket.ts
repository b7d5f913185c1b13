// The WebSocket of jobs: lets the clients of a job in at /ws/{jobId}, hands their trades to the job desk and answers
// each. The desk decides whether a trade counts. This file keeps no trade.

import { type Peer, type Session } from '../../io/web-socket-connection.ts';
import {
  WebSocketServer,
  type WebSocketServerOptions,
  type WebSocketServerParts,
} from '../../io/web-socket-server.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import { unreachable } from '../../lib/unreachable.ts';
import type { TakeOutcome } from '../domain/job.ts';
import { jobMarket } from '../domain/market.ts';
import type { Trade } from '../domain/trade.ts';
import type { SocketView } from '../domain/view.ts';
import { ackFrame, ERROR_FRAMES, readFrame, type RefusalReason, welcomeFrame } from './job-frames.ts';
import { TradeReader } from './read-trade.ts';

/** Most connections of clients; a job seldom has more than one. */
export const JOB_CONNECTIONS_MAX = 4_096;
/** Most bytes of answers that wait for clients; a connection whose answers find no room ends. */
export const JOB_ANSWERS_BYTES_MAX = 67_108_864;

/** The code with which the server closes a connection that may not be here. */
const POLICY_VIOLATION = 1008;
const BAD_PATH = 'Invalid WebSocket path. Use /ws/{jobId}';
const NO_JOB = 'Job not found';
const JOB_PATH = /^\/ws\/([^/]+)$/;
const JOB_ID = /^[\da-f]{32}$/;

/** A job, for one of its clients. */
export interface JobDoor {
  take(trade: Trade): TakeOutcome;
  /** `called` is called once if the job ends; the function returned ends that. */
  onEnd(called: () => void): () => void;
}

/** What the socket needs of the job desk. */
export interface JobDesk {
  /** `token`: what the client sent, or null. */
  enter(jobId: string, token: string | null): JobDoor | 'unknown' | 'unauthenticated';
}

/** What the socket is made of. */
export interface JobSocketParts extends Omit<WebSocketServerParts, 'accept' | 'clock'> {
  readonly desk: JobDesk;
  readonly clock: Clock;
}

/** Listens from `start` to `stop`. */
export class JobSocket implements Part<{ readonly url: string }> {
  readonly #server: WebSocketServer;
  readonly #desk: JobDesk;
  readonly #clock: Clock;
  readonly #reader = new TradeReader(jobMarket);
  readonly #errors: Record<RefusalReason, number> = {
    invalid_json: 0,
    unknown_type: 0,
    invalid_trade: 0,
    not_collecting: 0,
    too_many: 0,
  };
  readonly #closed = { bad_path: 0, unknown_job: 0, job_ended: 0 };

  constructor(options: WebSocketServerOptions, { desk, clock, timers }: JobSocketParts) {
    this.#desk = desk;
    this.#clock = clock;
    this.#server = new WebSocketServer(options, {
      clock,
      timers,
      accept: (target, peer) => this.#accept(target, peer),
    });
  }

  /** What was counted since the start. */
  get counts(): SocketView {
    const { isListening, connections, connectionsMax, refused, messages, bytes, unsentBytes, closed } =
      this.#server.counts;
    return {
      isListening,
      connections,
      connectionsMax,
      refusedConnections: refused.limit + refused.address + refused.system,
      frames: messages,
      bytes,
      unsentBytes,
      errors: { ...this.#errors },
      closed: { ...closed, ...this.#closed },
    };
  }

  /** Errors: `port_in_use`, `listen_failed`, or `settings_invalid` for an address that this machine does not have. */
  start(): Promise<{ readonly url: string }> {
    return this.#server.start();
  }

  /** Tells all clients to go, within a second. The desk must answer until it resolves. */
  stop(): Promise<void> {
    return this.#server.stop();
  }

  #accept(target: string, peer: Peer): Session | null {
    const [path = '', query = ''] = target.split('?', 2);
    const jobId = JOB_PATH.exec(path)?.[1];
    if (jobId === undefined) return this.#refuse(peer, 'bad_path', BAD_PATH);
    const token = new URLSearchParams(query).get('token');
    const door = JOB_ID.test(jobId) ? this.#desk.enter(jobId, token) : 'unknown';
    if (typeof door === 'string') return this.#refuse(peer, 'unknown_job', NO_JOB);
    peer.send(welcomeFrame(jobId));
    const leave = door.onEnd(() => this.#refuse(peer, 'job_ended', NO_JOB));
    return {
      message: (bytes, isBinary) => this.#receive(door, peer, bytes, isBinary),
      closed: leave,
    };
  }

  #refuse(peer: Peer, reason: 'bad_path' | 'unknown_job' | 'job_ended', text: string): null {
    if (peer.close(POLICY_VIOLATION, text)) this.#closed[reason] += 1;
    return null;
  }

  #receive(door: JobDoor, peer: Peer, bytes: Buffer, isBinary: boolean): void {
    const frame = readFrame(bytes, isBinary);
    if (frame.type === 'refused') {
      this.#answerError(peer, frame.reason);
      return;
    }
    const nowMs = this.#clock.nowMs();
    for (const data of frame.trades) this.#takeOne(door, peer, data, nowMs);
  }

  #takeOne(door: JobDoor, peer: Peer, data: unknown, nowMs: number): void {
    const read = this.#reader.read(data, nowMs);
    if (read === null) {
      this.#answerError(peer, 'invalid_trade');
      return;
    }
    const outcome = door.take(read.trade);
    switch (outcome) {
      case 'taken':
      case 'repeated':
        peer.send(ackFrame(read.ackId));
        break;
      case 'not_collecting':
      case 'too_many':
        this.#answerError(peer, outcome);
        break;
      case 'expired':
        this.#refuse(peer, 'job_ended', NO_JOB);
        break;
      default:
        unreachable(outcome);
    }
  }

  #answerError(peer: Peer, reason: RefusalReason): void {
    this.#errors[reason] += 1;
    peer.send(ERROR_FRAMES[reason]);
  }
}
