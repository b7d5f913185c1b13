// The enclave's routes over a real socket, with real keys: envelopes sealed by a second implementation of HPKE, sessions,
// refusals, and the search for what was sealed in everything that comes out.

import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/lib/errors.ts';
import { ENVELOPE_BODY_BYTES_MAX, UNENCRYPTED } from '../../../src/trades/domain/decode-envelope.ts';
import { ENVELOPE_PLAIN_BYTES_MAX } from '../../../src/trades/domain/envelope.ts';
import {
  ATTESTATIONS_UNDER_WAY_MAX,
  REGISTRATIONS_UNDER_WAY_MAX,
} from '../../../src/trades/http/enclave-routes.ts';
import { FAILURES_PER_MINUTE_MAX } from '../../../src/trades/http/failure-limit.ts';
import { exchange } from '../../support/raw-exchange.ts';
import { until } from '../../support/until.ts';
import {
  ask,
  attest,
  envelopeFor,
  EXPIRES_MS,
  OWN,
  PLAIN,
  startEnclave,
  submit,
  TOKEN,
  withToken,
} from './enclave.ts';

const EXPIRES = new Date(EXPIRES_MS).toISOString();
const refusal = (status: number, code: string, error: RegExp = /./) => [
  status,
  { error: expect.stringMatching(error), code },
];
const answerOf = ({ status, text }: { status: number; text: string }) => [status, JSON.parse(text)];

describe('enclave server - attestation', () => {
  it.each(['/attestation', '/attestation/quote'])('%s answers with keys and a challenge', async (path) => {
    const { url, signingJwk } = await startEnclave();
    for (const bytes of [16, 64]) {
      const { status, text, headers } = await ask(
        url,
        `${path}?nonce=${randomBytes(bytes).toString('base64url')}`,
      );
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(JSON.parse(text)).toMatchObject({
        v: 1,
        platform: 'none',
        document: '',
        signing: { jwk: signingJwk },
      });
    }
  });

  it.each([
    '',
    '?nonce=',
    `?nonce=${randomBytes(15).toString('base64url')}`,
    `?nonce=${randomBytes(65).toString('base64url')}`,
    `?nonce=${'A'.repeat(21)}B`,
    `?nonce=${'A'.repeat(25)}`,
    `?nonce=${'A'.repeat(22)}==`,
    `?nonce=${'!'.repeat(22)}`,
  ])('refuses the nonce of "%s"', async (query) => {
    const { url } = await startEnclave();
    expect(answerOf(await ask(url, `/attestation${query}`))).toEqual(refusal(400, 'bad_nonce', /16 to 64/));
  });

  it('says that the hardware gives nothing, and too many wait for it', async () => {
    const error = new CodedError('attestation_failed', 'The hardware gave no attestation document: planted.');
    const broken = await startEnclave({ attestation: () => Promise.reject(error) });
    const nonce = `?nonce=${'A'.repeat(22)}`;
    expect(answerOf(await ask(broken.url, `/attestation${nonce}`))).toEqual(
      refusal(503, 'attestation_failed'),
    );
    expect(broken.failures).toEqual([error]);

    const waiting: PromiseWithResolvers<never>[] = [];
    const slow = await startEnclave({
      attestation: () =>
        (waiting[waiting.push(Promise.withResolvers()) - 1] as PromiseWithResolvers<never>).promise,
    });
    const asked = Array.from({ length: ATTESTATIONS_UNDER_WAY_MAX }, () =>
      ask(slow.url, `/attestation${nonce}`),
    );
    await until('all to wait', () => waiting.length === ATTESTATIONS_UNDER_WAY_MAX);
    expect(answerOf(await ask(slow.url, `/attestation${nonce}`))).toEqual(refusal(503, 'busy'));
    for (const { reject } of waiting) reject(error);
    expect((await Promise.all(asked)).every(({ status }) => status === 503)).toBe(true);
  });
});

