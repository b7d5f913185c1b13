// Connections to the broker: how to make one from settings, and how to keep it. The NATS client is imported only in
// this folder; the rest of the program sees the types re-exported here.

import { readFileSync } from 'node:fs';
import {
  type Authenticator,
  connect,
  type ConnectionOptions,
  credsAuthenticator,
  type NatsConnection,
  wsconnect,
} from 'nats';

export type { Msg, NatsConnection, Subscription } from 'nats';

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
  onDisconnected(): void;
  /** An attempt failed; called at most once per spell of failures. */
  onUnreachable(reason: string): void;
}

const RETRY_MIN_MS = 250;
const RETRY_SPREAD_MS = 1500;
const CONNECT_TIMEOUT_MS = 5000;

/** A moment from 0.25 to 1.75 s: with jitter, so that a returning broker is not met by everyone at once. */
function retryDelayMs(): number {
  return RETRY_MIN_MS + Math.random() * RETRY_SPREAD_MS;
}

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
  let isReported = false;
  while (!signal.aborted) {
    try {
      const connection = await open(name, options);
      void follow(connection, parts);
      parts.onConnected(connection.getServer());
      return connection;
    } catch (error) {
      if (!isReported) parts.onUnreachable(describe(error));
      isReported = true;
      await pause(retryDelayMs(), signal);
    }
  }
  return null;
}

function open(name: string, options: NatsOptions): Promise<NatsConnection> {
  const common: ConnectionOptions = {
    name,
    servers: [...options.servers],
    maxReconnectAttempts: -1,
    reconnectDelayHandler: retryDelayMs,
    // Authentication that fails after a restart of the broker is an outage like any other: try again.
    ignoreAuthErrorAbort: true,
    timeout: CONNECT_TIMEOUT_MS,
    pingInterval: 10_000,
    maxPingOut: 2,
    ...(options.inboxPrefix === null ? {} : { inboxPrefix: options.inboxPrefix }),
    ...(options.user === null ? {} : { user: options.user }),
    ...(options.password === null ? {} : { pass: options.password }),
    ...(options.token === null ? {} : { token: options.token }),
    ...(options.credsFile === null ? {} : { authenticator: fromCredsFile(options.credsFile) }),
  };
  if (options.servers.some((server) => /^wss?:/.test(server))) return wsconnect(common);
  const tls = {
    ...(options.caFile === null ? {} : { caFile: options.caFile }),
    ...(options.certFile === null ? {} : { certFile: options.certFile }),
    ...(options.keyFile === null ? {} : { keyFile: options.keyFile }),
  };
  return connect(Object.keys(tls).length > 0 ? { ...common, tls } : common);
}

function fromCredsFile(path: string): Authenticator {
  return credsAuthenticator(readFileSync(path));
}

async function follow(connection: NatsConnection, parts: ConnectionParts): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') parts.onDisconnected();
    if (status.type === 'reconnect') parts.onConnected(connection.getServer());
  }
}

/** Resolves after `ms`, or at once when `signal` is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

/** One sentence for an operator, without what a stranger may have put into it. */
export function describe(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error';
}
