// Registers an exchange account with an enclave and prints the account's figures. It is a whole client in one file: plain
// JavaScript, no package, Node 18 or newer.
//
//   BINANCE_API_KEY=… BINANCE_SECRET=… node examples/secure-client-example.js
//
// ENCLAVE_URL names another enclave than http://127.0.0.1:3000. An enclave without trusted hardware (platform "none") is
// refused unless ALLOW_UNATTESTED=1, because its operator can read the keys. An enclave on trusted hardware is checked by
// the verifier of this project, which needs Node 24 and a clone; EXPECTED_PCR0, EXPECTED_PCR1 and EXPECTED_PCR2 (Nitro)
// or EXPECTED_MEASUREMENT and MIN_TCB (SEV-SNP) say what must run there.

import {
  createCipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto';
import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

// --- HPKE (RFC 9180, base mode) with DHKEM(X25519, HKDF-SHA256) and HKDF-SHA256 ---

const KEM_ID = 32;
const KDF_ID = 1;
/** Ciphers by their id; the enclave takes AES-256-GCM. */
const AEADS = { 1: ['aes-128-gcm', 16], 2: ['aes-256-gcm', 32] };
const AES_256_GCM = 2;
const NONCE_BYTES = 12;
const EMPTY = Buffer.alloc(0);

const two = (number) => Buffer.from([number >> 8, number & 0xff]);
const hmac = (key, data) => createHmac('sha256', key).update(data).digest();

/** HKDF-Extract and HKDF-Expand with the labels of one suite. */
function labelled(suite) {
  const prefix = Buffer.concat([Buffer.from('HPKE-v1'), suite]);
  return {
    extract: (salt, label, ikm) => hmac(salt, Buffer.concat([prefix, Buffer.from(label), ikm])),
    expand(key, label, info, length) {
      const text = Buffer.concat([two(length), prefix, Buffer.from(label), info]);
      let [block, all] = [EMPTY, EMPTY];
      for (let counter = 1; all.length < length; counter += 1) {
        block = hmac(key, Buffer.concat([block, text, Buffer.from([counter])]));
        all = Buffer.concat([all, block]);
      }
      return all.subarray(0, length);
    },
  };
}

const x25519 = (bytes) =>
  createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: bytes.toString('base64url') }, format: 'jwk' });

/**
 * Seals `plain` for the public key (32 bytes) and returns `enc` and `ct`. `ephemeral`, a pair of keys, and `aead` are for
 * tests: without them each message has a key of its own and AES-256-GCM.
 */
export function seal(publicKey, plain, { info, aad, ephemeral = generateKeyPairSync('x25519'), aead = AES_256_GCM }) {
  const enc = Buffer.from(ephemeral.publicKey.export({ format: 'jwk' }).x, 'base64url');
  const dh = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: x25519(publicKey) });
  const kem = labelled(Buffer.concat([Buffer.from('KEM'), two(KEM_ID)]));
  const shared = kem.expand(kem.extract(EMPTY, 'eae_prk', dh), 'shared_secret', Buffer.concat([enc, publicKey]), 32);

  const suite = labelled(Buffer.concat([Buffer.from('HPKE'), two(KEM_ID), two(KDF_ID), two(aead)]));
  const context = Buffer.concat([
    Buffer.from([0]),
    suite.extract(EMPTY, 'psk_id_hash', EMPTY),
    suite.extract(EMPTY, 'info_hash', info),
  ]);
  const secret = suite.extract(shared, 'secret', EMPTY);
  const [name, keyBytes] = AEADS[aead];
  const key = suite.expand(secret, 'key', context, keyBytes);
  const cipher = createCipheriv(name, key, suite.expand(secret, 'base_nonce', context, NONCE_BYTES));
  cipher.setAAD(aad);
  return { enc, ct: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
}

// --- The client ---

const INFO = Buffer.from('perf-aggregator/credentials/v1', 'ascii');
const TIMEOUT_MS = 120_000;
const ANSWER_BYTES_MAX = 4_194_304;
const PLAIN_BYTES_MAX = 16_384;