describe('enclave server - registration', () => {
  it('opens what was sealed and begins a session', async () => {
    const { url, sessions } = await startEnclave();
    const { status, text } = await submit(url, await envelopeFor(url, { ...PLAIN, userId: 'someone-else' }));
    expect([status, JSON.parse(text)]).toEqual([
      200,
      { session_id: '12'.repeat(16), session_token: TOKEN, expires_at: EXPIRES, status: 'active' },
    ]);
    const [[registration, earlierToken] = []] = sessions.registered;
    // The user id that a client chooses is a label, and an open label goes before it.
    expect(registration).toMatchObject({ label: 'me', credentials: PLAIN, ttlSeconds: 86_400 });
    expect(registration?.options).toMatchObject({ exchange: 'binance', accountType: 'spot' });
    expect(earlierToken).toBeNull();
  });

  it('hands on the token of an earlier session, and warnings as words with the end of the key', async () => {
    const { url, sessions } = await startEnclave();
    sessions.warnings = ['can_trade', 'expires'];
    sessions.keyExpiresAtMs = EXPIRES_MS;
    const { text } = await submit(url, await envelopeFor(url), { authorization: `Bearer ${TOKEN}` });
    expect(JSON.parse(text)).toMatchObject({ warnings: ['can_trade', 'expires'], key_expires: EXPIRES });
    expect(sessions.registered[0]?.[1]).toBe(TOKEN);
  });

  it('takes a challenge once, even if it comes twice at one time', async () => {
    const { url, sessions } = await startEnclave();
    const envelope = await envelopeFor(url);
    const answers = await Promise.all([submit(url, envelope), submit(url, envelope)]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 400]));
    expect(answerOf(await submit(url, envelope))).toEqual(refusal(400, 'challenge_refused', /used before/));
    expect(sessions.registered).toHaveLength(1);
  });

  it('refuses a challenge of another process, and an envelope for it', async () => {
    const [one, other] = [await startEnclave(), await startEnclave()];
    expect(answerOf(await submit(one.url, await envelopeFor(other.url)))).toEqual(
      refusal(400, 'unknown_kid', /started anew.*fetch the attestation again/),
    );
    const { challenge } = await attest(other.url);
    expect(answerOf(await submit(one.url, await envelopeFor(one.url, PLAIN, { challenge })))).toEqual(
      refusal(400, 'challenge_refused'),
    );
    expect(one.sessions.registered).toEqual([]);
  });

  it('refuses an envelope whose open part was changed, and the challenge stays good', async () => {
    const { url, sessions } = await startEnclave();
    const envelope = await envelopeFor(url);
    for (const changed of [{ ttl: 604_800 }, { label: 'spoofed' }, { exchange: 'kraken' }]) {
      const altered = { ...envelope, metadata: { ...envelope.metadata, ...changed } };
      expect(answerOf(await submit(url, altered))).toEqual(refusal(400, 'not_opened', /altered/));
    }
    expect(sessions.registered).toEqual([]);
    expect((await submit(url, envelope)).status).toBe(200);
  });

  it.each<[string, unknown, RegExp]>([
    ['an unknown member', { ...PLAIN, planted: 'zqxj' }, /none of apiKey/],
    [
      'a repeated member',
      `{"apiKey":"planted-key-zqxj","apiKey":"planted-key-zqxj","secret":"planted-zqxj"}`,
      /repeated/,
    ],
    ['a short secret', { ...PLAIN, secret: 'zqxj' }, /^secret/],
    ['rubbish', 'zqxj', /JSON object/],
    ['the longest text, which is no JSON', 'x'.repeat(ENVELOPE_PLAIN_BYTES_MAX), /JSON object/],
  ])('names what is wrong with %s, and repeats nothing', async (_what, plain, error) => {
    const { url, sessions } = await startEnclave();
    const answer = await submit(url, await envelopeFor(url, plain));
    expect(answerOf(answer)).toEqual(refusal(400, 'bad_request', error));
    expect(answer.text).not.toMatch(/planted|zqxj/);
    expect(sessions.registered).toEqual([]);
  });

  it('tells a client of the earlier, unencrypted form to revoke its key', async () => {
    const { url } = await startEnclave();
    const earlier = { ciphertext: Buffer.from(JSON.stringify(PLAIN)).toString('base64'), tag: 'zqxj' };
    expect(answerOf(await submit(url, earlier))).toEqual([400, { error: UNENCRYPTED, code: 'unencrypted' }]);
  });

  it.each([
    ['', 400],
    ['zqxj', 400],
    ['{"v":1,"v":1}', 400],
    ['['.repeat(20_000), 400],
    ['x'.repeat(ENVELOPE_BODY_BYTES_MAX), 400],
    ['x'.repeat(ENVELOPE_BODY_BYTES_MAX + 1), 413],
    [Buffer.from([0xff, 0xfe, 0x00]).toString('latin1'), 400],
  ])('body %#: %j is refused with %i', async (body, status) => {
    const { url } = await startEnclave();
    const answer = await submit(url, body, { 'content-type': '???' });
    expect(answerOf(answer)).toEqual(refusal(status, status === 413 ? 'body_too_large' : 'bad_request'));
    expect(answer.text).not.toContain('zqxj');
  });

  it('gives the refusals of the accounts as they are', async () => {
    const { url, sessions } = await startEnclave();
    sessions.refusal = { status: 403, code: 'over_powered', reason: 'the key may withdraw' };
    expect(answerOf(await submit(url, await envelopeFor(url)))).toEqual(
      refusal(403, 'over_powered', /withdraw/),
    );
    sessions.refusal = { status: 502, code: 'unreachable', reason: 'no answer' };
    const { headers, status } = await submit(url, await envelopeFor(url));
    expect([status, headers.get('retry-after')]).toEqual([502, '10']);
  });

  it('refuses an address that has failed too often, before it reads anything, and others not', async () => {
    const { url, sessions } = await startEnclave();
    const good = await envelopeFor(url);
    for (let failure = 0; failure < FAILURES_PER_MINUTE_MAX; failure += 1)
      expect((await submit(url, 'zqxj')).status).toBe(400);
    const blocked = await submit(url, good);
    expect(answerOf(blocked)).toEqual(refusal(429, 'too_many_failures', /wait a minute/));
    expect(blocked.headers.get('retry-after')).toBe('60');
    expect(sessions.registered).toEqual([]);
    // Neither attestation nor sessions are blocked.
    expect((await ask(url, '/enclave/summary', withToken(TOKEN))).status).toBe(200);
    expect((await attest(url)).v).toBe(1);
  });

  it('takes so many registrations at one time and no more', async () => {
    const gate = Promise.withResolvers<undefined>();
    let waiting = 0;
    const { url, sessions } = await startEnclave();
    const register = sessions.register.bind(sessions);
    sessions.register = async (...given) => {
      waiting += 1;
      await gate.promise;
      return register(...given);
    };
    const envelopes = await Promise.all(
      Array.from({ length: REGISTRATIONS_UNDER_WAY_MAX + 1 }, () => envelopeFor(url)),
    );
    const sent = envelopes.slice(1).map((envelope) => submit(url, envelope));
    await until('all to wait', () => waiting === REGISTRATIONS_UNDER_WAY_MAX);
    expect(answerOf(await submit(url, envelopes[0]))).toEqual(refusal(503, 'busy'));
    gate.resolve(undefined);
    expect((await Promise.all(sent)).every(({ status }) => status === 200)).toBe(true);
    expect((await submit(url, envelopes[0])).status).toBe(200);
  });

  it('ends a session whose client has gone meanwhile', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { url, sessions } = await startEnclave();
    const register = sessions.register.bind(sessions);
    let isWaiting = false;
    sessions.register = async (...given) => {
      isWaiting = true;
      await gate.promise;
      return register(...given);
    };
    const envelope = await envelopeFor(url);
    const aborting = new AbortController();
    const asked = fetch(`${url}/enclave/submit_key`, {
      method: 'POST',
      body: JSON.stringify(envelope),
      signal: aborting.signal,
    }).catch((error: unknown) => error);
    await until('the registration', () => isWaiting);
    aborting.abort();
    expect(await asked).toBeInstanceOf(Error);
    // The server has seen the end of the connection when it answers a later one.
    await ask(url, '/livez');
    gate.resolve(undefined);
    await until('the end of the session', () => sessions.ended.includes(TOKEN));
  });

  it('refuses a page of another site', async () => {
    const { url } = await startEnclave();
    const answer = await submit(url, await envelopeFor(url), { 'sec-fetch-site': 'cross-site' });
    expect(answerOf(answer)).toEqual(refusal(403, 'forbidden'));
  });

  it('fails without a word of what was sealed', async () => {
    const { url, failures, sessions } = await startEnclave();
    sessions.register = () => Promise.reject(new Error('a defect'));
    const answer = await submit(url, await envelopeFor(url));
    expect(answerOf(answer)).toEqual(refusal(500, 'internal'));
    expect(answer.text + inspect(failures, { depth: 9 })).not.toMatch(/planted|zqxj/);
  });
});

