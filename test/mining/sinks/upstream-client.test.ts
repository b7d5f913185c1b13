import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { systemTimers } from '../../../src/lib/timers.ts';
import { programVersion } from '../../../src/lib/version.ts';
import type { UpstreamAuth } from '../../../src/mining/domain/upstream-auth.ts';
import { UpstreamClient } from '../../../src/mining/sinks/upstream-client.ts';
import { ACCEPTED, information, informationText, refusal, SUBMISSION } from '../support/upstream-server.ts';
import { answeringServer, type Behaviour, json, rawServer } from '../../support/http-servers.ts';
import { until } from '../../support/until.ts';

const { basic_auth: BASIC_VECTORS } = JSON.parse(
  readFileSync(fileURLToPath(new URL('../vectors.json', import.meta.url)), 'utf8'),
) as { readonly basic_auth: Readonly<Record<string, string>> };

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function server(behaviour: Behaviour, port = 0) {
  const made = await answeringServer(behaviour, port);
  cleanups.push(() => made.close());
  return made;
}

async function raw(...take: Parameters<typeof rawServer>) {
  const made = await rawServer(...take);
  cleanups.push(() => made.close());
  return made;
}

function clientOf(url: string, auth: UpstreamAuth = { type: 'none' }, timeoutMs = 30_000) {
  const client = new UpstreamClient({ url, auth }, { clock: systemClock, timers: systemTimers, timeoutMs });
  cleanups.push(() => client.stop());
  return client;
}

