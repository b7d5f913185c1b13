// The user's side against a small enclave over real HTTP: it proves itself first, and nothing is sent to one that does
// not.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { CipherSuite, KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_256_GCM } from 'hpke';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { enclaveUrlOf } from '../../../src/trades/client/enclave-url.ts';
import { STRICTEST_POLICY } from '../../../src/trades/client/policy.ts';
import { sealCredentials } from '../../../src/trades/client/seal-credentials.ts';
import { SecureClient, type SecureClientOptions } from '../../../src/trades/client/secure-client.ts';
import { ENVELOPE_INFO, envelopeAad } from '../../../src/trades/domain/envelope.ts';
import type { Producer } from '../../../src/trades/enclave/attestation/producer.ts';
import { AT_MS, makeDocument, PCRS, ROOT } from './nitro-maker.ts';
import { MAY_WITHDRAW, smallEnclave } from './small-enclave.ts';

const TRUSTING = { ...STRICTEST_POLICY, allowsUnattested: true };
const SEALED = { userId: 'me', apiKey: 'api-key-12345', secret: 'a-secret-67890' };
const REGISTRATION = { exchange: 'binance', label: 'mine', ttl: 3_600, sealed: SEALED };

const clientAt = (url: string, more: Partial<SecureClientOptions> = {}) =>
  new SecureClient({ url, policy: TRUSTING, clock: systemClock, ...more });

/** Signs documents as a Nitro hypervisor does, for the nonce and the keys that it is asked for. */
const hypervisor = (change: (userData: Uint8Array) => Uint8Array = (same) => same): Producer => ({
  platform: 'nitro',
  document: (userData, nonce) =>
    Promise.resolve(makeDocument({ members: { user_data: change(userData), nonce, timestamp: AT_MS } })),
});

it('secure client - registers, reads and ends a session', async () => {
  const enclave = await smallEnclave();
  const client = clientAt(enclave.url);
  const session = await client.register({
    ...REGISTRATION,
    sealed: {
      ...SEALED,
      accountType: 'futures',
      sandbox: true,
      symbols: ['BTC/USDT'],
      apiInterval: 5_000,
      maxRetries: 1,
      password: 'p',
    },
  });
  expect(session).toMatchObject({
    sessionId: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown,
    warnings: ['can_trade', 'expires'],
    keyExpires: '2099-01-01T00:00:00.000Z',
    attested: { platform: 'none', measured: [] },
  });
  expect(enclave.registered).toEqual([
    {
      label: 'mine',
      ttlSeconds: 3_600,
      credentials: { apiKey: SEALED.apiKey, secret: SEALED.secret, password: 'p' },
      options: {
        exchange: 'binance',
        accountType: 'futures',
        isSandbox: true,
        apiIntervalMs: 5_000,
        retriesMax: 1,
        sinceMs: null,
        symbols: ['BTC/USDT'],
      },
    },
  ]);
  expect(enclave.bodies.join('')).not.toMatch(/api-key-12345|a-secret-67890/);
  expect(await client.getMetrics(session.sessionToken)).toMatchObject({ metrics: [] });
  expect(await client.getSummary(session.sessionToken)).toMatchObject({ account: { state: 'online' } });
  await client.end(session.sessionToken);
  await expect(client.getSummary(session.sessionToken)).rejects.toMatchObject({ code: 'not_found' });
  await expect(client.end(session.sessionToken)).rejects.toMatchObject({ code: 'not_found' });
  expect(inspect(client, { depth: 9 }) + JSON.stringify(client)).not.toMatch(/secret|[0-9a-f]{64}/);
});

