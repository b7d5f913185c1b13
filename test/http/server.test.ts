// The server under a small program of the test: the declarations of a domain's routes, and the reading of bodies.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { wholeNumber } from '../../src/http/parameter.ts';
import { object, TEXT } from '../../src/http/schema.ts';
import { createHttpServer, HTTP_BODY_BYTES_MAX } from '../../src/http/server.ts';
import { sendJson } from '../../src/http/answers.ts';
import { exchange } from '../support/raw-exchange.ts';

const BODY_BYTES_MAX = 10_000;
/** Text from clients that must not appear in an answer. */
const MARK = 'zqxjkv';

const ORDER = object(
  {
    amount: wholeNumber(1, 9, 'bad_amount'),
    note: TEXT,
    lines: { type: 'array', items: object({ price: { type: 'number' } }) },
  },
  ['note', 'lines'],
);

/** The program: orders are sent and read, and there is a route that reads no body. */
async function start(more: { errorShape?: 'flat'; bodies?: 'any' } = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>test</title>');
  const server = createHttpServer(
    { host: '127.0.0.1', port: 0, hostSetting: 'HOST', portSetting: 'PORT' },
    {
      api: {
        title: 'test',
        description: 'of a test',
        codes: ['bad_amount'],
        hasKeys: true,
        anyOrigin: true,
        ...(more.errorShape !== undefined && { errorShape: more.errorShape }),
      },
      ...(more.bodies !== undefined && { bodies: more.bodies }),
      pageFolder: pathToFileURL(`${folder}/`),
      live: () => true,
      readiness: () => ({ status: 'ready' }),
      readinessSchema: TEXT,
      metrics: async () => ({ contentType: 'text/plain', text: '' }),
      failed: () => {},
      addRoutes(app) {
        app.post(
          '/api/orders',
          {
            bodyLimit: BODY_BYTES_MAX,
            schema: { summary: 'An order', body: ORDER, response: { 200: ORDER } },
          },
          (request, reply) => sendJson(reply, JSON.stringify(request.body)),
        );
        app.get('/api/orders', (_request, reply) => sendJson(reply, '[]'));
        app.post(
          '/api/notes',
          { schema: { body: { type: ['object', 'null'], properties: { amount: { type: 'number' } } } } },
          (request, reply) => sendJson(reply, JSON.stringify([request.body])),
        );
        app.post('/api/fault', async () => Promise.reject(new Error(MARK)));
        app.post('/api/bell', (request, reply) => sendJson(reply, JSON.stringify([typeof request.body])));
      },
    },
  );
  onTestFinished(() => server.stop());
  return (await server.start()).url;
}

let url = '';
beforeEach(async () => {
  url = await start();
});

async function post(path: string, body: string, contentType = 'application/json') {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body,
  });
  const text = await response.text();
  return { status: response.status, text, answer: JSON.parse(text) as unknown };
}

