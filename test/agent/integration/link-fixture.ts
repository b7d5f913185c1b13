// The agent's link with a real broker, an outbox in memory, and all that it says written down.

import { connect, type NatsConnection } from 'nats';
import { onTestFinished } from 'vitest';
import { Supervisor } from '../../../src/actors/supervisor.ts';
import { ConnectionActor } from '../../../src/agent/actors/connection-actor.ts';
import {
  FACT_TYPES,
  type FactType,
  type NodeCounts,
  type Outbox,
  type QueuedMessage,
  type SetAsideReason,
} from '../../../src/agent/domain/messages.ts';
import type { ShortPeriod, StatisticsRow } from '../../../src/agent/domain/network-statistics.ts';
import type { Dial } from '../../../src/agent/sinks/channel.ts';
import {
  FederationLink,
  type FederationLinkOptions,
  type LinkEvent,
} from '../../../src/agent/sinks/federation-link.ts';
import type { LogFields, LogLevel } from '../../../src/io/log.ts';
import type { NatsOptions } from '../../../src/io/nats.ts';
import { type Clock, systemClock } from '../../../src/lib/clock.ts';
import { systemTimers, type Timers } from '../../../src/lib/timers.ts';
import type { PublicJwk } from '../../../src/lib/ed25519.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { hashOf, type Publication } from '../../support/messages.ts';

export const NODE_ID = 'node-3f0c0a54-7d0f-4b8e-9d5c-1c2f6b7a9e10';
export const SALT = 'ab'.repeat(32);

/** An outbox in memory that checks how it is used. */
export class MemoryOutbox implements Outbox {
  readonly waiting = new Map<number, QueuedMessage>();
  /** When each message was confirmed, by its payload. */
  readonly confirmedAtMs = new Map<string, number>();
  readonly taken = new Set<number>();
  readonly setAsides: { readonly id: number; readonly reason: SetAsideReason }[] = [];
  /** Numbers of messages that were counted for the pace, in order. */
  readonly counted: number[] = [];
  mostTaken = 0;
  /** Set to make every operation fail with this error. */
  problem: Error | null = null;
  #nextId = 1;

  /** Adds a message; returns its id. */
  add(type: FactType, payload: string, isHistory = false): number {
    const id = this.#nextId++;
    this.waiting.set(id, { id, type, payload, isHistory });
    return id;
  }

  async take(
    limit: number,
    _nowMs: number,
    withoutTypes: readonly FactType[],
  ): Promise<readonly QueuedMessage[]> {
    this.#mayFail();
    const free = [...this.waiting.values()].filter(
      ({ id, type }) => !this.taken.has(id) && !withoutTypes.includes(type),
    );
    const messages = [...free.filter((each) => !each.isHistory), ...free.filter((each) => each.isHistory)];
    const some = messages.slice(0, limit);
    for (const { id } of some) this.taken.add(id);
    this.mostTaken = Math.max(this.mostTaken, this.taken.size);
    if (some.length > 0) this.counted.push(some.length);
    return some;
  }

  async countPresence(count: number): Promise<void> {
    this.#mayFail();
    this.counted.push(count);
  }

  async confirmed(ids: readonly number[]): Promise<void> {
    this.#mayFail();
    for (const id of ids) {
      this.confirmedAtMs.set(this.waiting.get(id)?.payload ?? '', performance.now());
      if (!this.taken.delete(id) || !this.waiting.delete(id)) throw new Error(`${id} was not taken`);
    }
  }

  async setAside(ids: readonly number[], reason: SetAsideReason): Promise<void> {
    this.#mayFail();
    for (const id of ids) {
      this.taken.delete(id);
      this.waiting.delete(id);
      this.setAsides.push({ id, reason });
    }
  }

  async returned(): Promise<void> {
    this.#mayFail();
    this.taken.clear();
  }

  #mayFail(): void {
    if (this.problem !== null) throw this.problem;
  }
}

export interface SaidLine {
  readonly level: LogLevel;
  readonly msg: string;
  readonly atMs: number;
  readonly fields: LogFields | undefined;
}

export interface TestLink {
  readonly link: FederationLink;
  readonly outbox: MemoryOutbox;
  readonly lines: SaidLine[];
  readonly salts: string[];
  readonly pinned: PublicJwk[];
  readonly rows: StatisticsRow[];
  readonly periods: { readonly period: ShortPeriod; readonly row: StatisticsRow }[];
  readonly events: LinkEvent[];
  counts: NodeCounts;
  isReadable: boolean;
}

export interface TestLinkOptions {
  readonly url: string;
  readonly nats?: Partial<NatsOptions>;
  readonly link?: Partial<FederationLinkOptions>;
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly random?: () => number;
  readonly dial?: Dial;
}

export function natsOptions(url: string, more: Partial<NatsOptions> = {}): NatsOptions {
  return {
    servers: [url],
    user: null,
    password: null,
    token: null,
    credsFile: null,
    caFile: null,
    certFile: null,
    keyFile: null,
    inboxPrefix: null,
    ...more,
  };
}

