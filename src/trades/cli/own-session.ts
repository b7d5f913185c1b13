// `register-user --status` and `--end`: what the owner of a session can ask, by the file that has its token.

import { rmSync } from 'node:fs';
import { print } from '../../cli/output.ts';
import { systemClock } from '../../lib/clock.ts';
import { STRICTEST_POLICY } from '../client/policy.ts';
import { SecureClient } from '../client/secure-client.ts';
import { readSession } from './session-file.ts';

/** Prints the account's figures as JSON, and returns the exit code. Errors: `no_answer`, `not_found`. */
export async function showSession(file: string): Promise<number> {
  const { url, sessionToken } = readSession(file);
  const client = clientAt(url);
  const [{ metrics }, summary] = [
    await client.getMetrics(sessionToken),
    await client.getSummary(sessionToken),
  ];
  print(`${printableJson({ ...summary, metrics })}\n`);
  return 0;
}

/** Ends the session, deletes its file, and returns the exit code. Errors: `no_answer`, `not_found`. */
export async function endSession(file: string): Promise<number> {
  const { url, sessionId, sessionToken } = readSession(file);
  await clientAt(url).end(sessionToken);
  rmSync(file, { force: true });
  print(`The session ${printableJson(sessionId)} has ended, and ${file} is deleted.\n`);
  return 0;
}

/** Figures are read with the token alone: no key is sent, so nothing must be proven. */
function clientAt(url: string): SecureClient {
  return new SecureClient({ url, policy: STRICTEST_POLICY, clock: systemClock });
}

/** JSON without characters that a terminal would obey. */
function printableJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