describe('enclave server - sessions', () => {
  it('shows figures and the account to its owner', async () => {
    const { url, sessions } = await startEnclave();
    const { summary } = OWN;
    expect(answerOf(await ask(url, '/enclave/metrics', withToken(TOKEN)))).toEqual([
      200,
      { metrics: [], summary, session_expires: EXPIRES },
    ]);
    sessions.account = {
      ...OWN,
      account: {
        ...OWN.account,
        state: 'offline',
        reason: 'key_refused',
        exchangeCode: '-2015',
        lastPollAtMs: EXPIRES_MS,
        keyExpiresAtMs: EXPIRES_MS,
        isLocal: true,
      },
    };
    expect(answerOf(await ask(url, '/enclave/summary', withToken(TOKEN)))).toEqual([
      200,
      {
        summary,
        session_expires: EXPIRES,
        account: {
          state: 'offline',
          reason: expect.stringMatching(/refuses the key/),
          reason_code: 'key_refused',
          exchange_code: '-2015',
          last_poll: EXPIRES,
          unpolled_markets: ['BTC/USDT'],
          key_expires: EXPIRES,
          local: true,
        },
      },
    ]);
  });

  it('ends a session, which then is unknown', async () => {
    const { url, sessions } = await startEnclave();
    const ended = await ask(url, '/enclave/session', { method: 'DELETE', ...withToken(TOKEN) });
    expect([ended.status, ended.text, sessions.ended]).toEqual([204, '', [TOKEN]]);
    for (const [method, path] of [
      ['GET', '/enclave/metrics'],
      ['GET', '/enclave/summary'],
      ['DELETE', '/enclave/session'],
    ] as const)
      expect(answerOf(await ask(url, path, { method, ...withToken(TOKEN) }))).toEqual(
        refusal(401, 'session_unknown'),
      );
  });

  it.each<[string, RequestInit]>([
    ['no token', {}],
    ['another token', withToken('cd'.repeat(32))],
    ['another scheme', { headers: { authorization: `Basic ${TOKEN}` } }],
    ['a long token', withToken('a'.repeat(300))],
  ])('is 401 with %s, which is not repeated', async (_what, init) => {
    const { url } = await startEnclave();
    const answer = await ask(url, '/enclave/summary', init);
    expect(answerOf(answer)).toEqual(refusal(401, 'session_unknown'));
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(answer.text).not.toContain('cdcd');
  });

  it('asks to wait while sessions from before a restart may go on', async () => {
    const { url, sessions } = await startEnclave();
    sessions.isResuming = true;
    const answer = await ask(url, '/enclave/summary', withToken('cd'.repeat(32)));
    expect(answerOf(answer)).toEqual(refusal(503, 'resuming'));
    expect(answer.headers.get('retry-after')).toBe('2');
    expect((await ask(url, '/enclave/summary', withToken(TOKEN))).status).toBe(200);
  });

  it('reads no token from a query, and has no address with one', async () => {
    const { url } = await startEnclave();
    expect((await ask(url, `/enclave/summary?token=${TOKEN}`)).status).toBe(401);
    for (const path of ['/enclave/summary/', '/enclave/metrics/', '/enclave/session/', '/enclave/'])
      for (const method of ['GET', 'DELETE'])
        expect(answerOf(await ask(url, `${path}${TOKEN}`, { method }))).toEqual(refusal(404, 'not_found'));
  });
});

