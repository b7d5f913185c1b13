// The jobs API over a real socket: the answers on which clients of an earlier program rely, byte for byte.

import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/lib/errors.ts';
import type { JobRequest, ProcessOutcome } from '../../../src/trades/domain/job.ts';
import type { JobService } from '../../../src/trades/http/job-routes.ts';
import { exchange } from '../../support/raw-exchange.ts';
import { NO_JOBS, startServer } from './parts.ts';

const ID = '0123456789abcdef0123456789abcdef';
const TOKEN = 'f0'.repeat(32);
const DIGEST = 'ab'.repeat(32);
const RESULT = {
  digest: DIGEST,
  backend_response: { ok: true, digest: DIGEST },
  buckets_count: 2,
  trades_processed: 5,
};

/** One job, which needs the token if one is given. */
function oneJob(more: Partial<JobService> = {}, token: string | null = null): JobService {
  return {
    ...NO_JOBS,
    open: () => ({ jobId: ID, token }),
    mayUse: (id, given) => (id !== ID ? 'unknown' : given === token ? 'yes' : 'unauthenticated'),
    view: () => ({ status: 'collecting', trades: 0, result: null }),
    ...more,
  };
}

const processing = (outcome: ProcessOutcome) => oneJob({ process: async () => outcome });

/** The status line and the body of the answer to a request in raw bytes. */
async function raw(url: string, lines: readonly string[], body = ''): Promise<readonly [string, string]> {
  const answer = await exchange(url, [...lines, 'Connection: close', '', body].join('\r\n'));
  const end = answer.indexOf('\r\n\r\n');
  return [answer.slice(0, answer.indexOf('\r\n')), answer.slice(end + 4)];
}

async function ask(url: string, method: string, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}${path}`, { method, headers });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

describe('jobs API - opening a job', () => {
  it('answers id and address to a request as old clients send it, byte for byte', async () => {
    const url = await startServer({ jobs: oneJob() });
    const { host } = new URL(url);
    expect(
      await raw(url, [
        'POST /jobs HTTP/1.1',
        `Host: ${host}`,
        'Content-Type: application/x-www-form-urlencoded',
        'Content-Length: 0',
      ]),
    ).toEqual(['HTTP/1.1 200 OK', `{"job_id":"${ID}","ws_url":"ws://127.0.0.1:5010/ws/${ID}"}`]);
  });

  it.each([
    ['Host: localhost:5000', 'ws://localhost:5010'],
    ['Host: trades.example.org', 'ws://trades.example.org:5010'],
    ['Host: compose_service-1:80', 'ws://compose_service-1:5010'],
    ['Host: [::1]:5000', 'ws://[::1]:5010'],
    ['Host: [2001:db8::7]', 'ws://[2001:db8::7]:5010'],
    ['Host: "><script>', 'ws://127.0.0.1:5010'],
    ['Host: user@evil.example/x?', 'ws://127.0.0.1:5010'],
    ['Host: a.example\r\nX-Forwarded-Proto: https', 'wss://a.example:5010'],
    ['Host: a.example\r\nX-Forwarded-Proto: https, http', 'wss://a.example:5010'],
    ['Host: a.example\r\nX-Forwarded-Proto: http', 'ws://a.example:5010'],
    ['Host: a.example\r\nX-Forwarded-Proto: httpsx', 'ws://a.example:5010'],
  ])('names the host of the request: %s', async (header, start) => {
    const [, body] = await raw(await startServer({ jobs: oneJob() }), ['POST /jobs HTTP/1.1', header]);
    expect(JSON.parse(body)).toEqual({ job_id: ID, ws_url: `${start}/ws/${ID}` });
  });

  it('adds the token of a job that has one', async () => {
    const url = await startServer({ jobs: oneJob({}, TOKEN) });
    expect(JSON.parse((await ask(url, 'POST', '/jobs')).text)).toEqual({
      job_id: ID,
      ws_url: `ws://127.0.0.1:5010/ws/${ID}?token=${TOKEN}`,
      token: TOKEN,
    });
  });

  it.each<[string, JobRequest]>([
    ['', { clientId: 'the-default', exchange: 'mock' }],
    ['null', { clientId: 'the-default', exchange: 'mock' }],
    ['{}', { clientId: 'the-default', exchange: 'mock' }],
    ['{"client_id":null,"other":{"a":[1]}}', { clientId: 'the-default', exchange: 'mock' }],
    ['{"client_id":"é <b>","exchange":"binance"}', { clientId: 'é <b>', exchange: 'binance' }],
  ])('takes client and exchange from the body %j', async (body, wanted) => {
    const asked: JobRequest[] = [];
    const jobs = oneJob({
      open: (request) => {
        asked.push(request);
        return { jobId: ID, token: null };
      },
    });
    const url = await startServer({ jobs }, { clientId: 'the-default' });
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded'])
      expect(
        (await fetch(`${url}/jobs`, { method: 'POST', body, headers: { 'content-type': type } })).status,
      ).toBe(200);
    expect(asked).toEqual([wanted, wanted, wanted]);
  });

  it.each([
    ['[]', 'bad_request'],
    ['"text"', 'bad_request'],
    ['client_id=me', 'bad_request'],
    ['{"client_id":""}', 'bad_client'],
    ['{"client_id":7}', 'bad_client'],
    ['{"client_id":"a\\nb"}', 'bad_client'],
    ['{"client_id":"\\ud800"}', 'bad_client'],
    [`{"client_id":"${'x'.repeat(129)}"}`, 'bad_client'],
    [`{"exchange":["zqxjkv"]}`, 'bad_client'],
  ])('refuses %j without repeating it', async (body, code) => {
    const url = await startServer({ jobs: oneJob() });
    const response = await fetch(`${url}/jobs`, { method: 'POST', body });
    const text = await response.text();
    expect([response.status, JSON.parse(text)]).toEqual([400, { error: expect.any(String), code }]);
    expect(text).not.toContain('zqxjkv');
  });

  it('answers 413 to a body over the limit, and 429 when there are too many jobs', async () => {
    const full = oneJob({
      open: () => {
        throw new CodedError('too_many', 'Too many jobs: MAX_JOBS is 2.');
      },
    });
    const url = await startServer({ jobs: full });
    const large = await fetch(`${url}/jobs`, { method: 'POST', body: ' '.repeat(5_000) });
    expect([large.status, await large.json()]).toEqual([
      413,
      { error: expect.any(String), code: 'body_too_large' },
    ]);
    const refused = await ask(url, 'POST', '/jobs');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10']);
    expect(JSON.parse(refused.text)).toEqual({
      error: 'Too many jobs: MAX_JOBS is 2.',
      code: 'too_many_jobs',
    });
  });

  it('refuses a request that a page of another site sends', async () => {
    const url = await startServer({ jobs: oneJob() });
    const from = (site: string) => ask(url, 'POST', '/jobs', { 'sec-fetch-site': site });
    expect((await from('cross-site')).status).toBe(403);
    expect((await from('same-origin')).status).toBe(200);
    expect((await ask(url, 'GET', `/jobs/${ID}`, { 'sec-fetch-site': 'cross-site' })).status).toBe(200);
  });
});