/** Registers one account and reads its figures. It shows neither its credentials nor its token. */
export class SecureClient {
  #credentials;
  #policy;
  #session = null;

  constructor({
    enclaveUrl = 'http://127.0.0.1:3000',
    userId,
    exchange,
    apiKey,
    secret,
    password,
    accountType = 'spot',
    sandbox = false,
    ttl = 86_400,
    allowHttp = false,
    allowUnattested = false,
    expectedPcr0,
    expectedPcr1,
    expectedPcr2,
    expectedMeasurement,
    minTcb,
    tdxVerifier,
  }) {
    if (typeof userId !== 'string' || !/^[!-~]{1,64}$/.test(userId)) {
      throw new Error('userId must be 1 to 64 characters of ASCII without white space');
    }
    if (typeof exchange !== 'string' || !/^[a-z0-9_]{1,32}$/.test(exchange)) {
      throw new Error('exchange must be the id of an exchange, for example binance');
    }
    for (const [name, value] of Object.entries({ apiKey, secret })) {
      if (typeof value !== 'string' || value.length < 10) throw new Error(`${name} must have at least 10 characters`);
    }
    /** Everything but secrets. */
    this.config = Object.freeze({
      enclaveUrl: checkedUrl(enclaveUrl, allowHttp),
      userId,
      exchange,
      accountType,
      sandbox,
      ttl,
    });
    this.#credentials = { apiKey, secret, ...(password === undefined ? {} : { password }) };
    const list = (value) => (value === undefined ? [] : [value].flat().map((each) => each.toLowerCase()));
    this.#policy = {
      allowsUnattested: allowUnattested,
      pcrs: [list(expectedPcr0), list(expectedPcr1), list(expectedPcr2)],
      measurements: list(expectedMeasurement),
      minimumTcb: minTcb ?? null,
      amdCertificates: [],
      tdxVerifier: tdxVerifier ?? null,
    };
  }

  /** Lets the enclave prove itself, then seals the credentials for it. Resolves with the public id of the session. */
  async register() {
    const nonce = randomBytes(32);
    const answer = await this.#ask('GET', `/attestation?nonce=${nonce.toString('base64url')}`);
    const key = await this.#verified(answer, nonce);
    const { userId, exchange, accountType, sandbox, ttl } = this.config;
    const metadata = { challenge: answer.challenge, exchange, label: userId, ttl };
    const { kid } = answer.hpke;
    // The members are in the order that RFC 8785 asks for, so this text is canonical.
    const aad = Buffer.from(JSON.stringify({ kid, metadata, v: 1 }));
    const plain = Buffer.from(JSON.stringify({ userId, accountType, sandbox, ...this.#credentials }));
    if (plain.length > PLAIN_BYTES_MAX) throw new Error('the credentials are too long');
    const { enc, ct } = seal(key, plain, { info: INFO, aad });
    plain.fill(0);
    const body = { v: 1, kid, enc: enc.toString('base64url'), ct: ct.toString('base64url'), metadata };
    const session = await this.#ask('POST', '/enclave/submit_key', { body });
    if (typeof session?.session_token !== 'string' || typeof session.session_id !== 'string') {
      throw new Error('the enclave answered with no session');
    }
    this.#session = { id: session.session_id, token: session.session_token, expiresAt: session.expires_at };
    return session.session_id;
  }

  /** Figures by market, with their sum. */
  getMetrics() {
    return this.#ask('GET', '/enclave/metrics', { token: this.#token() });
  }

  /** The sum of the figures, and how the account is. */
  getSummary() {
    return this.#ask('GET', '/enclave/summary', { token: this.#token() });
  }

  /** Ends the session: the enclave destroys the credentials. */
  async end() {
    await this.#ask('DELETE', '/enclave/session', { token: this.#token() });
    this.#session = null;
  }

  /** The public id of the session; null before `register`. */
  getSessionId() {
    return this.#session?.id ?? null;
  }

  /** True until the session expires. */
  isRegistered() {
    return this.#session !== null && Date.parse(this.#session.expiresAt) > Date.now();
  }

  #token() {
    if (this.#session === null) throw new Error('register first');
    return this.#session.token;
  }

  /** The enclave's public key, if the attestation holds. */
  async #verified(answer, nonce) {
    const { v, platform, document, hpke } = answer ?? {};
    const key = Buffer.from(String(hpke?.public_key), 'base64url');
    const thumbprint = createHash('sha256')
      .update(JSON.stringify({ crv: 'X25519', kty: 'OKP', x: hpke?.public_key }))
      .digest('base64url');
    const isSuite = hpke?.kem === KEM_ID && hpke.kdf === KDF_ID && hpke.aead === AES_256_GCM;
    if (v !== 1 || !isSuite || key.length !== 32 || hpke.kid !== thumbprint) {
      throw new Error('the answer is no attestation of an enclave that this client knows');
    }
    if (platform === 'none' && document === '') {
      if (this.#policy.allowsUnattested) return key;
      throw new Error(
        'The enclave runs on no trusted hardware (platform "none"): its operator can read the credentials. Set ALLOW_UNATTESTED=1 if you accept that.',
      );
    }
    const verifyAttestation = await loadVerifier();
    const verdict = await verifyAttestation(answer, { nonce, policy: this.#policy, nowMs: Date.now() });
    if (verdict.type !== 'attested') throw new Error(verdict.reason);
    return key;
  }

  async #ask(method, path, { body, token } = {}) {
    const response = await fetch(this.config.enclaveUrl + path, {
      method,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await textOf(response);
    if (response.ok) return text === '' ? null : JSON.parse(text);
    throw new Error(`the enclave answered ${response.status}: ${text.slice(0, 300).replaceAll(/[^ -~]/g, '?')}`);
  }
}

/** The token travels over this connection, so plain HTTP is for this machine only. */
function checkedUrl(text, allowHttp) {
  const url = new URL(text);
  const isOwn = /^(?:localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && (isOwn || allowHttp))) {
    throw new Error('the address of another machine must begin with https:');
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

async function loadVerifier() {
  if (Number(process.versions.node.split('.')[0]) < 24) {
    throw new Error('The attestation of trusted hardware is checked by the verifier of this project, which needs Node 24.');
  }
  return (await import('../src/trades/client/verify-attestation.ts')).verifyAttestation;
}

async function textOf(response) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error('the answer of the enclave is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

// --- The example ---

function levelsOf(text) {
  return text && Object.fromEntries(text.split(',').map((part) => [part.split('=')[0], Number(part.split('=')[1])]));
}

async function main(env) {
  const { BINANCE_API_KEY: apiKey, BINANCE_SECRET: secret } = env;
  if (!apiKey || !secret) throw new Error('Set BINANCE_API_KEY and BINANCE_SECRET, of a key that can only read.');
  const client = new SecureClient({
    enclaveUrl: env.ENCLAVE_URL || undefined,
    userId: env.USER_ID || 'example',
    exchange: 'binance',
    apiKey,
    secret,
    sandbox: env.SANDBOX === '1',
    allowUnattested: env.ALLOW_UNATTESTED === '1',
    expectedPcr0: env.EXPECTED_PCR0 || undefined,
    expectedPcr1: env.EXPECTED_PCR1 || undefined,
    expectedPcr2: env.EXPECTED_PCR2 || undefined,
    expectedMeasurement: env.EXPECTED_MEASUREMENT || undefined,
    minTcb: levelsOf(env.MIN_TCB),
    tdxVerifier: env.TDX_VERIFIER || undefined,
  });
  await client.register();
  console.log(`registered: session ${client.getSessionId()} of ${client.config.userId} at ${client.config.exchange}`);
  console.log(JSON.stringify(await client.getSummary(), null, 2));
  console.log(JSON.stringify(await client.getMetrics(), null, 2));
}

const script = process.argv[1];
if (script !== undefined && import.meta.url === pathToFileURL(realpathSync(script)).href) {
  main(process.env).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
