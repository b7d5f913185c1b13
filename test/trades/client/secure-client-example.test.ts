// The example, a client of its own in one file: its HPKE against vectors and two other implementations, and the whole of
// it against an enclave.

import { execFile } from 'node:child_process';
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { Aes256Gcm, CipherSuite as CoreSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { AEAD_AES_256_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from 'hpke';
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import type { CommandResult } from '../../support/command.ts';
import { AT_MS, makeDocument } from './nitro-maker.ts';
import { smallEnclave } from './small-enclave.ts';

const EXAMPLE = new URL('../../../examples/secure-client-example.js', import.meta.url);

interface Client {
  readonly config: Readonly<Record<string, unknown>>;
  register(): Promise<string>;
  getMetrics(): Promise<unknown>;
  getSummary(): Promise<unknown>;
  end(): Promise<void>;
  getSessionId(): string | null;
  isRegistered(): boolean;
}

interface Sealing {
  readonly info: Buffer;
  readonly aad: Buffer;
  readonly ephemeral?: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly aead?: number;
}

const { SecureClient, seal } = (await import(EXAMPLE.href)) as {
  readonly SecureClient: new (options: object) => Client;
  seal(publicKey: Buffer, plain: Buffer, sealing: Sealing): { readonly enc: Buffer; readonly ct: Buffer };
};

const hex = (text: string) => Buffer.from(text, 'hex');
const PLAIN = Buffer.from('Beauty is truth, truth beauty');
const [INFO, AAD] = [Buffer.from('Ode on a Grecian Urn'), Buffer.from('Count-0')];

it('example - the vector of RFC 9180, A.1.1', () => {
  // PKCS #8 of an X25519 key: a fixed head and the key.
  const der = Buffer.concat([
    hex('302e020100300506032b656e04220420'),
    hex('52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736'),
  ]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicKey = hex('3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d');
  const ephemeral = { privateKey, publicKey: createPublicKey(privateKey) };
  const { enc, ct } = seal(publicKey, PLAIN, { info: INFO, aad: AAD, ephemeral, aead: 1 });
  expect(enc.toString('hex')).toBe('37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431');
  expect(ct.toString('hex')).toBe(
    'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
  );
});

it('example - two other implementations of HPKE open what it seals', async () => {
  const core = new CoreSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Aes256Gcm(),
  });
  const recipientKey = await core.kem.generateKeyPair();
  const publicKey = Buffer.from(await core.kem.serializePublicKey(recipientKey.publicKey));
  const one = seal(publicKey, PLAIN, { info: INFO, aad: AAD });
  expect(Buffer.from(await core.open({ recipientKey, enc: one.enc, info: INFO }, one.ct, AAD))).toEqual(
    PLAIN,
  );

  const suite = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_256_GCM);
  const pair = await suite.GenerateKeyPair(true);
  const { enc, ct } = seal(Buffer.from(await suite.SerializePublicKey(pair.publicKey)), PLAIN, {
    info: INFO,
    aad: AAD,
  });
  expect(Buffer.from(await suite.Open(pair, enc, ct, { info: INFO, aad: AAD }))).toEqual(PLAIN);
});

const ACCOUNT = { userId: 'me', exchange: 'binance', apiKey: 'api-key-12345', secret: 'a-secret-67890' };

it('example - registers, reads and ends, and shows no secret', async () => {
  const enclave = await smallEnclave();
  const options = { ...ACCOUNT, enclaveUrl: enclave.url, accountType: 'margin', sandbox: true, ttl: 600 };
  const client = new SecureClient({ ...options, password: 'pass', allowUnattested: true });
  expect([client.isRegistered(), client.getSessionId()]).toEqual([false, null]);
  const id = await client.register();
  expect([client.isRegistered(), client.getSessionId()]).toEqual([true, id]);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(enclave.registered).toMatchObject([
    {
      label: 'me',
      ttlSeconds: 600,
      credentials: { apiKey: ACCOUNT.apiKey, secret: ACCOUNT.secret, password: 'pass' },
      options: { accountType: 'margin', isSandbox: true },
    },
  ]);
  expect(await client.getSummary()).toMatchObject({ account: { state: 'online' } });
  expect(await client.getMetrics()).toMatchObject({ metrics: [] });
  expect(client.config).toEqual({
    enclaveUrl: enclave.url,
    userId: 'me',
    exchange: 'binance',
    accountType: 'margin',
    sandbox: true,
    ttl: 600,
  });
  expect(inspect(client, { depth: 9, showHidden: true }) + JSON.stringify(client)).not.toMatch(
    /api-key-12345|a-secret-67890|[0-9a-f]{64}/,
  );
  expect(enclave.bodies.join('')).not.toMatch(/api-key-12345|a-secret-67890/);
  await client.end();
  expect(client.isRegistered()).toBe(false);
});

it('example - platform none is refused unless it is allowed, and trusted hardware goes to the verifier', async () => {
  const none = await smallEnclave();
  const refused = new SecureClient({ ...ACCOUNT, enclaveUrl: none.url }).register();
  await expect(refused).rejects.toThrow('The enclave runs on no trusted hardware (platform "none")');
  expect(none.requests.map(({ line }) => line)).toEqual(['GET /attestation']);
  const nitro = await smallEnclave({
    platform: 'nitro',
    document: (user_data, nonce) =>
      Promise.resolve(makeDocument({ members: { user_data, nonce, timestamp: AT_MS } })),
  });
  const options = { ...ACCOUNT, enclaveUrl: nitro.url, allowUnattested: true };
  await expect(new SecureClient(options).register()).rejects.toThrow(
    'Name the values of PCR0, PCR1 and PCR2',
  );
  const digest = 'A0'.repeat(48);
  const pinned = { ...options, expectedPcr0: digest, expectedPcr1: digest, expectedPcr2: digest };
  await expect(new SecureClient(pinned).register()).rejects.toThrow(
    'does not begin at the root of the manufacturer',
  );
  expect(nitro.registered).toEqual([]);
  expect(systemClock.nowMs()).toBeGreaterThan(AT_MS);
});

it.each<[object, string]>([
  [{ userId: 'a b' }, 'userId must be'],
  [{ userId: '' }, 'userId must be'],
  [{ exchange: 'Binance' }, 'exchange must be'],
  [{ apiKey: 'short' }, 'apiKey must have at least 10 characters'],
  [{ secret: undefined }, 'secret must have at least 10 characters'],
  [{ enclaveUrl: 'http://a.example' }, 'must begin with https:'],
])('example - %j is refused', (change, sentence) => {
  expect(() => new SecureClient({ ...ACCOUNT, ...change })).toThrow(sentence);
});

function run(env: Readonly<Record<string, string>>): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(process.execPath, [fileURLToPath(EXAMPLE)], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

it('example - as a program it reads its keys from the environment', async () => {
  const enclave = await smallEnclave();
  const env = { ENCLAVE_URL: enclave.url, BINANCE_API_KEY: ACCOUNT.apiKey, BINANCE_SECRET: ACCOUNT.secret };
  const done = await run({ ...env, ALLOW_UNATTESTED: '1' });
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(done.stdout).toMatch(/^registered: session [0-9a-f]{32} of example at binance\n/);
  expect(done.stdout).not.toMatch(/api-key-12345|a-secret-67890|[0-9a-f]{64}/);
  expect(await run(env)).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^The enclave runs on no trusted hardware/) as unknown,
  });
  expect(await run({})).toMatchObject({
    code: 1,
    stderr: 'Set BINANCE_API_KEY and BINANCE_SECRET, of a key that can only read.\n',
  });
});