describe('http - bodies', () => {
  it('are read unchanged on a route that declares one', async () => {
    const order = { amount: 9, note: `${MARK} é`, lines: [{ price: 0.5 }, { price: 1 }] };
    expect(await post('/api/orders', JSON.stringify(order), 'application/json; charset=utf-8')).toMatchObject(
      { status: 200, answer: order },
    );
  });

  it.each([
    ['{"amount":"1"}', 'bad_amount', 'the member amount of the body is a whole number from 1 to 9'],
    ['{"amount":1.5}', 'bad_amount', 'the member amount of the body is a whole number from 1 to 9'],
    ['{"amount":0}', 'bad_amount', 'the member amount of the body is a whole number from 1 to 9'],
    ['{}', 'bad_request', 'the member amount of the body is missing'],
    [`{"amount":1,"note":{"${MARK}":1}}`, 'bad_request', /^the member note of the body is not as/],
    [
      `{"amount":1,"lines":[{"price":"${MARK}"}]}`,
      'bad_request',
      /^the member lines.price of the body is not/,
    ],
    ['{"amount":1,"lines":[{}]}', 'bad_request', 'the member lines.price of the body is missing'],
    [`{"amount":1,"${MARK}":2}`, 'bad_request', 'the body is an object with a member that it may not have'],
    [`["${MARK}"]`, 'bad_request', /^the body is not as the description of the API says$/],
    ['null', 'bad_request', /^the body is not as/],
    [`{"amount":1,"${MARK}`, 'bad_request', 'the body is not valid JSON'],
    ['', 'bad_request', 'the body is not valid JSON'],
    [`{"amount":1,"__proto__":{"${MARK}":1}}`, 'bad_request', 'the body is not valid JSON'],
  ])('are refused with the name of the member, never with the value: %s', async (body, code, message) => {
    const { status, text, answer } = await post('/api/orders', body);
    const told = typeof message === 'string' ? message : expect.stringMatching(message);
    expect([status, answer]).toEqual([400, { error: { code, message: told } }]);
    expect(text).not.toContain(MARK);
  });

  it('must be declared as JSON, which a page of another origin cannot do without permission', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded'])
      expect(await post('/api/orders', '{"amount":1}', type)).toMatchObject({
        status: 400,
        answer: { error: { code: 'bad_request' } },
      });
  });

  it('may be as long as the route allows', async () => {
    const order = (bytes: number) => {
      const empty = JSON.stringify({ amount: 1, note: '' });
      return empty.replace('""', `"${'a'.repeat(bytes - empty.length)}"`);
    };
    expect((await post('/api/orders', order(BODY_BYTES_MAX))).status).toBe(200);
    expect(await post('/api/orders', order(BODY_BYTES_MAX + 1))).toMatchObject({
      status: 413,
      answer: { error: { code: 'body_too_large', message: `a body has at most ${BODY_BYTES_MAX} bytes` } },
    });
  });

  it('are ignored on a route that declares none, up to the general limit', async () => {
    for (const body of ['{"amount":1}', `{"${MARK}`, 'a'.repeat(HTTP_BODY_BYTES_MAX)])
      expect(await post('/api/bell', body)).toMatchObject({ status: 200, answer: ['undefined'] });
    expect(await post('/api/bell', 'a'.repeat(HTTP_BODY_BYTES_MAX + 1))).toMatchObject({
      status: 413,
      answer: { error: { message: `a body has at most ${HTTP_BODY_BYTES_MAX} bytes` } },
    });
  });

  it('are described in the API description, with their refusals', async () => {
    const document = (await (await fetch(`${url}/api/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { requestBody: object; responses: object }>>;
    };
    const { post: described } = document.paths['/api/orders'] ?? {};
    expect(described?.requestBody).toMatchObject({
      required: true,
      content: {
        'application/json': {
          schema: { properties: { amount: { 'x-refusal': { code: 'bad_amount' } } }, required: ['amount'] },
        },
      },
    });
    expect(Object.keys(described?.responses ?? {})).toEqual(['200', '400', '401', '403', '413']);
  });
});

describe('http - methods', () => {
  it.each([
    ['PUT', '/api/orders', 405, 'GET, HEAD, POST'],
    ['GET', '/api/bell', 405, 'POST'],
    ['POST', '/livez', 405, 'GET, HEAD'],
    ['GET', '/api/nothing', 404, null],
  ])('%s %s gets %i, and the address allows %s', async (method, path, status, allow) => {
    const response = await fetch(`${url}${path}`, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([status, allow]);
  });
});

describe('http - flat errors', () => {
  beforeEach(async () => {
    url = await start({ errorShape: 'flat' });
  });
  const flat = (code: string) => ({ error: expect.any(String), code });

  it.each([
    ['GET', '/api/nothing', '', 404, 'not_found'],
    ['PUT', '/api/bell', '', 405, 'method_not_allowed'],
    ['GET', '/%zz', '', 400, 'bad_request'],
    ['POST', '/api/bell', 'a'.repeat(HTTP_BODY_BYTES_MAX + 1), 413, 'body_too_large'],
    ['POST', '/api/orders', '{"amount":0}', 400, 'bad_amount'],
    ['POST', '/api/orders', '{', 400, 'bad_request'],
    ['POST', '/api/fault', '', 500, 'internal'],
  ])('%s %s: %i', async (method, path, body, status, code) => {
    const response = await fetch(`${url}${path}`, {
      method,
      ...(body !== '' && { body, headers: { 'content-type': 'application/json' } }),
    });
    expect([response.status, await response.json()]).toEqual([status, flat(code)]);
  });

  it.each([
    ['no HTTP at all\r\n\r\n', 400, 'bad_request'],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ])('are those of the parser too: %.20s', async (bytes, status, code) => {
    const answer = await exchange(url, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toEqual(flat(code));
  });

  it('are described as such', async () => {
    const text = await (await fetch(`${url}/api/openapi.json`)).text();
    expect(text).toContain('"properties":{"error":{"type":"string"},"code":');
  });
});

describe('http - bodies of any declaration', () => {
  beforeEach(async () => {
    url = await start({ bodies: 'any' });
  });

  it.each([
    [undefined, undefined],
    [undefined, ''],
    ['application/json', ''],
    ['application/x-www-form-urlencoded', ''],
    ['application/x-www-form-urlencoded', ' \r\n'],
    ['no content type; at all=', ''],
    ['text/plain', 'null'],
  ])('are null if absent or empty: %s %j', async (contentType, body) => {
    const headers: Record<string, string> = contentType === undefined ? {} : { 'content-type': contentType };
    const response = await fetch(`${url}/api/notes`, {
      method: 'POST',
      headers,
      ...(body !== undefined && { body }),
    });
    expect([response.status, await response.json()]).toEqual([200, [null]]);
  });

  it.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded', '///'])(
    'are read as JSON whatever their content type says: %s',
    async (contentType) => {
      expect(await post('/api/notes', '{"amount":1.5}', contentType)).toMatchObject({
        status: 200,
        answer: [{ amount: 1.5 }],
      });
      expect(await post('/api/notes', 'amount=1', contentType)).toMatchObject({ status: 400 });
      expect(await post('/api/bell', 'amount=1', contentType)).toMatchObject({
        status: 200,
        answer: ['undefined'],
      });
    },
  );
});
