// Clients of the library for tests: each ends with its test, and everything that it emits is written down.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatsConnection } from 'nats';
import { onTestFinished } from 'vitest';
import {
  FederationClient,
  type FederationClientOptions,
  type FederationError,
} from '../../../src/agent/library/index.ts';

export const NODE_ID = 'node-3f0c0a54-7d0f-4b8e-9d5c-1c2f6b7a9e10';
export const SALT = 'f'.repeat(64);
/** An execution and its hash under {@link SALT}. */
export const EXECUTION = '657938a7-ebf1-4899-85ea-494fbca71123';
export const EXECUTION_HASH = '714bcb9203195b33df12370f29e7578c308798a140a04f10852e1269a893a2d6';

export interface TestClient {
  readonly client: FederationClient;
  readonly errors: FederationError[];
  /** Names of the events other than `message` and `error`, in order. */
  readonly events: string[];
  readonly published: { readonly subject: string; readonly data: { readonly type: string } }[];
}

export function clientFor(servers: string, more: FederationClientOptions = {}): TestClient {
  const client = new FederationClient({ servers, nodeId: NODE_ID, salt: SALT, ...more });
  const errors: FederationError[] = [];
  const events: string[] = [];
  const published: TestClient['published'] = [];
  client.on('error', (error) => errors.push(error));
  client.on('published', (message) => published.push(message));
  for (const name of ['connected', 'disconnected', 'reconnecting', 'reconnected'] as const) {
    client.on(name, () => events.push(name));
  }
  onTestFinished(() => client.disconnect());
  return { client, errors, events, published };
}

/** Every message of a node from now on. */
export async function recorded(
  connection: NatsConnection,
): Promise<{ readonly subject: string; readonly data: Record<string, unknown> }[]> {
  const messages: { readonly subject: string; readonly data: Record<string, unknown> }[] = [];
  connection.subscribe('truebit.>', {
    callback: (_error, message) => {
      const { subject } = message;
      if (subject !== 'truebit.federation.join') messages.push({ subject, data: message.json() });
    },
  });
  await connection.flush();
  return messages;
}

/** A folder that is removed after the test. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'library-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