describe('enclave server - everything else', () => {
  it('says who it is, to probes and to a process that finds the port taken', async () => {
    const { url, sealId, signingJwk } = await startEnclave();
    expect(answerOf(await ask(url, '/health'))).toEqual([
      200,
      {
        status: 'ok',
        timestamp: expect.stringMatching(/Z$/),
        version: '1.2.3',
        platform: 'none',
        process_id: 4_711,
        seal_id: sealId,
        seal_key_temporary: true,
      },
    ]);
    expect(answerOf(await ask(url, '/.well-known/aggregator/keys'))).toEqual([
      200,
      { keys: [{ ...signingJwk, provenance: 'polled' }] },
    ]);
    expect(answerOf(await ask(url, '/livez'))).toEqual([200, { status: 'ok' }]);
    expect((await ask(url, '/metrics')).text).toBe('up 1\n');
    expect(answerOf(await ask(url, '/readyz'))).toEqual([
      200,
      {
        status: 'ready',
        components: expect.objectContaining({
          hardware: { ok: true, reason: expect.stringMatching(/root/) },
        }),
      },
    ]);
  });

  it('answers as its own description says', async () => {
    const { url } = await startEnclave();
    const document = JSON.parse((await ask(url, '/api/openapi.json')).text) as OpenApi;
    const envelope = await envelopeFor(url);
    const answers: readonly [path: string, method: string, answer: Awaited<ReturnType<typeof ask>>][] = [
      ['/attestation', 'get', await ask(url, `/attestation?nonce=${'A'.repeat(22)}`)],
      ['/attestation', 'get', await ask(url, '/attestation')],
      ['/enclave/submit_key', 'post', await submit(url, envelope)],
      ['/enclave/submit_key', 'post', await submit(url, envelope)],
      ['/enclave/metrics', 'get', await ask(url, '/enclave/metrics', withToken(TOKEN))],
      ['/enclave/summary', 'get', await ask(url, '/enclave/summary', withToken(TOKEN))],
      ['/enclave/summary', 'get', await ask(url, '/enclave/summary')],
      ['/health', 'get', await ask(url, '/health')],
      ['/readyz', 'get', await ask(url, '/readyz')],
    ];
    for (const [path, method, { status, text }] of answers) {
      const schema = document.paths[path]?.[method]?.responses[status]?.content?.['application/json']?.schema;
      const isValid = new Ajv2020({ formats: { 'date-time': true } }).compile(schema ?? false);
      expect([path, status, isValid(JSON.parse(text)), isValid.errors]).toEqual([path, status, true, null]);
    }
  });

  it('answers rubbish on the wire and stays', async () => {
    const { url } = await startEnclave();
    const head = 'POST /enclave/submit_key HTTP/1.1\r\nhost: x\r\nconnection: close\r\n';
    for (const [bytes, status] of [
      ['zqxj\r\n\r\n', 400],
      ['GET /attestation?nonce=%ZZ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 400],
      ['GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 400],
      [`${head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\nzqxj`, 400],
      [`${head}content-length: 4\r\n\r\nzqxj`, 400],
      [`${head}transfer-encoding: chunked\r\n\r\n4\r\nzqxj\r\n0\r\n\r\n`, 400],
      ['PUT /enclave/session HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n', 405],
    ] as const) {
      const heard = await exchange(url, bytes);
      expect(heard.slice(0, 12), bytes).toBe(`HTTP/1.1 ${status}`);
      expect(heard).not.toContain('zqxj');
    }
    expect((await ask(url, '/livez')).status).toBe(200);
  });
});

interface OpenApi {
  readonly paths: Record<
    string,
    Record<
      string,
      {
        readonly responses: Record<
          string,
          { readonly content?: Record<string, { readonly schema: object }> }
        >;
      }
    >
  >;
}
