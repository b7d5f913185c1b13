// Waits until the replicas of a cluster on this machine are ready, and says what is missing if they are not in time.

import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { getText } from '../../lib/http-get.ts';
import { isObject } from '../../lib/is-object.ts';

/** Time in which all must be ready, in ms. */
const READY_MS = 90_000;
const ASK_AGAIN_MS = 200;
const ANSWER_MS = 2_000;

/** Resolves when `/readyz` of all addresses is 200, or when `signal` ends the wait. Errors: `demonstration_failed`. */
export async function waitUntilReady(addresses: readonly string[], signal: AbortSignal): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + READY_MS;
  for (;;) {
    const reasons = await Promise.all(addresses.map(reasonOf));
    if (signal.aborted || reasons.every((reason) => reason === null)) return;
    if (systemClock.monotonicMs() > deadlineMs) {
      const missing = addresses.flatMap((address, index) =>
        reasons[index] == null ? [] : [`${address}: ${reasons[index]}`],
      );
      throw new CodedError(
        'demonstration_failed',
        `The cluster was not ready within ${READY_MS / 1000} s (${missing.join('; ')}): the lines above say why.`,
      );
    }
    await delay(ASK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Why the program at the address is not ready; null if it is. */
async function reasonOf(address: string): Promise<string | null> {
  try {
    const { status, text } = await getText(`${address}/readyz`, ANSWER_MS, true);
    if (status === 200) return null;
    return brokenParts(text).join(', ') || `it answers with status ${status}`;
  } catch {
    return 'it does not answer';
  }
}

/** The names of the components that are not well, by the body of `/readyz`. */
function brokenParts(text: string): readonly string[] {
  try {
    const body: unknown = JSON.parse(text);
    const components = isObject(body) && isObject(body['components']) ? body['components'] : {};
    return Object.entries(components).flatMap(([name, part]) => {
      if (!isObject(part) || part['ok'] !== false) return [];
      return [typeof part['reason'] === 'string' ? `${name} (${part['reason']})` : name];
    });
  } catch {
    return [];
  }
}