describe('jobs API - a job', () => {
  it('is shown with its result once it is completed', async () => {
    let view = oneJob().view(ID);
    const url = await startServer({ jobs: oneJob({ view: () => view }) });
    expect((await ask(url, 'GET', `/jobs/${ID}`)).text).toBe(
      `{"job_id":"${ID}","status":"collecting","trades_count":0}`,
    );
    view = { status: 'completed', trades: 5, result: RESULT };
    expect((await ask(url, 'GET', `/jobs/${ID}`)).text).toBe(
      `{"job_id":"${ID}","status":"completed","trades_count":5,"result":${JSON.stringify(RESULT)}}`,
    );
    expect(await ask(url, 'HEAD', `/jobs/${ID}`)).toMatchObject({ status: 200, text: '' });
  });

  it('is 404 Job not found under any other id, and after it has gone between two questions', async () => {
    const gone = oneJob({ view: () => null, process: () => 'unknown' });
    const url = await startServer({ jobs: gone });
    const body = '{"error":"Job not found","code":"not_found"}';
    for (const id of [ID, ID.toUpperCase(), 'f'.repeat(32), '%00', '..%2f', "'"]) {
      expect(await ask(url, 'GET', `/jobs/${id}`)).toMatchObject({ status: 404, text: body });
      expect(await ask(url, 'POST', `/jobs/${id}/process`)).toMatchObject({ status: 404, text: body });
    }
  });

  it('needs its token, on both routes, if it has one', async () => {
    const url = await startServer({ jobs: oneJob({ process: () => 'unknown' }, TOKEN) });
    for (const [method, path] of [
      ['GET', `/jobs/${ID}`],
      ['POST', `/jobs/${ID}/process`],
    ] as const) {
      for (const authorization of ['', 'Bearer', `Basic ${TOKEN}`, `Bearer ${TOKEN}0`, `Bearer ${ID}`]) {
        const answer = await ask(url, method, path, authorization === '' ? {} : { authorization });
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
          401,
          'Bearer realm="aggregator"',
        ]);
        expect(JSON.parse(answer.text)).toMatchObject({ code: 'unauthenticated' });
      }
      const right = await ask(url, method, path, { authorization: `bearer ${TOKEN}` });
      expect(right.status).not.toBe(401);
    }
  });
});

