// An enclave of the tests behind its real server: real keys, real challenges, and accounts that a test gives.

import { onTestFinished } from 'vitest';
import type { AccountRegistration, KeyWarning } from '../../../src/trades/domain/account.ts';
import type { AttestationAnswer } from '../../../src/trades/domain/attestation.ts';
import type { OwnAccount, SessionRefusal, Sessions } from '../../../src/trades/domain/enclave-api.ts';
import { Attestor } from '../../../src/trades/enclave/attestation/attestor.ts';
import { noProducer } from '../../../src/trades/enclave/attestation/none.ts';
import { Challenges } from '../../../src/trades/enclave/keys/challenges.ts';
import { EnvelopeKey } from '../../../src/trades/enclave/keys/envelope-key.ts';
import { SealKey } from '../../../src/trades/enclave/keys/seal-key.ts';
import { judgeEnclaveReadiness } from '../../../src/trades/http/enclave-readiness.ts';
import { createEnclaveServer, type EnclaveServerParts } from '../../../src/trades/http/enclave-server.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { sealEnvelope } from '../enclave/keys/seal-envelope.ts';

export const TOKEN = 'ab'.repeat(32);
export const EXPIRES_MS = Date.UTC(2026, 11, 1);

export const OWN: OwnAccount = {
  sessionExpiresAtMs: EXPIRES_MS,
  metrics: [],
  summary: { totalVolume: 7, totalTrades: 2, totalReturnPct: 1.5, totalReturnUsd: 3, totalFees: 0.5 },
  account: {
    state: 'online',
    reason: null,
    exchangeCode: null,
    lastPollAtMs: null,
    unpolledMarkets: ['BTC/USDT'],
    keyExpiresAtMs: null,
    isLocal: false,
  },
};

/** Accounts that remember what they were told. */
export class FakeSessions implements Sessions {
  readonly registered: [registration: AccountRegistration, earlierToken: string | null][] = [];
  readonly ended: string[] = [];
  refusal: SessionRefusal | null = null;
  warnings: readonly KeyWarning[] = [];
  keyExpiresAtMs: number | null = null;
  account: OwnAccount = OWN;
  isResuming = false;

  async register(registration: AccountRegistration, earlierToken: string | null) {
    this.registered.push([registration, earlierToken]);
    if (this.refusal !== null) return this.refusal;
    return {
      sessionId: '12'.repeat(16),
      sessionToken: TOKEN,
      expiresAtMs: EXPIRES_MS,
      warnings: this.warnings,
      keyExpiresAtMs: this.keyExpiresAtMs,
    };
  }

  own(token: string) {
    return token === TOKEN && !this.ended.includes(TOKEN) ? this.account : null;
  }

  async end(token: string) {
    if (this.own(token) === null) return false;
    this.ended.push(token);
    return true;
  }
}

export const PLAIN = { apiKey: 'planted-key-zqxj', secret: 'planted-secret-zqxj' };

/** Starts a server; a part that is not given is that of an enclave on an ordinary machine. */
export async function startEnclave(given: Partial<EnclaveServerParts> = {}) {
  const sessions = new FakeSessions();
  const failures: unknown[] = [];
  const challenges = new Challenges(systemClock);
  const envelopeKey = await EnvelopeKey.create();
  const sealKey = SealKey.temporary();
  const signingJwk = sealKey.signingJwk;
  const attestor = new Attestor({
    producer: noProducer,
    challenges,
    envelopeKey,
    signingJwk,
    version: '1.2.3',
    configDigest: 'ab',
  });
  const server = createEnclaveServer(
    { host: '127.0.0.1', port: 0 },
    {
      live: () => true,
      metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
      readiness: () =>
        judgeEnclaveReadiness({
          platform: 'none',
          isSealKeyTemporary: true,
          isLinked: true,
          unstoredSummaries: 0,
          attestationProblem: null,
          descriptorProblem: null,
          logLoss: { lines: 0, problem: null },
        }),
      identity: {
        processId: 4_711,
        version: '1.2.3',
        platform: 'none',
        sealId: sealKey.sealId,
        isSealKeyTemporary: true,
        signingKey: signingJwk,
      },
      sessions,
      attestation: (nonce) => attestor.answer(nonce),
      open: (envelope) => envelopeKey.open(envelope),
      spendChallenge: (text) => challenges.spend(text),
      nowMs: () => Date.now(),
      monotonicMs: () => performance.now(),
      failed: (error) => failures.push(error),
      ...given,
    },
  );
  onTestFinished(() => server.stop());
  const { url } = await server.start();
  return { url, sessions, failures, signingJwk, sealId: sealKey.sealId };
}

export async function ask(url: string, path: string, init: RequestInit = {}) {
  const response = await fetch(`${url}${path}`, init);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

export const withToken = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

export async function attest(url: string): Promise<AttestationAnswer> {
  const { text } = await ask(url, `/attestation?nonce=${'A'.repeat(22)}`);
  return JSON.parse(text) as AttestationAnswer;
}

/** An envelope as a client seals it for this enclave, with a fresh challenge. */
export async function envelopeFor(url: string, plain: unknown = PLAIN, metadata: object = {}) {
  const { hpke, challenge } = await attest(url);
  const open = { exchange: 'binance', label: 'me', ttl: 86_400, challenge, ...metadata };
  const text = typeof plain === 'string' ? plain : JSON.stringify(plain);
  return sealEnvelope({ kid: hpke.kid, publicKey: hpke.public_key }, open, text);
}

export function submit(url: string, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return ask(url, '/enclave/submit_key', { method: 'POST', body: text, headers });
}
