// The real program's HTTP under attack: requests that differ from those of front ends and Prometheus. For each of them
// the answer is short, has the security headers, shows nothing of the inside, and the next reader is served.

import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { HTTP_CHECK_INTERVAL_MS, HTTP_REQUEST_TIME_MAX_MS } from '../../../src/http/bounded-server.ts';
import { type Aggregator, startAggregator } from '../../support/aggregator.ts';
import { ownFolder } from '../../support/embedded.ts';
import { until } from '../../support/until.ts';

let program: Aggregator;
let port: number;

beforeAll(async () => {
  const own = await ownFolder('http-attacks');
  program = startAggregator(own.env);
  await program.ready();
  port = Number(new URL(await program.url()).port);
});
afterAll(async () => {
  await program.stop();
});

interface Open {
  readonly socket: Socket;
  answer: string;
  readonly closed: Promise<string>;
}

function open(host = '127.0.0.1'): Promise<Open> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    const { promise, resolve: close } = Promise.withResolvers<string>();
    const opened: Open = { socket, answer: '', closed: promise };
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (opened.answer += chunk));
    socket.on('connect', () => resolve(opened));
    socket.on('close', () => close(opened.answer));
    socket.on('error', reject);
    onTestFinished(() => void socket.destroy());
  });
}

/** Sends text and reads up to the end of the connection; the server ends it after the first answer. */
async function raw(text: string): Promise<string> {
  const { socket, closed } = await open();
  socket.once('data', () => socket.end());
  socket.write(text, 'latin1');
  return closed;
}

const request = (line: string, ...more: readonly string[]) =>
  [line, 'Host: a', 'Connection: close', ...more, '', ''].join('\r\n');
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);

function expectHarmless(answer: string): void {
  expect(answer).toMatch(/^HTTP\/1\.1 /);
  const [head = ''] = answer.split('\r\n\r\n', 1);
  expect(head).toMatch(/content-security-policy: default-src 'none'/);
  expect(head).toMatch(/x-content-type-options: nosniff/);
  expect(head).not.toMatch(/^(server|x-powered-by|set-cookie):/im);
  expect(answer).not.toMatch(/\n {4}at |node_modules|root:|"dependencies"|SQLITE/);
}