/** Makes a link, not started; it is stopped when the test is over. */
export function makeLink(options: TestLinkOptions): TestLink {
  const { clock = systemClock, timers = systemTimers } = options;
  const supervisor = new Supervisor(
    { staleAfterMs: 60_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 },
    { facts: () => undefined, failed: () => undefined },
  );
  const judge = new ConnectionActor({
    failed: (_outcome, error) => {
      throw error;
    },
  });
  supervisor.takeIn(judge);
  const outbox = new MemoryOutbox();
  const lines: SaidLine[] = [];
  const say = (level: LogLevel) => (msg: string, fields?: LogFields) => {
    lines.push({ level, msg, atMs: clock.nowMs(), fields });
  };
  const made = {
    outbox,
    lines,
    salts: [] as string[],
    pinned: [] as PublicJwk[],
    rows: [] as StatisticsRow[],
    periods: [] as { period: ShortPeriod; row: StatisticsRow }[],
    events: [] as LinkEvent[],
    counts: { active: 1, total: 51, received: 51, completed: 50, failed: 0, invoices: 48 } as NodeCounts,
    isReadable: true,
  };
  const link = new FederationLink(
    {
      name: 'truebit-agent',
      nats: natsOptions(options.url, options.nats),
      nodeId: NODE_ID,
      place: { continent: 'EU', location: '48.0,11.5' },
      apiKey: null,
      salt: SALT,
      keptSalt: null,
      statsKey: null,
      pinnedKey: null,
      rate: null,
      window: [],
      statistics: null,
      isEnabled: true,
      hasPresence: true,
      asksToJoin: true,
      hearsStatistics: true,
      ...options.link,
    },
    {
      log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
      clock,
      timers,
      random: options.random ?? (() => 0.01),
      judge,
      outbox,
      counts: () => whole.counts,
      isSourceReadable: () => whole.isReadable,
      saltChanged: (salt) => made.salts.push(salt),
      keyPinned: (key) => made.pinned.push(key),
      statistics: (row) => made.rows.push(row),
      periodStatistics: (period, row) => made.periods.push({ period, row }),
      happened: (event) => made.events.push(event),
      ...(options.dial === undefined ? {} : { dial: options.dial }),
    },
  );
  const whole: TestLink = Object.assign(made, { link });
  onTestFinished(async () => {
    await stopIn(timers, link);
    supervisor.stop();
  });
  return whole;
}

/** Stops the link; where a test moves the time, it moves on until then. */
async function stopIn(timers: Timers, link: FederationLink): Promise<void> {
  const state = { isStopped: false };
  const stopped = link.stop().finally(() => {
    state.isStopped = true;
  });
  if (timers instanceof ManualTime) {
    while (!state.isStopped) {
      await timers.advance(100, () => new Promise((resolve) => setTimeout(resolve, 5)));
    }
  }
  await stopped;
}

/** The envelope of a fact, valid at the last gate; `index` makes its hash. */
export function factPayload(type: FactType, index: number, nodeId = NODE_ID): string {
  const data = {
    task_received: { chainId: '1', taskType: 'wasm', taskIdHash: hashOf(index) },
    task_completed: { chainId: '1', taskIdHash: hashOf(index), status: 'completed', success: true },
    invoice_created: { invoiceIdHash: hashOf(index), chainId: '1', operation: 'compute' },
  }[type];
  return JSON.stringify({ version: '1.0', type, nodeId, timestamp: '2026-01-15T10:30:00.000Z', data });
}

/** Adds facts to the outbox, the types in turn. */
export function addFacts(outbox: MemoryOutbox, count: number, from = 0): void {
  for (let index = from; index < from + count; index++) {
    const type = FACT_TYPES[index % FACT_TYPES.length] ?? 'task_received';
    outbox.add(type, factPayload(type, index));
  }
}

export interface Listener {
  readonly connection: NatsConnection;
  readonly heard: (Publication & { readonly atMs: number })[];
  of(subject: string): readonly Publication[];
}

/** Hears everything below `truebit.`, and answers requests to join if there is an answer. */
export async function listen(
  url: string,
  joinReply: (() => string | null) | null = null,
  heard: (Publication & { readonly atMs: number })[] = [],
  onHeard: () => void = () => undefined,
): Promise<Listener> {
  const connection = await connect({ servers: url, reconnect: false });
  onTestFinished(() => connection.close());
  connection.subscribe('truebit.>', {
    callback: (_error, message) => {
      if (message.subject === 'truebit.federation.join') {
        const reply = joinReply?.() ?? null;
        if (reply !== null) message.respond(reply);
        return;
      }
      heard.push({ subject: message.subject, payload: message.string(), atMs: Date.now() });
      onHeard();
    },
  });
  await connection.flush();
  return { connection, heard, of: (subject) => heard.filter((each) => each.subject === subject) };
}

/** A reply to a join. */
export function joinReply(more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    federationSalt: SALT,
    heartbeatIntervalMs: 30_000,
    ratePerMinute: 1_000_000,
    aggregatorId: 'aggregator-1',
    ...more,
  });
}
