// Checks `Authorization: Bearer` on the routes under /api/ and on the badges (docs/federation.md#api-keys). It looks up
// the key's hash, and neither keeps nor repeats the key. Other routes serve probes, Prometheus and browsers, and need no
// key.

import type { FastifyInstance } from 'fastify';
import { type ApiKey, isUsable, may } from '../domain/api-keys.ts';
import { isApiKey, isSameHash, keyHashOf, keyIdOf } from '../domain/message-signature.ts';
import { refuse } from '../../http/answers.ts';
import { mayNeedKey } from '../../http/guarded-paths.ts';

/** What the check needs from its program. */
export interface BearerParts {
  findKey(keyId: string): ApiKey | undefined;
  /** Reports that requests came with this key; called at most once a minute for each key. */
  keyUsed(keyId: string): void;
  monotonicMs(): number;
}

/** Interval at which the use of a key is reported while requests keep coming. */
const NOTE_INTERVAL_MS = 60_000;
const BEARER = /^Bearer +([^ ]+) *$/i;

/** Admits only requests with a key that has the permission `subscribe`. */
export function requireBearer(app: FastifyInstance, parts: BearerParts): void {
  // One entry for each key that exists, so the number of keys bounds the map.
  const notedAtMs = new Map<string, number>();
  const note = (keyId: string) => {
    const nowMs = parts.monotonicMs();
    if (nowMs - (notedAtMs.get(keyId) ?? -Infinity) < NOTE_INTERVAL_MS) return;
    notedAtMs.set(keyId, nowMs);
    parts.keyUsed(keyId);
  };
  app.addHook('onRequest', (request, reply, done) => {
    // Checks the URL of the matched route, because a client can spell an address in many ways. A browser's OPTIONS
    // request asks, without the key, whether it may send one.
    if (!mayNeedKey(request.routeOptions.url) || request.method === 'OPTIONS') {
      done();
      return;
    }
    const key = keyOf(request.headers.authorization, parts);
    if (key === null) {
      reply.header('www-authenticate', 'Bearer realm="aggregator"');
      refuse(reply, 'unauthenticated', 'this address needs an API key: Authorization: Bearer …');
    } else if (!may(key, 'subscribe')) {
      refuse(reply, 'forbidden', 'this API key does not have the permission subscribe');
    } else {
      note(key.keyId);
      done();
    }
  });
}

/** True if the header names a key that may read now. */
export function mayRead(header: string | undefined, parts: Pick<BearerParts, 'findKey'>): boolean {
  const key = keyOf(header, parts);
  return key !== null && may(key, 'subscribe');
}

/** The key that the header names, if it has the permission `admin` now; otherwise why not. */
export function adminOf(
  header: string | undefined,
  parts: Pick<BearerParts, 'findKey'>,
): ApiKey | 'unauthenticated' | 'forbidden' {
  const key = keyOf(header, parts);
  if (key === null) return 'unauthenticated';
  return may(key, 'admin') ? key : 'forbidden';
}

function keyOf(header: string | undefined, parts: Pick<BearerParts, 'findKey'>): ApiKey | null {
  const given = BEARER.exec(header ?? '')?.[1] ?? '';
  if (!isApiKey(given)) return null;
  const hash = keyHashOf(given);
  const key = parts.findKey(keyIdOf(hash));
  return key !== undefined && isSameHash(key.keyHash, hash) && isUsable(key, 'now') ? key : null;
}
