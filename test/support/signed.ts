// Messages signed with an API key as a monitor would, and commands run beside the program, as an operator would.

import { createHash, createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { headers, type MsgHdrs, type NatsConnection } from 'nats';
import { openFederationWriter } from '../../src/federation/store/federation-database.ts';
import type { Publication } from './messages.ts';
import { runToEnd } from './program.ts';

/** The two headers for a payload on a subject; implemented a second time from docs/federation.md#signed-messages. */
export function signedHeaders(key: string, { subject, payload }: Publication): MsgHdrs {
  const hash = createHash('sha256').update(key).digest();
  const signed = headers();
  signed.set('Truebit-Key-Id', hash.toString('hex').slice(0, 16));
  signed.set(
    'Truebit-Signature',
    createHmac('sha256', hash).update(`${subject}\n${payload}`).digest('base64'),
  );
  return signed;
}

/** Publishes messages, each signed with the key; resolves when the broker has them all. */
export async function sendSigned(
  connection: NatsConnection,
  key: string,
  publications: readonly Publication[],
): Promise<void> {
  for (const each of publications)
    connection.publish(each.subject, each.payload, { headers: signedHeaders(key, each) });
  await connection.flush();
}

/** Runs a command with `--json` and returns its output. Throws if it fails. */
export async function command(
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runToEnd(env, [...args, '--json']);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/**
 * Makes a key and returns it. Makes the database first if the program was never started, because the command does not.
 */
export async function createKey(
  env: Readonly<Record<string, string>>,
  ...options: readonly string[]
): Promise<{ readonly key: string; readonly keyId: string }> {
  const path = env['DB_PATH'] ?? '';
  if (!existsSync(path)) openFederationWriter(path).close();
  const made = await command(env, 'keys', 'create', '--name', 'test', ...options);
  return { key: String(made['key']), keyId: String(made['keyId']) };
}