describe('jobs API - processing', () => {
  it('answers the result to an empty form-encoded POST, byte for byte', async () => {
    const url = await startServer({ jobs: processing({ type: 'delivered', result: RESULT }) });
    expect(
      await raw(url, [
        `POST /jobs/${ID}/process HTTP/1.1`,
        'Host: localhost',
        'Content-Type: application/x-www-form-urlencoded',
        'Content-Length: 0',
      ]),
    ).toEqual(['HTTP/1.1 200 OK', JSON.stringify(RESULT)]);
  });

  it.each<[ProcessOutcome, number, object]>([
    [
      { type: 'undelivered', digest: DIGEST, backendError: 'HTTP 503' },
      502,
      {
        error: 'The backend has not taken the summary',
        code: 'not_ingested',
        digest: DIGEST,
        backend_error: 'HTTP 503',
      },
    ],
    [
      { type: 'unsealed', reason: 'the disk is full' },
      503,
      { error: 'the disk is full', code: 'not_sealed' },
    ],
    [
      { type: 'unsealable', reason: 'a sum is too great' },
      409,
      { error: 'a sum is too great', code: 'wrong_state' },
    ],
  ])('answers what is known when %j', async (outcome, status, body) => {
    const answer = await ask(
      await startServer({ jobs: processing(outcome) }),
      'POST',
      `/jobs/${ID}/process`,
      { 'content-type': 'text/html; charset' },
    );
    expect([answer.status, JSON.parse(answer.text)]).toEqual([status, body]);
  });

  it('tells only that it failed if the program fails', async () => {
    const failures: unknown[] = [];
    const jobs = oneJob({ process: async () => Promise.reject(new Error('zqxjkv')) });
    const url = await startServer({ jobs, failed: (error) => failures.push(error) });
    const answer = await ask(url, 'POST', `/jobs/${ID}/process`);
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([500, { code: 'internal' }]);
    expect(failures).toHaveLength(1);
    expect(answer.text).not.toContain('zqxjkv');
  });
});

describe('jobs API - requests by hand', () => {
  it.each([
    ['of HTTP/1.0', ['POST /jobs HTTP/1.0'], 200],
    [
      'with another expectation',
      ['POST /jobs HTTP/1.1', 'Host: a', 'Expect: more', 'Content-Length: 0'],
      200,
    ],
    ['with an empty chunked body', ['POST /jobs HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'], 200],
    ['without a host', ['POST /jobs HTTP/1.1', 'Content-Length: 0'], 400],
    ['that is no HTTP', ['jobs'], 400],
  ])('a request %s has an answer with a body', async (_what, lines, status) => {
    const [line, body] = await raw(
      await startServer({ jobs: oneJob() }),
      lines,
      lines.at(-1)?.endsWith('chunked') ? '0\r\n\r\n' : '',
    );
    expect(line).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    const opened = { job_id: ID, ws_url: expect.any(String) as string };
    const refused = { error: expect.any(String) as string, code: 'bad_request' };
    expect(JSON.parse(body)).toEqual(status === 200 ? opened : refused);
  });
});

describe('jobs API - other methods and addresses', () => {
  it.each([
    ['GET', '/jobs', 405, 'POST'],
    ['DELETE', `/jobs/${ID}`, 405, 'GET, HEAD'],
    ['GET', `/jobs/${ID}/process`, 405, 'POST'],
    ['OPTIONS', '/jobs', 405, 'POST'],
    ['POST', '/health', 405, 'GET, HEAD'],
    ['GET', '/job', 404, null],
    ['GET', `/jobs/${'a'.repeat(200)}`, 400, null],
  ])('%s %s gets %i, and the address allows %s', async (method, path, status, allow) => {
    const answer = await ask(await startServer({ jobs: oneJob() }), method, path);
    expect([answer.status, answer.headers.get('allow')]).toEqual([status, allow]);
    expect(JSON.parse(answer.text)).toEqual({ error: expect.any(String), code: expect.any(String) });
  });
});
