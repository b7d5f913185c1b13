// The shipped configuration of nginx in front of the real programs: TLS, paths of their own on one host, the live feed, the
// public page, monitors over TLS. A real nginx, a real broker, a real Chromium.

import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createServer as createAgentServer } from '../../agent/http/parts.ts';
import { startServer as startMiningServer } from '../../mining/http/parts.ts';
import { launchBrowser, openPage } from '../../support/browser.ts';
import { makeAuthority } from '../../support/certificates.ts';
import { parseCsv } from '../../support/csv.ts';
import { freePort } from '../../support/free-port.ts';
import { heartbeat, type Publication } from '../../support/messages.ts';
import { NGINX_BIN, type Replacements, startNginx } from '../../support/nginx.ts';
import { launch, testFolder } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { startServer as startTradesServer } from '../../trades/http/parts.ts';
import { AT, createServer, NO_SERIES, startServer } from '../http/parts.ts';

/** The longest time from a message to its update behind the proxy. */
const UPDATE_MAX_MS = 2000;

const NO_HISTORY = {
  period: 'all',
  from: AT,
  to: AT,
  stepMs: 1,
  at: [],
  series: NO_SERIES,
  gaps: [],
} as const;

let browser: Browser;
beforeAll(async () => {
  // The certificate is signed by an authority of the test's own.
  browser = await launchBrowser('--ignore-certificate-errors');
});
afterAll(() => browser.close());

/** Starts nginx in front of a server; `more` are replacements in the shipped file beside those of its machine. */
async function behind(folder: string, url: string, more: Replacements = []) {
  const [port, plainPort, monitorPort] = [await freePort(), await freePort(), await freePort()];
  const authority = makeAuthority(folder, 'proxy');
  const { certFile, keyFile } = authority.sign('monitor', { server: 'IP:127.0.0.1' });
  await startNginx(folder, port, [
    ['127.0.0.1:8080', new URL(url).host],
    ['listen 80;', `listen 127.0.0.1:${plainPort};`],
    ['listen 443 ', `listen 127.0.0.1:${port} `],
    ['listen 9086 ', `listen 127.0.0.1:${monitorPort} `],
    ['/etc/ssl/monitor.example.pem', certFile],
    ['/etc/ssl/private/monitor.example.key', keyFile],
    ...more,
  ]);
  const ca = readFileSync(authority.caFile, 'utf8');
  const origin = `https://127.0.0.1:${port}`;
  return {
    origin,
    plain: `http://127.0.0.1:${plainPort}`,
    monitors: `wss://127.0.0.1:${monitorPort}`,
    open: (path: string, headers: Readonly<Record<string, string>> = {}) =>
      open(`${origin}${path}`, ca, headers),
    get: (path: string, headers: Readonly<Record<string, string>> = {}) =>
      get(`${origin}${path}`, ca, headers),
    monitor: () => monitorAt(`wss://127.0.0.1:${monitorPort}`, ca),
  };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

function open(url: string, ca: string, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { ca, headers, agent: false }, resolve).once('error', reject).end();
  });
}

async function get(url: string, ca: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const answer = await open(url, ca, headers);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString() };
}

