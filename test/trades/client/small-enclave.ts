// A small enclave for tests of its clients: real keys, challenges, envelopes and attestations over real HTTP, and
// accounts that only remember what was registered.

import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { publicJwk } from '../../../src/lib/ed25519.ts';
import type { AccountRegistration } from '../../../src/trades/domain/account.ts';
import { decodeAccountRegistration } from '../../../src/trades/domain/account-registration.ts';
import { decodeEnvelope } from '../../../src/trades/domain/decode-envelope.ts';
import { Attestor } from '../../../src/trades/enclave/attestation/attestor.ts';
import { noProducer } from '../../../src/trades/enclave/attestation/none.ts';
import type { Producer } from '../../../src/trades/enclave/attestation/producer.ts';
import { Challenges } from '../../../src/trades/enclave/keys/challenges.ts';
import { EnvelopeKey } from '../../../src/trades/enclave/keys/envelope-key.ts';

export interface SmallEnclave {
  readonly url: string;
  /** What was registered, in order. */
  readonly registered: AccountRegistration[];
  /** Method, path and bearer token of each request. */
  readonly requests: { readonly line: string; readonly token: string | null }[];
  /** Bodies as they came over the wire. */
  readonly bodies: string[];
  /** Answers in the place of the enclave; null lets it answer. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | null;
}

/** Starts one that ends with the test. */
export async function smallEnclave(producer: Producer = noProducer): Promise<SmallEnclave> {
  const key = await EnvelopeKey.create();
  const challenges = new Challenges(systemClock);
  const attestor = new Attestor({
    producer,
    challenges,
    envelopeKey: key,
    signingJwk: publicJwk(randomBytes(32).toString('base64url')),
    version: '0.1.0',
    configDigest: 'c'.repeat(64),
  });
  const tokens = new Set<string>();
  const enclave = { url: '', registered: [], requests: [], bodies: [], intercept: null } as SmallEnclave & {
    url: string;
  };

  const register = async (body: string): Promise<readonly [number, unknown]> => {
    const envelope = decodeEnvelope(body);
    if ('fault' in envelope) return [400, { error: envelope.fault, code: envelope.code }];
    if (!challenges.spend(envelope.metadata.challenge))
      return [400, { error: 'the challenge was spent', code: 'challenge' }];
    const plain = await key.open(envelope);
    if (typeof plain === 'string') return [400, { error: plain, code: plain }];
    const read = decodeAccountRegistration(plain, envelope.metadata, systemClock.nowMs());
    if ('fault' in read) return [400, { error: read.fault, code: 'bad_request' }];
    if (read.credentials.apiKey === 'may-withdraw-1')
      return [403, { error: 'the key may withdraw:\u001b[31m make another one', code: 'over_powered' }];
    enclave.registered.push(read);
    const token = randomBytes(32).toString('hex');
    tokens.add(token);
    return [
      200,
      {
        session_id: randomBytes(16).toString('hex'),
        session_token: token,
        expires_at: new Date(systemClock.nowMs() + read.ttlSeconds * 1_000).toISOString(),
        status: 'active',
        warnings: ['can_trade', 'unknown word \u001b'],
      },
    ];
  };

  const answer = async (
    method: string,
    url: URL,
    token: string | null,
    body: string,
  ): Promise<readonly [number, unknown]> => {
    if (method === 'GET' && url.pathname === '/attestation') {
      return [200, await attestor.answer(Buffer.from(url.searchParams.get('nonce') ?? '', 'base64url'))];
    }
    if (method === 'POST' && url.pathname === '/enclave/submit_key') return register(body);
    if (token === null || !tokens.has(token))
      return [401, { error: 'no such session', code: 'unauthenticated' }];
    if (method === 'DELETE') return [tokens.delete(token) ? 204 : 401, null];
    const session_expires = new Date(systemClock.nowMs()).toISOString();
    const summary = { totalVolume: 0, totalTrades: 0, totalReturnPct: 0, totalReturnUsd: 0, totalFees: 0 };
    if (url.pathname === '/enclave/metrics') return [200, { metrics: [], summary, session_expires }];
    const account = { state: 'online', reason: null, last_poll: null, unpolled_markets: ['LÜNA/USDT'] };
    return [200, { summary, session_expires, account }];
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const { method = '', url = '', headers } = request;
      const token = headers.authorization?.replace(/^Bearer /, '') ?? null;
      const body = Buffer.concat(chunks).toString('utf8');
      enclave.requests.push({ line: `${method} ${url.split('?')[0] ?? ''}`, token });
      enclave.bodies.push(body);
      if (enclave.intercept?.(request, response) === true) return;
      void answer(method, new URL(url, 'http://enclave'), token, body).then(([status, value]) =>
        response.writeHead(status).end(value === null ? '' : JSON.stringify(value)),
      );
    });
  });
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