it('secure client - an enclave that cannot answer now does not end a session', async () => {
  const server = createServer((_request, response) =>
    response.writeHead(503).end('{"error":"sessions go on soon","code":"resuming"}'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const client = clientAt(`http://127.0.0.1:${port}`);
  await expect(client.getSummary('a'.repeat(64))).rejects.toMatchObject({
    code: 'no_answer',
    message: expect.stringContaining('status 503: sessions go on soon') as string,
  });
  await expect(client.end('a'.repeat(64))).rejects.toMatchObject({ code: 'no_answer' });
});

it('secure client - each registration has a nonce, a challenge and an envelope of its own', async () => {
  const enclave = await smallEnclave();
  const client = clientAt(enclave.url);
  const [one, other] = [await client.attest(), await client.attest()];
  expect(one.nonce).toHaveLength(32);
  expect(one.nonce).not.toEqual(other.nonce);
  await client.register(REGISTRATION);
  await client.register({ ...REGISTRATION, earlierToken: 'earlier-token-0123456789' });
  expect(enclave.requests.filter(({ line }) => line.startsWith('POST')).map(({ token }) => token)).toEqual([
    null,
    'earlier-token-0123456789',
  ]);
  const [first, second] = enclave.bodies.filter((body) => body.includes('"ct"'));
  expect(first).not.toBe(second);
});

it('secure client - nothing is sealed or sent without trusted hardware, unless it is allowed', async () => {
  const enclave = await smallEnclave();
  await expect(
    clientAt(enclave.url, { policy: STRICTEST_POLICY }).register(REGISTRATION),
  ).rejects.toMatchObject({
    code: 'not_attested',
    message:
      'The enclave runs on no trusted hardware (platform "none"): its operator can read the credentials.',
  });
  expect(enclave.requests.map(({ line }) => line)).toEqual(['GET /attestation']);
});

it('secure client - an enclave on Nitro registers; one whose document is about other keys gets nothing', async () => {
  const policy = { ...STRICTEST_POLICY, pcrs: PCRS as [string[], string[], string[]] };
  const roots = { nitro: [ROOT], amd: {} };
  // The certificates of the test are valid at its own time only.
  const clock = { nowMs: () => AT_MS };
  const enclave = await smallEnclave(hypervisor());
  const session = await clientAt(enclave.url, { policy, roots, clock }).register(REGISTRATION);
  expect(session.attested).toMatchObject({ platform: 'nitro', measured: PCRS.flat() });
  expect(enclave.registered).toHaveLength(1);
  const other = await smallEnclave(hypervisor(() => Buffer.alloc(32)));
  await expect(clientAt(other.url, { policy, roots, clock }).register(REGISTRATION)).rejects.toMatchObject({
    code: 'not_attested',
  });
  expect(other.registered).toEqual([]);
});

it('secure client - a refusal is told with its reason, without what a terminal would obey', async () => {
  const enclave = await smallEnclave();
  const sealed = { ...SEALED, apiKey: MAY_WITHDRAW };
  await expect(clientAt(enclave.url).register({ ...REGISTRATION, sealed })).rejects.toMatchObject({
    code: 'not_registered',
    message:
      'The enclave refused the registration (status 403: the key may withdraw:?[31m make another one).',
  });
});

it.each<[string, object, string]>([
  ['a short key', { apiKey: 'short' }, 'apiKey must have at least 10 characters'],
  [
    'a name with a space',
    { userId: 'a b' },
    'userId must be 1 to 64 characters of ASCII without white space',
  ],
  [
    'an interval that is too short',
    { apiInterval: 999 },
    'apiInterval must be whole milliseconds from 1000 to 3600000',
  ],
])('secure client - %s is refused before anything is asked', async (_what, change, fault) => {
  const enclave = await smallEnclave();
  const sealed = { ...SEALED, ...change };
  await expect(clientAt(enclave.url).register({ ...REGISTRATION, sealed })).rejects.toMatchObject({
    code: 'usage',
    message: `The registration is wrong: ${fault}.`,
  });
  expect(enclave.requests).toEqual([]);
});

it('secure client - a redirect is not followed, a long answer and a slow one are none', async () => {
  const enclave = await smallEnclave();
  const elsewhere = await smallEnclave();
  enclave.intercept = (_request, response) => {
    response.writeHead(307, { location: `${elsewhere.url}/attestation` }).end();
    return true;
  };
  await expect(clientAt(enclave.url).attest()).rejects.toMatchObject({ code: 'not_attested' });
  expect(elsewhere.requests).toEqual([]);
  enclave.intercept = (_request, response) => {
    response.writeHead(200).end(Buffer.alloc(4_194_305, 0x20));
    return true;
  };
  await expect(clientAt(enclave.url).attest()).rejects.toMatchObject({
    code: 'no_answer',
    message: expect.stringContaining('too long') as unknown,
  });
  enclave.intercept = () => true;
  await expect(clientAt(enclave.url, { timeoutMs: 100 }).attest()).rejects.toMatchObject({
    code: 'no_answer',
    message: expect.stringContaining('not in time') as unknown,
  });
});

it('secure client - an answer with a member twice is no attestation', async () => {
  const enclave = await smallEnclave();
  enclave.intercept = (_request, response) => {
    response.writeHead(200).end('{"v":1,"v":1,"platform":"none"}');
    return true;
  };
  const { verdict } = await clientAt(enclave.url).attest();
  expect(verdict).toMatchObject({ type: 'refused', kind: 'malformed' });
});

it('sealing - another implementation of HPKE opens what is sealed, and only with all of it', async () => {
  const suite = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_256_GCM);
  const pair = await suite.GenerateKeyPair(true);
  const publicKey = Buffer.from(await suite.SerializePublicKey(pair.publicKey)).toString('base64url');
  const metadata = { exchange: 'binance', label: 'Ä', ttl: 300, challenge: 'c' };
  const envelope = await sealCredentials(SEALED, { publicKey, kid: 'k' }, metadata);
  const open = (aad: string) =>
    suite.Open(pair, Buffer.from(envelope.enc, 'base64url'), Buffer.from(envelope.ct, 'base64url'), {
      info: Buffer.from(ENVELOPE_INFO),
      aad: Buffer.from(aad),
    });
  expect(JSON.parse(Buffer.from(await open(envelopeAad(envelope))).toString())).toEqual(SEALED);
  await expect(open(envelopeAad({ ...envelope, metadata: { ...metadata, ttl: 301 } }))).rejects.toMatchObject(
    { name: 'OpenError' },
  );
  const long = { ...SEALED, secret: 's'.repeat(16_384) };
  await expect(sealCredentials(long, { publicKey, kid: 'k' }, metadata)).rejects.toThrow(RangeError);
});

it.each<[string | undefined, string | undefined, string]>([
  [undefined, undefined, 'http://127.0.0.1:3000'],
  [undefined, 'http://localhost:5000', 'http://localhost:3000'],
  [undefined, 'https://trades.example', 'https://trades.example'],
  [undefined, 'https://trades.example:5000/', 'https://trades.example:3000'],
  ['http://127.0.0.1:5000', undefined, 'http://127.0.0.1:5000'],
  ['https://a.example/proxy/', 'http://localhost:5000', 'https://a.example/proxy'],
  ['http://[::1]:3000', undefined, 'http://[::1]:3000'],
])('enclave address - %s beside the service %s is %s', (enclaveUrl, serviceUrl, url) => {
  expect(enclaveUrlOf({ enclaveUrl, serviceUrl, allowsHttp: false })).toBe(url);
});

it.each([
  'http://a.example:3000',
  'http://127.0.0.1.example',
  'ftp://127.0.0.1',
  'a.example',
  'https://u:p@a.example',
  'https://a.example?x=1',
])('enclave address - %s is refused', (enclaveUrl) => {
  expect(() => enclaveUrlOf({ enclaveUrl, serviceUrl: undefined, allowsHttp: false })).toThrow(
    expect.objectContaining({ code: 'usage' }) as Error,
  );
});

it('enclave address - http to another machine must be asked for', () => {
  const given = { enclaveUrl: 'http://a.example:3000', serviceUrl: undefined, allowsHttp: true };
  expect(enclaveUrlOf(given)).toBe('http://a.example:3000');
});
