// Connections to the broker: how to make one from settings, and how to keep it. The NATS client is imported only in
// this folder; the rest of the program sees the types re-exported here.

import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type Authenticator,
  connect,
  type ConnectionOptions,
  credsAuthenticator,
  type NatsConnection,
  wsconnect,
} from 'nats';
import { type Backoff, backoffMs } from '../lib/backoff.ts';
import { randomShare, systemClock } from '../lib/clock.ts';
import { DialPace } from './dial-pace.ts';
import { isFull } from './embedded-broker/probe.ts';
import { type Refusal, refusalOf } from './refusals.ts';
import { webSocketFactory } from './web-socket.ts';

export type { Msg, MsgHdrs, NatsConnection, Subscription } from 'nats';
export { headers } from 'nats';

/** How to reach a broker. Plain data: it crosses threads. */
export interface NatsOptions {
  readonly servers: readonly string[];
  readonly user: string | null;
  readonly password: string | null;
  readonly token: string | null;
  readonly credsFile: string | null;
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
  /** Prefix of reply subjects: one of our own where other users may listen to `_INBOX.>`. */
  readonly inboxPrefix: string | null;
}

export interface ConnectionParts {
  /** After the first connection and after every reconnection. */
  onConnected(server: string): void;
  /** With what the broker said before it closed the connection, null if it said nothing. */
  onDisconnected(reason: string | null): void;
  /** Why we are kept out; called at most once before the first connection and once after each loss. */
  onUnreachable(reason: string): void;
  /** The broker does not let us do something, and goes on with the connection. Told each time that it says so. */
  onRefused(refusal: Refusal): void;
}

/** With jitter, so that a returning broker is not met by everyone at once; docs/federation.md#readiness allows 2 s. */
const RETRY: Backoff = { leastMs: 500, mostMs: 1_750 };
/** The client does not count its own attempts: it waits as long as after so many failed ones. */
const CLIENT_FAILURES = 2;
/**
 * The client notices by this alone that a broker ended in the middle of a login: with the rest below 5 s
 * (docs/federation.md#readiness).
 */
const CONNECT_TIMEOUT_MS = 4000;
/** So long after a loss, and so often, an attempt of our own asks why the client's fail. */
const ASK_WHY_MS = 3000;
/** What the client says then. */
const TIMEOUT = 'timeout';

/**
 * Connects, trying for as long as it takes; null if `signal` ends the wait. After that the client reconnects by itself,
 * for ever.
 */
export async function connectBroker(
  name: string,
  options: NatsOptions,
  parts: ConnectionParts,
  signal: AbortSignal,
): Promise<NatsConnection | null> {
  for (let failures = 0; !signal.aborted; failures += 1) {
    const startedMs = systemClock.monotonicMs();
    try {
      const connection = await open(name, options, true);
      void follow(connection, parts, () => open(name, options, false), signal);
      parts.onConnected(connection.getServer());
      return connection;
    } catch (error) {
      if (failures === 0) parts.onUnreachable(describe(error));
      await pause(
        backoffMs(RETRY, failures, randomShare()) - (systemClock.monotonicMs() - startedMs),
        signal,
      );
    }
  }
  return null;
}

async function open(name: string, options: NatsOptions, reconnect: boolean): Promise<NatsConnection> {
  // The client does not say which address it dials, and would hold the certificate of an IP address against `localhost`.
  let dialled = '';
  const pace = new DialPace(systemClock, () => backoffMs(RETRY, CLIENT_FAILURES, randomShare()));
  const common: ConnectionOptions = {
    name,
    servers: [...options.servers],
    // In the order of the setting, so that our connections meet at one of several brokers.
    noRandomize: true,
    reconnect,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: () => pace.waitMs(),
    reconnectToServer: (servers) => {
      dialled = servers[0]?.hostname ?? '';
      pace.dials(servers.length);
      return null;
    },
    // Authentication that fails after a restart of the broker is an outage like any other: try again.
    ignoreAuthErrorAbort: true,
    timeout: CONNECT_TIMEOUT_MS,
    // A broker that stands still is given up after 15 to 20 s.
    pingInterval: 5000,
    maxPingOut: 2,
    ...(options.inboxPrefix === null ? {} : { inboxPrefix: options.inboxPrefix }),
    ...(options.user === null ? {} : { user: options.user }),
    ...(options.password === null ? {} : { pass: options.password }),
    ...(options.token === null ? {} : { token: options.token }),
    ...(options.credsFile === null ? {} : { authenticator: fromCredsFile(options.credsFile) }),
  };
  if (options.servers.some((server) => /^wss?:/.test(server))) {
    return wsconnect({ ...common, wsFactory: webSocketFactory(options) });
  }
  const { caFile, certFile, keyFile } = options;
  // Without this a `tls://` broker, or who answers in its place, could do without TLS.
  const isTls = options.servers.some((server) => server.startsWith('tls:'));
  if (!isTls && caFile === null && certFile === null) {
    return connect(common).catch((error: unknown) => explainTimeout(error, options.servers, null));
  }
  const tls = {
    ...(caFile === null ? {} : { caFile }),
    ...(certFile === null ? {} : { certFile }),
    ...(keyFile === null ? {} : { keyFile }),
    get host() {
      return dialled;
    },
  };
  return connect({ ...common, tls }).catch((error: unknown) =>
    explainTimeout(error, options.servers, MAYBE_CERTIFICATE),
  );
}