function cookieFile(content: string | null) {
  const folder = mkdtempSync(join(tmpdir(), 'cookie-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, '.cookie');
  if (content !== null) writeFileSync(path, content);
  return path;
}

const RESPONSE = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

describe('upstream client - the wire', () => {
  it('upstream client - the bytes of both requests', async () => {
    const texts: string[] = [];
    const body = `{"jsonrpc":"2.0","result":${informationText(5, 'h')},"id":null}`;
    const { url, port } = await raw((socket, text) => {
      texts.push(text);
      socket.write(RESPONSE(body));
    });
    const client = clientOf(`${url}pocx/rpc?key=1&b=%20#part`, { type: 'bearer', token: 'the-token' });
    await client.information();
    await client.submit(SUBMISSION);
    const id = /"id":"([0-9a-f-]{36})"/;
    const golden = (length: number, json: string) =>
      [
        'POST /pocx/rpc?key=1&b=%20 HTTP/1.1',
        'accept: application/json',
        'content-type: application/json',
        `user-agent: aggregator/${programVersion()}`,
        'authorization: Bearer the-token',
        `content-length: ${length}`,
        `Host: 127.0.0.1:${port}`,
        'Connection: keep-alive',
        '',
        json,
      ].join('\r\n');
    const info = '{"jsonrpc":"2.0","method":"get_mining_info","params":{},"id":"ID"}';
    const submit = `{"jsonrpc":"2.0","method":"submit_nonce","params":{"block_hash":"Hash \\"1\\"\\\\ü","height":12345,"generation_signature":"${'Ab'.repeat(32)}","base_target":36650387592,"account_id":"99BC78BA577A95A11F1A344D4D2AE55F2F857B98","seed":"${'AFfe'.repeat(16)}","nonce":18446744073709551615,"compression":3,"raw_quality":9223372036854775808},"id":"ID"}`;
    const bytes = (text: string) => Buffer.byteLength(text) + 34;
    expect(
      texts.map((text) => Buffer.from(text, 'latin1').toString('utf8').replace(id, '"id":"ID"')),
    ).toEqual([golden(bytes(info), info), golden(bytes(submit), submit)]);
    const ids = texts.map((text) => id.exec(text)?.[1]);
    expect(new Set(ids).size).toBe(2);
  });

  it.each(Object.entries(BASIC_VECTORS))('upstream client - Basic for %s', async (pair, header) => {
    const { url, seen } = await server(information(5, 'h'));
    const [username = '', password = ''] = pair.split(':');
    await clientOf(url, { type: 'basic', username, password }).information();
    await clientOf(url, { type: 'cookie', path: cookieFile(`${pair}\n`) }).information();
    await clientOf(url.replace('//', `//${username}:${password}@`)).information();
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([header, header, header]);
  });

  it('upstream client - digits come back as they were sent, whatever the content type', async () => {
    const more = ',"target_quality":18446744073709551615,"fee":0.10,"warnings":[]';
    const { url } = await server((_seen, response) => {
      response.setHeader('content-type', 'text/plain');
      response.end(`{"result":${informationText('18446744073709551615', 'h', more)},"id":null}`);
    });
    expect(await clientOf(url).information()).toMatchObject({
      type: 'information',
      information: {
        height: 2n ** 64n - 1n,
        targetQuality: 2n ** 64n - 1n,
        text: informationText('18446744073709551615', 'h', more),
      },
    });
  });

  it('upstream client - connections are kept and bounded', async () => {
    const { url, seen } = await server(ACCEPTED);
    const client = clientOf(url);
    for (let time = 0; time < 5; time++) await client.submit(SUBMISSION);
    expect(new Set(seen.map(({ port }) => port)).size).toBe(1);
    const all = await Promise.all(Array.from({ length: 100 }, () => client.submit(SUBMISSION)));
    expect(all.every(({ type }) => type === 'accepted')).toBe(true);
    expect(new Set(seen.map(({ port }) => port)).size).toBeLessThanOrEqual(32);
    expect(client.requests.submit_nonce.outcomes.answered).toBe(105);
    expect(client.requests.submit_nonce.seconds.counts.reduce((sum, count) => sum + count)).toBe(105);
  });
});

describe('upstream client - what goes wrong', () => {
  it('upstream client - a refused connection, and a name that no one has', async () => {
    const { url, close } = await answeringServer(ACCEPTED);
    await close();
    expect(await clientOf(url).submit(SUBMISSION)).toEqual({
      type: 'temporary',
      reason: 'the connection was refused',
      retryAfterMs: null,
      isConnection: true,
      isBusy: false,
    });
  });

  it.each<readonly [string, Parameters<typeof rawServer>[0], string, boolean]>([
    [
      'resets',
      (socket) => void socket.resetAndDestroy(),
      'the connection was closed without an answer',
      true,
    ],
    ['closes', (socket) => void socket.end(), 'the connection was closed without an answer', true],
    ['hangs', () => undefined, 'no whole answer in time', true],
    [
      'drips',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
        const timer = setInterval(() => socket.write(' '), 20);
        socket.once('close', () => clearInterval(timer));
      },
      'no whole answer in time',
      false,
    ],
    [
      'stops in the middle',
      (socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"result":{"raw'),
      'the connection was closed within an answer',
      false,
    ],
    [
      'speaks no HTTP',
      (socket) => void socket.end('220 smtp.example.com\r\n'),
      'its answer is no HTTP (HPE_INVALID_CONSTANT)',
      false,
    ],
    [
      'is endless',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        const write = () => {
          while (!socket.destroyed && socket.write(' '.repeat(10_000)));
        };
        socket.on('drain', write);
        write();
      },
      'an answer of more than 16384 bytes',
      false,
    ],
  ])('upstream client - an upstream that %s', async (_, take, reason, isConnection) => {
    const { url } = await raw(take);
    expect(await clientOf(url, { type: 'none' }, 1_000).submit(SUBMISSION)).toEqual({
      type: 'temporary',
      reason,
      retryAfterMs: null,
      isConnection,
      isBusy: false,
    });
  });

  it.each([
    ['HTML with 200 (S11)', json('<html>front</html>'), 'HTTP status 200 with a body that is not JSON'],
    ['204', json('', 204), 'HTTP status 204 with a body that is not JSON'],
    ['503 (S19)', json('Work queue depth exceeded', 503), 'HTTP status 503'],
    [
      'a redirect',
      json('', 302, { location: 'http://127.0.0.1:1/' }),
      'HTTP status 302: redirects are not followed, give the address to which it leads',
    ],
    ['a result without members', json({ result: {} }), 'a result without raw_quality and poc_time'],
  ])('upstream client - %s is an outage', async (_, behaviour, reason) => {
    const { url, seen } = await server(behaviour);
    expect(await clientOf(url).submit(SUBMISSION)).toMatchObject({
      type: 'temporary',
      reason,
      isConnection: false,
    });
    expect(seen).toHaveLength(1);
  });

  it('upstream client - Retry-After in seconds and as a date', async () => {
    const { url, behave } = await server(json('', 429, { 'retry-after': '7' }));
    const client = clientOf(url);
    expect(await client.submit(SUBMISSION)).toMatchObject({ isBusy: true, retryAfterMs: 7000 });
    behave(json('', 503, { 'retry-after': new Date(systemClock.nowMs() + 60_000).toUTCString() }));
    const meaning = await client.submit(SUBMISSION);
    expect(meaning).toMatchObject({ isBusy: false });
    expect(meaning.type === 'temporary' && meaning.retryAfterMs).toBeGreaterThan(30_000);
    behave(json('', 429, { 'retry-after': '99999999999999999999' }));
    expect(await client.submit(SUBMISSION)).toMatchObject({ retryAfterMs: 3_600_000 });
    for (const odd of ['-1', 'soon', '1.5', 'Thu, 01 Jan 1970 00:00:00 GMT']) {
      behave(json('', 429, { 'retry-after': odd }));
      expect(await client.submit(SUBMISSION)).toMatchObject({
        retryAfterMs: odd.startsWith('Thu') ? 0 : null,
      });
    }
  });

  it('upstream client - an information that miners may not have', async () => {
    const { url, behave } = await server(information(5, ''));
    const client = clientOf(url);
    expect(await client.information()).toEqual({
      type: 'unfit',
      reason: 'its information has no block_hash of 1 to 128 characters',
    });
    behave(information(5, 'h', `,"w":"${'w'.repeat(70_000)}"`));
    expect(await client.information()).toEqual({
      type: 'unfit',
      reason: 'its information is longer than 64 KiB',
    });
    behave(information(5, 'h', `,"w":"${'w'.repeat(200_000)}"`));
    expect(await client.information()).toMatchObject({ reason: 'an answer of more than 131072 bytes' });
    behave(refusal(-8));
    expect(await client.information()).toMatchObject({ type: 'temporary', reason: 'error -8' });
    expect(client.requests.get_mining_info.outcomes).toMatchObject({ unfit: 2, temporary: 2, answered: 0 });
  });

  it('upstream client - https to a port that speaks http', async () => {
    const { url } = await server(ACCEPTED);
    expect(await clientOf(url.replace('http:', 'https:')).submit(SUBMISSION)).toMatchObject({
      type: 'temporary',
      reason: expect.stringContaining('its answer is no TLS'),
    });
  });

  it('upstream client - signs of an upstream that was started anew: it says so, or drops a connection in use', async () => {
    const first = await server(information(1, 'h1'));
    const client = clientOf(first.url);
    for (let time = 0; time < 3; time++) await client.information();
    expect(client.restartSigns).toBe(0);
    await first.close();
    await server(information(1, 'h1'), first.port);
    await until('the sign', () => client.restartSigns === 1);
    expect(await client.information()).toMatchObject({ type: 'information' });
    const starting = await server(refusal(-28));
    const other = clientOf(starting.url);
    await other.information();
    expect(other.restartSigns).toBe(1);
  });

  it('upstream client - an upstream that closes connections after one answer, or says so, shows no sign', async () => {
    const rude = await server((seen, response, nth) => {
      information(1, 'h1')(seen, response, nth);
      response.once('finish', () => setImmediate(() => response.socket?.destroy()));
    });
    const polite = await server((seen, response, nth) => {
      if (nth >= 4) response.setHeader('connection', 'close');
      information(1, 'h1')(seen, response, nth);
    });
    for (const { url } of [rude, polite]) {
      const client = clientOf(url);
      for (let time = 0; time < 6; time++) await client.information();
      expect(client.restartSigns).toBe(0);
    }
  });

  it('upstream client - a stopped one answers at once, and so does what was under way', async () => {
    const { url } = await raw(() => undefined);
    const client = clientOf(url);
    const waiting = client.submit(SUBMISSION);
    await client.stop();
    for (const meaning of [await waiting, await client.submit(SUBMISSION)])
      expect(meaning).toMatchObject({ type: 'temporary', reason: 'the program stops' });
  });
});

describe('upstream client - reused connections', () => {
  it.each(['resets', 'closes'])(
    'upstream client - a request that meets a server which %s the idle connection is sent again at once',
    async (how) => {
      const ids: (string | undefined)[] = [];
      const { url } = await raw((socket, text, nth) => {
        ids.push(/"id":"([^"]+)"/.exec(text)?.[1]);
        if (nth !== 2) socket.write(RESPONSE('{"result":{"raw_quality":400,"poc_time":7}}'));
        else if (how === 'resets') socket.resetAndDestroy();
        else socket.end();
      });
      const client = clientOf(url);
      expect(await client.submit(SUBMISSION)).toMatchObject({ type: 'accepted' });
      expect(await client.submit(SUBMISSION)).toMatchObject({ type: 'accepted' });
      expect(ids).toHaveLength(3);
      expect(ids[2]).toBe(ids[1]);
      expect(client.requests.submit_nonce.outcomes).toMatchObject({ answered: 2, connection: 0 });
    },
  );

  it('upstream client - it is sent again only once, and not after the first byte of an answer', async () => {
    const texts: string[] = [];
    const { url } = await raw((socket, text, nth) => {
      texts.push(text);
      if (nth === 1 || nth === 4) socket.write(RESPONSE('{"result":{"raw_quality":400,"poc_time":7}}'));
      else if (nth === 5) socket.write('HTTP/1.1 ', () => socket.resetAndDestroy());
      else socket.resetAndDestroy();
    });
    const client = clientOf(url);
    await client.submit(SUBMISSION);
    expect(await client.submit(SUBMISSION)).toMatchObject({ type: 'temporary', isConnection: true });
    expect(texts).toHaveLength(3);
    await client.submit(SUBMISSION);
    expect(await client.submit(SUBMISSION)).toMatchObject({ type: 'temporary', isConnection: false });
    expect(texts).toHaveLength(5);
  });
});

describe('upstream client - the cookie', () => {
  const needing =
    (cookie: string, refuse: Behaviour): Behaviour =>
    (seen, response, nth) =>
      seen.headers.authorization === `Basic ${Buffer.from(cookie).toString('base64')}`
        ? information(5, 'h')(seen, response, nth)
        : refuse(seen, response, nth);

  it.each([
    ['HTTP 401', json('', 401)],
    ['-32005', refusal(-32005)],
  ])(
    'upstream client - S18: after %s the file is read again, and the same request is repeated once',
    async (_, refuse) => {
      const path = cookieFile('__cookie__:stale\n');
      const { url, seen, behave } = await server(needing('__cookie__:stale', refuse));
      const client = clientOf(url, { type: 'cookie', path });
      expect(await client.information()).toMatchObject({ type: 'information' });
      expect([client.cookieRereads, client.cookieRenewals]).toEqual([0, 0]);
      behave(needing('__cookie__:fresh', refuse));
      // The node was started anew, and its new file is not there yet.
      expect(await client.information()).toMatchObject({ type: 'operator' });
      expect(seen).toHaveLength(2);
      rmSync(path);
      expect(await client.information()).toMatchObject({ type: 'operator' });
      expect(client.credentialsFault).toBe('the cookie file cannot be read (ENOENT)');
      writeFileSync(path, '__cookie__:fresh');
      const before = seen.length;
      expect(await client.information()).toMatchObject({ type: 'information' });
      const bodies = seen.slice(before).map(({ body }) => body);
      expect(new Set(bodies).size).toBe(1);
      expect(client.cookieRenewals).toBe(1);
      expect(client.cookieRereads).toBeGreaterThanOrEqual(2);
    },
  );

  it('upstream client - a cookie that changed by the first refusal is used at once', async () => {
    const path = cookieFile('__cookie__:stale');
    const { url, seen, behave } = await server(needing('__cookie__:stale', json('', 401)));
    const client = clientOf(url, { type: 'cookie', path });
    await client.information();
    behave(needing('__cookie__:fresh', json('', 401)));
    writeFileSync(path, '__cookie__:fresh');
    const all = await Promise.all([client.information(), client.information(), client.information()]);
    expect(all.map(({ type }) => type)).toEqual(['information', 'information', 'information']);
    expect(seen.length).toBeLessThanOrEqual(7);
    expect(client.cookieRenewals).toBe(1);
  });

  it('upstream client - a start before the node has written its file', async () => {
    const path = cookieFile(null);
    const { url } = await server(needing('__cookie__:fresh', json('', 401)));
    const client = clientOf(url, { type: 'cookie', path });
    expect(await client.information()).toMatchObject({ type: 'operator', code: 401 });
    writeFileSync(path, '__cookie__:fresh');
    expect(await client.information()).toMatchObject({ type: 'information' });
    expect(client.cookieRenewals).toBe(0);
  });

  it('upstream client - no outcome names a secret', async () => {
    const secret = 'the-secret-word';
    const { url, behave } = await server(json('', 401));
    const outcomes: unknown[] = [];
    for (const auth of [
      { type: 'basic', username: 'u', password: secret },
      { type: 'bearer', token: secret },
      { type: 'cookie', path: cookieFile(`u:${secret}`) },
    ] as const) {
      const client = clientOf(`${url}?token=${secret}`, auth);
      behave(json('', 401));
      outcomes.push(await client.information());
      behave(json('', 503));
      outcomes.push(await client.submit(SUBMISSION), client.requests);
    }
    expect(
      JSON.stringify(outcomes, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    ).not.toContain(secret);
  });

  it('upstream client - 401 with a password is asked once', async () => {
    const { url, seen } = await server(json('', 401));
    await clientOf(url, { type: 'basic', username: 'u', password: 'p' }).submit(SUBMISSION);
    await until('one request', () => seen.length === 1);
  });
});
