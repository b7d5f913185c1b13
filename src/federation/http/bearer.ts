// `Authorization: Bearer` before the routes under /api/ (docs/federation.md#api-keys): a key's hash is looked for, the
// key is neither kept nor repeated. What lies outside /api/ is for probes, Prometheus and browsers, and needs no key.

import type { FastifyInstance } from 'fastify';
import { type ApiKey, isUsable, may } from '../domain/api-keys.ts';
import { isApiKey, isSameHash, keyHashOf, keyIdOf } from '../domain/message-signature.ts';
import { refuse } from '../../http/answers.ts';

/** What is asked about keys. */
export interface BearerParts {
  findKey(keyId: string): ApiKey | undefined;
  /** Requests came with this key; told once a minute at most. */
  keyUsed(keyId: string): void;
  monotonicMs(): number;
}

/** A key in steady use is noted so often. */
const NOTE_INTERVAL_MS = 60_000;
const BEARER = /^Bearer +([^ ]+) *$/i;

/** Lets in only keys with the permission `subscribe`. */
export function requireBearer(app: FastifyInstance, parts: BearerParts): void {
  // One entry for each key that was found: bounded as keys are.
  const notedAtMs = new Map<string, number>();
  const note = (keyId: string) => {
    const nowMs = parts.monotonicMs();
    if (nowMs - (notedAtMs.get(keyId) ?? -Infinity) < NOTE_INTERVAL_MS) return;
    notedAtMs.set(keyId, nowMs);
    parts.keyUsed(keyId);
  };
  app.addHook('onRequest', (request, reply, done) => {
    // Of the route that was found: an address can be spelled in many ways.
    // A browser asks with OPTIONS, and without the key, whether it may send one.
    if (request.routeOptions.url?.startsWith('/api/') !== true || request.method === 'OPTIONS') {
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

function keyOf(header: string | undefined, parts: Pick<BearerParts, 'findKey'>): ApiKey | null {
  const given = BEARER.exec(header ?? '')?.[1] ?? '';
  if (!isApiKey(given)) return null;
  const hash = keyHashOf(given);
  const key = parts.findKey(keyIdOf(hash));
  return key !== undefined && isSameHash(key.keyHash, hash) && isUsable(key, 'now') ? key : null;
}
