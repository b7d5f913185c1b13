// Makes connections to the broker from settings, and keeps them. Only this folder imports the NATS client; the rest of
// the program uses the types that this file re-exports.

import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type Authenticator,
  connect,
  type ConnectionOptions,
  credsAuthenticator,
  type NatsConnection,
  type TlsOptions,
  wsconnect,
} from 'nats';
import { type Backoff, backoffMs } from '../lib/backoff.ts';
import { randomShare, systemClock } from '../lib/clock.ts';
import { DialPace } from './dial-pace.ts';
import { isFull } from './embedded-broker/probe.ts';
import { isPemText } from './pem.ts';
import { type Refusal, refusalOf } from './refusals.ts';
import { webSocketFactory } from './web-socket.ts';

export type { Msg, MsgHdrs, NatsConnection, Subscription } from 'nats';
export { headers } from 'nats';

/** The address of a broker and the login. Plain data, because it crosses threads. */
export interface NatsOptions {
  readonly servers: readonly string[];
  readonly user: string | null;
  readonly password: string | null;
  readonly token: string | null;
  readonly credsFile: string | null;
  /** This and the next two: the path of a PEM file, or its text. */
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
  /** Prefix of reply subjects: a prefix of the program's own if other users may listen to `_INBOX.>`. */
  readonly inboxPrefix: string | null;
}

/** Callbacks of a connection. */
export interface ConnectionParts {
  /** Called after the first connection and after every reconnection. */
  onConnected(server: string): void;
  /** Called with the broker's last message before the connection closed; null if it sent none. */
  onDisconnected(reason: string | null): void;
  /**
   * Called with the reason why no connection succeeds: at most once before the first connection and once after each
   * loss.
   */
  onUnreachable(reason: string): void;
  /** Called each time that the broker refuses an operation but keeps the connection open. */
  onRefused(refusal: Refusal): void;
}

/**
 * With jitter, so that not all clients reconnect at once when a broker returns. docs/federation.md#readiness allows
 * 2 s.
 */
const RETRY: Backoff = { leastMs: 500, mostMs: 1_750 };
/** The client does not count its own attempts, so it always waits as long as after this number of failures. */
const CLIENT_FAILURES = 2;
/**
 * Only by this timeout does the client notice a broker that ended in the middle of a login. Together with the other
 * waits it stays below 5 s (docs/federation.md#readiness).
 */
const CONNECT_TIMEOUT_MS = 4000;
/** Time from a loss to an extra attempt that finds out why the client's own fail, and between two of these. */
const ASK_WHY_MS = 3000;
/** The client's message for a timeout. */
const TIMEOUT = 'timeout';

/**
 * Connects, and tries until it succeeds; null if `signal` ends the attempts. The client cannot cancel a dial: one that
 * succeeds after the signal is closed at once, within {@link CONNECT_TIMEOUT_MS}. Afterwards the client reconnects by
 * itself, for ever.
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
      if (signal.aborted) {
        await connection.close();
        return null;
      }
      void follow(connection, parts, () => open(name, options, false), signal);
      parts.onConnected(connection.getServer());
      return connection;
    } catch (error) {
      if (failures === 0) parts.onUnreachable(await reasonOf(error, () => open(name, options, false)));
      await pause(
        backoffMs(RETRY, failures, randomShare()) - (systemClock.monotonicMs() - startedMs),
        signal,
      );
    }
  }
  return null;
}

/** Callbacks of a connection that is made once and never again by itself. */
export interface SingleConnectionParts {
  /**
   * Called once when the connection has ended, whoever ended it: with the broker's last message, else the client's reason,
   * else null.
   */
  onEnded(reason: string | null): void;
  /** Called each time that the broker refuses an operation but keeps the connection open. */
  onRefused(refusal: Refusal): void;
}

/**
 * Makes one attempt at each of the servers. The connection ends with the first loss, so the client never keeps messages
 * for a later one. Rejects with the reason of the last server, within {@link CONNECT_TIMEOUT_MS} for each address; the
 * attempt cannot be cancelled.
 */
export async function connectOnce(
  name: string,
  options: NatsOptions,
  parts: SingleConnectionParts,
): Promise<NatsConnection> {
  const connection = await open(name, options, false);
  const lastWords = listen(connection, parts);
  void connection.closed().then((error) => {
    parts.onEnded(lastWords() ?? (error instanceof Error ? describe(error) : null));
  });
  return connection;
}

/** Reports refusals; returns a function for the broker's last other message. */
function listen(connection: NatsConnection, parts: SingleConnectionParts): () => string | null {
  let lastWords: string | null = null;
  const read = async () => {
    for await (const status of connection.status()) {
      if (status.type !== 'error') continue;
      const refusal = refusalOf(status.error);
      if (refusal === null) lastWords = describe(status.error);
      else parts.onRefused(refusal);
    }
  };
  void read();
  return () => lastWords;
}

