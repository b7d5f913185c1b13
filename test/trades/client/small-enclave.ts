// An enclave for tests of its clients: the real server with real keys, challenges and attestations, accounts that only
// remember what was registered, and a door in front that notes what comes over the wire.

import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { publicJwk } from '../../../src/lib/ed25519.ts';
import type { AccountRegistration } from '../../../src/trades/domain/account.ts';
import type { Sessions } from '../../../src/trades/domain/enclave-api.ts';
import { Attestor } from '../../../src/trades/enclave/attestation/attestor.ts';
import { noProducer } from '../../../src/trades/enclave/attestation/none.ts';
import type { Producer } from '../../../src/trades/enclave/attestation/producer.ts';
import { Challenges } from '../../../src/trades/enclave/keys/challenges.ts';
import { EnvelopeKey } from '../../../src/trades/enclave/keys/envelope-key.ts';
import { OWN, startEnclave } from '../http/enclave.ts';

/** The key that the accounts refuse. */
export const MAY_WITHDRAW = 'may-withdraw-1';

/** When every other key expires. */
export const KEY_EXPIRES_MS = Date.UTC(2099, 0, 1);

export interface SmallEnclave {
  readonly url: string;
  /** What was registered, in order. */
  readonly registered: AccountRegistration[];
  /** Method, path and bearer token of each request. */
  readonly requests: { readonly line: string; readonly token: string | null }[];
  /** Bodies as they came over the wire. */
  readonly bodies: string[];
  /** Answers in the place of the enclave if it returns true. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | null;
}

/** Starts one that ends with the test. */
export async function smallEnclave(producer: Producer = noProducer): Promise<SmallEnclave> {
  const envelopeKey = await EnvelopeKey.create();
  const challenges = new Challenges(systemClock);
  const attestor = new Attestor({
    producer,
    challenges,
    envelopeKey,
    signingJwk: publicJwk(randomBytes(32).toString('base64url')),
    version: '0.1.0',
    configDigest: 'c'.repeat(64),
  });
  const registered: AccountRegistration[] = [];
  const { url: inner } = await startEnclave({
    sessions: rememberingSessions(registered),
    attestation: (nonce) => attestor.answer(nonce),
    open: (envelope) => envelopeKey.open(envelope),
    spendChallenge: (text) => challenges.spend(text),
  });
  const enclave: SmallEnclave & { url: string } = {
    url: '',
    registered,
    requests: [],
    bodies: [],
    intercept: null,
  };
  const server = createServer((request, response) => void forward(enclave, inner, request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  enclave.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return enclave;
}

async function forward(
  enclave: SmallEnclave,
  inner: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  const { method = '', url = '', headers } = request;
  const { authorization, 'content-type': type } = headers;
  const body = Buffer.concat(chunks);
  enclave.requests.push({
    line: `${method} ${url.split('?')[0] ?? ''}`,
    token: authorization?.replace(/^Bearer /, '') ?? null,
  });
  enclave.bodies.push(body.toString('utf8'));
  if (enclave.intercept?.(request, response) === true) return;
  const answer = await fetch(inner + url, {
    method,
    headers: {
      ...(authorization === undefined ? {} : { authorization }),
      ...(type === undefined ? {} : { 'content-type': type }),
    },
    ...(body.length === 0 ? {} : { body }),
  });
  response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
}

function rememberingSessions(registered: AccountRegistration[]): Sessions {
  const tokens = new Set<string>();
  return {
    isResuming: false,
    async register(registration) {
      if (registration.credentials.apiKey === MAY_WITHDRAW)
        return {
          status: 403,
          code: 'over_powered',
          reason: 'the key may withdraw:\u001b[31m make another one',
        };
      registered.push(registration);
      const sessionToken = randomBytes(32).toString('hex');
      tokens.add(sessionToken);
      return {
        sessionId: randomBytes(16).toString('hex'),
        sessionToken,
        expiresAtMs: systemClock.nowMs() + registration.ttlSeconds * 1_000,
        warnings: ['can_trade', 'expires'],
        keyExpiresAtMs: KEY_EXPIRES_MS,
      };
    },
    own: (token) =>
      tokens.has(token) ? { ...OWN, account: { ...OWN.account, unpolledMarkets: ['LÜNA/USDT'] } } : null,
    end: async (token) => tokens.delete(token),
  };
}