describe.runIf(NGINX_BIN !== '')('behind nginx', () => {
  it('behind nginx - the page is live below its path over TLS, and monitors report over TLS', async () => {
    const own = await testFolder('proxy');
    const program = launch(own.env);
    await program.ready();
    const proxy = await behind(own.folder, await program.url(), [
      ['127.0.0.1:9087', `127.0.0.1:${own.wsPort}`],
    ]);
    const { origin, get } = proxy;
    const redirected = await fetch(`${proxy.plain}/truebit/`, { redirect: 'manual' });
    expect([redirected.status, redirected.headers.get('location')]).toEqual([
      301,
      'https://127.0.0.1/truebit/',
    ]);

    // The page, without its last slash first; and the bare feed.
    const { page } = await openPage(browser, `${origin}/truebit`);
    expect(page.url()).toBe(`${origin}/truebit/`);
    await page.locator('#status[data-status="connected"]').waitFor();
    const feed = await proxy.open('/truebit/api/federation/events');
    let heard = '';
    feed.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
    });
    await until('both feeds', async () => (await program.metric('aggregator_feed_clients')) === 2);

    // A monitor beats over TLS; nginx passes each event of the feed on at once.
    const monitor = await proxy.monitor();
    for (const nodes of [1, 2, 3]) {
      const sentMs = performance.now();
      monitor.publish(heartbeat(`node-${nodes}`));
      await Promise.all([
        page.locator('[data-live="online"]', { hasText: new RegExp(`^${nodes}$`) }).waitFor(),
        until('the event', () => heard.includes(`"online":${nodes}`)),
      ]);
      expect(performance.now() - sentMs).toBeLessThan(UPDATE_MAX_MS);
    }
    monitor.close();
    feed.destroy();

    // Links of the page stay below its path.
    const links = await page.evaluate<string[]>(
      "[...document.querySelectorAll('a[href]')].map(({ href }) => href)",
    );
    for (const link of links) expect(link.startsWith(`${origin}/truebit/`), link).toBe(true);

    // What else is below the path.
    const nodes = await get('/truebit/api/federation/nodes.csv?sort=nodeId');
    expect(parseCsv(nodes.text).map(([id]) => id)).toEqual(['nodeId', 'node-1', 'node-2', 'node-3']);
    expect(nodes.headers['content-disposition']).toMatch(/^attachment; filename="federation-nodes-/);
    expect((await get('/truebit/badge/online.svg')).text).toContain('<title>nodes online: 3</title>');
    expect(JSON.parse((await get('/truebit/api/federation/nodes')).text)).toMatchObject({ total: 3 });
    for (const path of [
      'assets/main.js',
      'api/openapi.json',
      'readyz',
      'api/federation/history.csv',
      'api/federation/events-log',
      'api/federation/events-log.rss',
    ])
      expect((await get(`/truebit/${path}`)).status, path).toBe(200);
    expect((await get('/truebit/api/federation/events-log.rss')).text).toContain(
      `<link>${origin}/truebit/#/events</link>`,
    );
    for (const path of ['/', '/assets/main.js', '/api/federation/nodes', '/metrics', '/truebit-other/'])
      expect((await get(path)).status, path).toBe(404);
  });

  it('behind nginx - everyone reaches the public page and what it reads; the rest needs the password', async () => {
    const { folder } = await testFolder('proxy-public');
    writeFileSync(join(folder, 'passwords'), 'operator:{PLAIN}secret\n');
    const server = createServer({ history: async () => NO_HISTORY });
    const { origin, get } = await behind(folder, (await server.start()).url, [
      ['# auth_basic ', 'auth_basic '],
      ['# auth_basic_user_file /etc/nginx/aggregator.htpasswd', `auth_basic_user_file ${folder}/passwords`],
    ]);
    const page = await get('/network/public');
    expect([page.status, page.text.includes('<html data-public')]).toEqual([200, true]);
    for (const path of ['/network', '/network/'])
      expect((await get(path)).headers['location'], path).toBe('/network/public');
    for (const path of [
      'assets/main.js',
      'badge/tasks.svg',
      'api/federation/public',
      'api/federation/network-stats?period=24h',
      'api/federation/history?points=10',
      'api/federation/history.csv',
      'api/federation/nodes?state=online',
      'api/federation/nodes.csv',
    ])
      expect((await get(`/network/${path}`)).status, path).toBe(200);
    for (const path of [
      'api/federation/health',
      'api/federation/events',
      'api/federation/nodes/a/b',
      'api/federation/limits',
      'api/openapi.json',
      'metrics',
      'readyz',
      'public/../metrics',
      'assets/..%2f..%2fmetrics',
      'api/federation/public/..%2fhealth',
    ])
      expect((await get(`/network/${path}`)).status, path).toBe(404);
    // The page itself asks for nothing else: a refusal would be an error on its console.
    const { page: everyone } = await openPage(browser, `${origin}/network`);
    expect(everyone.url()).toBe(`${origin}/network/public`);
    await everyone.locator('[data-live="online"]', { hasText: /^2$/ }).waitFor();
    await until('the feed', () => server.feed().clients === 1);
    await everyone.close();

    expect((await get('/truebit/')).status).toBe(401);
    const authorization = `Basic ${Buffer.from('operator:secret').toString('base64')}`;
    expect((await get('/truebit/', { authorization })).status).toBe(200);

    // A browser sends the password with each question of the page, also with those of the shared feed.
    const httpCredentials = { username: 'operator', password: 'secret' };
    const { page: whole } = await openPage(browser, `${origin}/truebit/`, { httpCredentials });
    await whole.locator('[data-live="online"]', { hasText: /^2$/ }).waitFor();
    await until('the feed', () => server.feed().clients === 1);
  });

  it('behind nginx - the pages of the other programs work below their paths', async () => {
    const { folder } = await testFolder('proxy-others');
    const [mining, trades] = [await startMiningServer(), await startTradesServer()];
    const agent = (await createAgentServer().start()).url;
    const { origin } = await behind(folder, await startServer(), [
      [
        '# location /mining/ { proxy_pass http://127.0.0.1:8081/',
        `location /mining/ { proxy_pass ${mining}/`,
      ],
      [
        '# location /trades/ { proxy_pass http://127.0.0.1:5000/',
        `location /trades/ { proxy_pass ${trades}/`,
      ],
      ['# location /agent/  { proxy_pass http://127.0.0.1:8090/', `location /agent/ { proxy_pass ${agent}/`],
    ]);
    for (const path of ['mining', 'trades', 'agent']) {
      const below = `${origin}/${path}/`;
      const wrong: string[] = [];
      const { page } = await openPage(browser, 'about:blank', { allowed: /^foreign/ });
      page.on('response', (response) => {
        if (!response.url().startsWith(below) || response.status() >= 400)
          wrong.push(`${response.status()} ${response.url()}`);
      });
      await page.goto(below);
      await page.locator('#status:not([data-status="loading"])').waitFor();
      expect(wrong).toEqual([]);
      expect(await page.evaluate('document.styleSheets.length')).toBeGreaterThan(1);
    }
  });
});

/** A monitor that speaks the broker's protocol over a WebSocket with TLS. */
async function monitorAt(url: string, ca: string) {
  const socket = new WebSocket(url, { ca });
  let text = '';
  socket.on('message', (data: Buffer) => {
    text += data.toString();
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  await until('INFO', () => text.startsWith('INFO {'));
  socket.send(`CONNECT ${JSON.stringify({ verbose: false, lang: 'test', version: '1' })}\r\nPING\r\n`);
  await until('PONG', () => text.includes('PONG'));
  return {
    publish({ subject, payload }: Publication) {
      socket.send(`PUB ${subject} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`);
    },
    close: () => socket.close(),
  };
}