describe('http attacks', () => {
  it('attack: reach HTTP from another machine, by default', async () => {
    // Another address of this machine stands for another machine: the program listens only at 127.0.0.1.
    await expect(open('127.0.0.2')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect((await program.get('/livez')).status).toBe(200);
  });

  it.each([
    '/../../../../etc/passwd',
    '/..%2f..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/....//....//etc/passwd',
    '/..\\..\\package.json',
    '//etc/passwd',
    '/page.js/../../package.json',
    '/page.js%00.html',
    '/assets/../../package.json',
    '/assets/%2e%2e%2f%2e%2e%2fpackage.json',
    '/src/main.ts',
    '/aggregator.db',
    '/.git/config',
    'http://127.0.0.1/etc/passwd',
    `/${'a/'.repeat(4000)}`,
  ])('attack: read a file by the address %s', async (path) => {
    const answer = await raw(request(`GET ${path} HTTP/1.1`));
    expect([400, 404, 414]).toContain(statusOf(answer));
    expectHarmless(answer);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'MKCOL', 'PURGE', 'LOCK'])(
    'attack: change something by %s',
    async (method) => {
      for (const path of [
        '/',
        '/livez',
        '/metrics',
        '/api/federation/nodes',
        '/api/federation/nodes/node-1',
      ]) {
        const answer = await raw(
          request(`${method} ${path} HTTP/1.1`, 'X-HTTP-Method-Override: GET', 'X-Secret: echo-me'),
        );
        expect([400, 404, 405, 501]).toContain(statusOf(answer));
        expect(answer).not.toContain('echo-me');
        expectHarmless(answer);
      }
    },
  );

  it.each([
    'CONNECT example.org:443',
    'CONNECT 127.0.0.1:4222',
    'GET http://169.254.169.254/latest/meta-data',
  ])('attack: use it as a proxy: %s', async (line) => {
    const answer = await raw(request(`${line} HTTP/1.1`));
    expect(['hung up', 400, 404, 405]).toContain(answer === '' ? 'hung up' : statusOf(answer));
  });

  it('attack: upgrade to another protocol', async () => {
    for (const upgrade of ['websocket', 'h2c', 'TLS/1.0']) {
      const answer = await raw(
        `GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: ${upgrade}\r\n\r\n`,
      );
      expect(answer).not.toMatch(/^HTTP\/1\.1 101/);
    }
  });

  it.each([
    '/%0d%0aSet-Cookie:%20a=b',
    '/api/federation/nodes?state=%0d%0aSet-Cookie:%20a=b',
    '/api/federation/nodes/%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a<script>',
    '/api/federation/network-stats?period=<script>alert(1)</script>',
  ])('attack: split the answer, or have it repeat what was sent: %s', async (path) => {
    const answer = await raw(request(`GET ${path} HTTP/1.1`, 'X-Forwarded-Host: evil.example'));
    expect([400, 404]).toContain(statusOf(answer));
    expect(answer).not.toMatch(/set-cookie|script>|evil\.example/i);
    expectHarmless(answer);
  });

  it.each([
    ['two lengths', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x',
    ],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n'],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    [
      'bare line feeds in a chunk',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n',
    ],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
  ])('attack: smuggle a request with %s', async (what, text) => {
    const answer = await raw(text);
    expect(statusOf(answer)).toBe(400);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    // Node itself refuses a request without a host, with an empty answer.
    if (what !== 'no host') expectHarmless(answer);
  });

  it('attack: send headers and bodies without end', async () => {
    const long = await raw(request('GET / HTTP/1.1', `X: ${'a'.repeat(100_000)}`));
    expect(statusOf(long)).toBe(431);
    const many = await raw(
      request('GET /livez HTTP/1.1', ...Array.from({ length: 5000 }, (_, index) => `X-${index}: a`)),
    );
    expect(statusOf(many)).toBe(431);
    const { socket, closed } = await open();
    socket.on('error', () => undefined);
    socket.write(
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = `1000\r\n${'a'.repeat(4096)}\r\n`;
    for (let count = 0; count < 2000 && !socket.closed; count++) {
      if (!socket.write(chunk))
        await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
    }
    socket.end();
    const answer = await closed;
    // The answer may be lost with the connection, which is reset while the test still sends.
    if (answer !== '') expect(statusOf(answer)).toBe(413);
    expect(socket.bytesWritten).toBeLessThan(2000 * chunk.length);
  });

  it('attack: send a thousand requests at once on one connection', async () => {
    const { socket, closed } = await open();
    socket.write(`${'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1000)}${request('GET /livez HTTP/1.1')}`);
    expect((await closed).match(/HTTP\/1\.1 200 /g)).toHaveLength(1001);
  });

  it('attack: hold connections with requests that never end', async () => {
    const slow = await Promise.all(Array.from({ length: 200 }, () => open()));
    const startedMs = performance.now();
    for (const { socket } of slow) socket.write('GET / HTTP/1.1\r\nX-Slow: ');
    const drip = setInterval(() => {
      for (const { socket } of slow) if (!socket.destroyed) socket.write('a');
    }, 500);
    onTestFinished(() => clearInterval(drip));
    for (const { socket } of slow) socket.removeAllListeners('error').on('error', () => undefined);
    const silent = await open();
    // Meanwhile other clients are served.
    for (let round = 0; round < 20; round++) expect((await program.get('/livez')).status).toBe(200);
    const answers = await Promise.all(slow.map(({ closed }) => closed));
    const tookMs = performance.now() - startedMs;
    expect(new Set(answers.map(statusOf))).toEqual(new Set([408]));
    // A slow drip does not renew the time limit of a request. The test allows twice the limit for a busy machine.
    expect(tookMs).toBeLessThan(2 * (HTTP_REQUEST_TIME_MAX_MS + HTTP_CHECK_INTERVAL_MS));
    // A silent connection is closed as well.
    await silent.closed;
  });

  it('attack: script in the page, by any label or address', async () => {
    const html = await (await fetch(`${await program.url()}/`)).text();
    // The policy allows scripts and styles only from files of this server, and the page has nothing inline.
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=|javascript:/i);
    const policy = (await fetch(`${await program.url()}/`)).headers.get('content-security-policy') ?? '';
    expect(policy).not.toMatch(/unsafe-|\*|data:|https?:/);
    for (const directive of [
      "default-src 'none'",
      "script-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]) {
      expect(policy.split('; ')).toContain(directive);
    }
  });

  it('after all attacks the program is ready, and its log has no text of an attacker and no complaint', async () => {
    await until('readiness', async () => (await program.get('/readyz')).status === 200);
    const log = JSON.stringify(program.log);
    expect(log).not.toMatch(/passwd|set-cookie|script|echo-me|evil/i);
    expect(program.log.filter(({ level }) => level === 'error')).toEqual([]);
    expect(program.errors()).toBe('');
    expect(readFileSync(`/proc/${program.process.pid}/status`, 'utf8')).toMatch(/State:\s+[RSD]/);
  });
});