/** With TLS 1.3 a client certificate is judged after the handshake, and the client does not notice the refusal. */
const MAYBE_CERTIFICATE = 'over TLS also what a missing or unknown client certificate looks like';
const DEFAULT_PORT = 4222;

/** The client also waits in vain for a broker that has turned it away for want of room: it overhears that. */
async function explainTimeout(
  cause: unknown,
  servers: readonly string[],
  also: string | null,
): Promise<never> {
  if (describe(cause) !== TIMEOUT) throw cause;
  const addresses = servers.map((server) => new URL(server));
  const asked = addresses.map(({ hostname, port }) =>
    isFull({ host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port) || DEFAULT_PORT }),
  );
  const full = await Promise.all(asked);
  const names = addresses.filter((_address, index) => full[index]).map(({ host }) => host);
  if (names.length > 0) {
    throw new Error(
      `${names.join(', ')} has as many connections as it may have: raise max_connections there, or end others`,
      { cause },
    );
  }
  if (also === null) throw cause;
  throw new Error(`${TIMEOUT}; ${also}`, { cause });
}

/** Reads the file at each connection, so that credentials can be renewed while we run; never fails after the first. */
function fromCredsFile(path: string): Authenticator {
  let last = credsAuthenticator(readFileSync(path));
  return (nonce) => {
    try {
      const renewed = credsAuthenticator(readFileSync(path));
      const answer = renewed(nonce);
      last = renewed;
      return answer;
    } catch {
      return last(nonce);
    }
  };
}

/** Tells of losses and returns, each once: the client repeats them when attempts fail late, at the password for one. */
async function follow(
  connection: NatsConnection,
  parts: ConnectionParts,
  tryOnce: () => Promise<NatsConnection>,
  signal: AbortSignal,
): Promise<void> {
  let spell: AbortController | null = null;
  let lastWords: string | null = null;
  for await (const status of connection.status()) {
    if (status.type === 'error') {
      const refusal = refusalOf(status.error);
      if (refusal === null) lastWords = describe(status.error);
      else parts.onRefused(refusal);
    }
    if (status.type === 'disconnect' && spell === null) {
      spell = new AbortController();
      parts.onDisconnected(lastWords);
      void askWhy(tryOnce, parts, AbortSignal.any([signal, spell.signal]));
    }
    if (status.type === 'reconnect' && spell !== null) {
      spell.abort();
      spell = null;
      lastWords = null;
      parts.onConnected(connection.getServer());
    }
  }
  spell?.abort();
}

/** Finds out what keeps us out, where it is more than a broker that is away: the client tells no reasons. */
async function askWhy(
  tryOnce: () => Promise<NatsConnection>,
  parts: ConnectionParts,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await pause(ASK_WHY_MS, signal);
    if (signal.aborted) return;
    try {
      await (await tryOnce()).close();
    } catch (error) {
      if (signal.aborted) return;
      if (isAway(error)) continue;
      parts.onUnreachable(describe(error));
      return;
    }
  }
}

const AWAY =
  /ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|connection refused|socket hang up|without an answer/;

function isAway(error: unknown): boolean {
  const reason = describe(error);
  return reason === TIMEOUT || AWAY.test(reason);
}

/**
 * Resolves when the broker has handled everything that was sent before, and its refusals of it have been told. Rejects if
 * the connection is lost first.
 */
export async function settled(connection: NatsConnection): Promise<void> {
  await connection.flush();
  // The client tells refusals from a queue of its own.
  await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves after `ms`, or at once when `signal` is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(Math.max(0, ms), undefined, { signal }).catch(() => undefined);
}

/** Sentences of OpenSSL, Node and the client that help nobody, and what they mean. */
const PLAINER: readonly (readonly [RegExp, string])[] = [
  [/^.*:(?:ssl\/)?tls(?:v\d+)? alert ([a-z ]+):.*$/s, 'the broker refused the TLS connection: $1'],
  [/; if the root CA is installed locally.*$/s, ''],
  [/^error connecting - node provided an undefined error$/, 'the connection was closed without an answer'],
];

/** One sentence for an operator, without what a stranger may have put into it. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const sentence = error.message === '' ? error.name : error.message;
  return PLAINER.reduce((text, [pattern, plainer]) => text.replace(pattern, plainer), sentence);
}