/**
 * The client gives up its first connection when it knows no server that it has not tried. Those of a cluster name each
 * other at every attempt, even at one with a wrong password, so it would try for ever, and without a pause.
 */
class AllTried extends Error {}

/** Why the first connection failed. `tryOnce` makes another attempt, which tells the server's reason. */
async function reasonOf(error: unknown, tryOnce: () => Promise<NatsConnection>): Promise<string> {
  if (!(error instanceof Error && error.cause instanceof AllTried)) return describe(error);
  try {
    await (await tryOnce()).close();
    return 'the servers refused the connection, and accept it now';
  } catch (again) {
    return describe(again);
  }
}

/** `reconnect`: the connection is kept for ever, and also tries servers of which it is told. */
async function open(name: string, options: NatsOptions, reconnect: boolean): Promise<NatsConnection> {
  let triesLeft = options.servers.length;
  const connection = await dial(name, options, reconnect, () => {
    triesLeft -= 1;
    if (triesLeft < 0) throw new AllTried();
  });
  triesLeft = Number.POSITIVE_INFINITY;
  return connection;
}

/** `mayDial` is called before each attempt at one server, and throws to end the first connection. */
async function dial(
  name: string,
  options: NatsOptions,
  reconnect: boolean,
  mayDial: () => void,
): Promise<NatsConnection> {
  // The client does not say which address it dials, and would check the certificate of an IP address against
  // `localhost`.
  let dialled = '';
  const pace = new DialPace(systemClock, () => backoffMs(RETRY, CLIENT_FAILURES, randomShare()));
  const common: ConnectionOptions = {
    name,
    servers: [...options.servers],
    // In the order of the setting, so that all connections of the program use the same one of several brokers.
    noRandomize: true,
    reconnect,
    ignoreClusterUpdates: !reconnect,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: () => pace.waitMs(),
    reconnectToServer: (servers) => {
      mayDial();
      dialled = servers[0]?.hostname ?? '';
      pace.dials(servers.length);
      return null;
    },
    // A failed authentication after a restart of the broker is an outage like any other: the client tries again.
    ignoreAuthErrorAbort: true,
    timeout: CONNECT_TIMEOUT_MS,
    // The client gives up a broker that does not respond after 15 to 20 s.
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
  // Without these options a `tls://` broker, or an attacker in its place, could disable TLS.
  const isTls = options.servers.some((server) => server.startsWith('tls:'));
  if (!isTls && caFile === null && certFile === null) {
    return connect(common).catch((error: unknown) => explainTimeout(error, options.servers, null));
  }
  const tls = {
    ...pemOption('ca', caFile),
    ...pemOption('cert', certFile),
    ...pemOption('key', keyFile),
    get host() {
      return dialled;
    },
  };
  return connect({ ...common, tls }).catch((error: unknown) =>
    explainTimeout(error, options.servers, MAYBE_CERTIFICATE),
  );
}

/** The option of the client for a PEM file's path or text; none for null. */
function pemOption(name: 'ca' | 'cert' | 'key', value: string | null): TlsOptions {
  if (value === null) return {};
  return isPemText(value) ? { [name]: value } : { [`${name}File`]: value };
}

/**
 * With TLS 1.3 the broker checks a client certificate after the handshake, and the client does not notice the refusal.
 */
const MAYBE_CERTIFICATE = 'over TLS also what a missing or unknown client certificate looks like';
const DEFAULT_PORT = 4222;

/**
 * The client also times out at a broker that is full: it misses the broker's message. This function asks each broker
 * whether it is full.
 */
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

/**
 * Reads the file at each connection, so that an operator can renew the credentials while the program runs. Throws only
 * at the first reading.
 */
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

/**
 * Reports each loss and each return once. The client repeats them if an attempt fails late, for example at the
 * password.
 */
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

/**
 * Finds out why no connection succeeds, if the reason is more than a broker that is away; the client gives no reasons.
 */
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
 * Resolves when the broker has handled everything that was sent before, and its refusals have been reported. Rejects if
 * the connection is lost first.
 */
export async function settled(connection: NatsConnection): Promise<void> {
  await connection.flush();
  // The client reports refusals asynchronously, from a queue of its own.
  await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves after `ms`, or at once if `signal` is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(Math.max(0, ms), undefined, { signal }).catch(() => undefined);
}

/** Obscure messages of OpenSSL, Node and the client, and plain replacements. */
const PLAINER: readonly (readonly [RegExp, string])[] = [
  [/^.*:(?:ssl\/)?tls(?:v\d+)? alert ([a-z ]+):.*$/s, 'the broker refused the TLS connection: $1'],
  [/; if the root CA is installed locally.*$/s, ''],
  [/^error connecting - node provided an undefined error$/, 'the connection was closed without an answer'],
];

/** One sentence for an operator, with the obscure messages of libraries replaced. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const sentence = error.message === '' ? error.name : error.message;
  return PLAINER.reduce((text, [pattern, plainer]) => text.replace(pattern, plainer), sentence);
}
