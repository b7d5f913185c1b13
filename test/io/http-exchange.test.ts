import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpExchange, type Post } from '../../src/io/http-exchange.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemTimers } from '../../src/lib/timers.ts';
import { answeringServer, type Behaviour, json, rawServer } from '../support/http-servers.ts';
import { until } from '../support/until.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function server(behaviour: Behaviour) {
  const made = await answeringServer(behaviour);
  cleanups.push(() => made.close());
  return made;
}

async function raw(...take: Parameters<typeof rawServer>) {
  const made = await rawServer(...take);
  cleanups.push(() => made.close());
  return made;
}

function exchangeWith(url: string, socketsMax = 4): HttpExchange {
  const exchange = new HttpExchange(new URL(url), socketsMax, { clock: systemClock, timers: systemTimers });
  cleanups.push(() => exchange.stop());
  return exchange;
}

function post(more: Partial<Post> = {}): Post {
  return { headers: {}, body: 'x', timeoutMs: 10_000, answerBytesMax: 1000, ...more };
}

const LENGTH_12M = 12_582_912;

describe('http exchange', () => {
  it.each([200, 204, 301, 308, 404, 409, 429, 503, 599])('the status %i as it came', async (status) => {
    const { url, seen } = await server(
      json('text', status, { 'retry-after': '7', location: 'http://127.0.0.1:1/' }),
    );
    const text = status === 204 ? '' : 'text';
    expect(await exchangeWith(url).post(post())).toEqual({ type: 'answer', status, retryAfter: '7', text });
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['a shorter one', 'abc', 4, 'abc'],
    ['one of this length', 'abcd', 4, 'abcd'],
    ['a longer one', 'abcdefgh'.repeat(100_000), 4, 'abcd'],
    ['a character on the cut', 'abcé', 4, 'abc'],
    ['a character of four bytes on the cut', 'ab😀', 4, 'ab'],
  ])('a long answer can be cut: %s', async (_, sent, answerBytesMax, text) => {
    const { url } = await server(json(sent));
    const exchange = exchangeWith(url, 1);
    // Twice over one connection at a time: a cut answer does not hold it.
    for (let time = 0; time < 2; time += 1) {
      expect(await exchange.post(post({ answerBytesMax, longAnswer: 'cut' }))).toMatchObject({
        type: 'answer',
        text,
      });
    }
  });

  it('a long answer is none if it is not cut', async () => {
    const { url } = await server(json('abcde'));
    const none = { type: 'none', reason: 'an answer of more than 4 bytes', isConnection: false };
    expect(await exchangeWith(url).post(post({ answerBytesMax: 4 }))).toEqual(none);
  });

  it('an answer without an end is cut', async () => {
    const { url } = await server((_seen, response) => {
      const timer = setInterval(() => response.write('y'.repeat(1000)), 1);
      response.on('close', () => clearInterval(timer));
    });
    const answer = await exchangeWith(url).post(post({ answerBytesMax: 5000, longAnswer: 'cut' }));
    expect(answer).toMatchObject({ type: 'answer', status: 200, text: 'y'.repeat(5000) });
  });

  it('a request of 12 MiB arrives whole', async () => {
    const { url, seen } = await server(json('ok'));
    await exchangeWith(url).post(post({ body: 'é'.repeat(LENGTH_12M / 2) }));
    expect(seen[0]?.body.length).toBe(LENGTH_12M / 2);
  });

  it('the status of a server that refuses a long request before it has read it', async () => {
    const open = new Set<Socket>();
    const refusing = createServer((socket) => {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 413 Payload Too Large\r\ncontent-length: 3\r\n\r\nbig');
      });
    });
    await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => {
      for (const socket of open) socket.destroy();
      refusing.close();
    });
    const exchange = exchangeWith(`http://127.0.0.1:${(refusing.address() as AddressInfo).port}/`, 1);
    for (let time = 0; time < 2; time += 1) {
      const answer = await exchange.post(post({ body: 'x'.repeat(LENGTH_12M) }));
      expect(answer).toMatchObject({ type: 'answer', status: 413, text: 'big' });
    }
  });

  it.each([
    ['closed without an answer', '', true, 'the connection was closed without an answer'],
    ['no HTTP', 'SSH-2.0-x\r\n', false, expect.stringMatching(/^its answer is no HTTP \(HPE_/)],
    [
      'closed within an answer',
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab',
      false,
      'the connection was closed within an answer',
    ],
  ])('%s is no answer', async (_, bytes, isConnection, reason) => {
    const { url } = await raw((socket) => void socket.end(bytes));
    expect(await exchangeWith(url).post(post())).toEqual({ type: 'none', reason, isConnection });
  });

  it.each([
    ['silence', '', true],
    ['an answer that does not go on', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab', false],
  ])('%s is no answer in time', async (_, bytes, isConnection) => {
    const made = await raw((socket) => void socket.write(bytes));
    const none = { type: 'none', reason: 'no whole answer in time', isConnection };
    expect(await exchangeWith(made.url).post(post({ timeoutMs: 100 }))).toEqual(none);
    await until('the connection is given up', () => made.connections === 0);
  });

  it('a refused connection, and a stop', async () => {
    const made = await server(() => undefined);
    const exchange = exchangeWith(made.url);
    const waiting = exchange.post(post());
    await until('the request has come', () => made.seen.length === 1);
    exchange.stop();
    const stopped = { type: 'none', reason: 'the program stops', isConnection: false };
    expect([await waiting, await exchange.post(post())]).toEqual([stopped, stopped]);
    await made.close();
    const refused = { type: 'none', reason: 'the connection was refused', isConnection: true };
    expect(await exchangeWith(made.url).post(post())).toEqual(refused);
  });

  it('more requests than connections wait for one another', async () => {
    let open = 0;
    let most = 0;
    const { url } = await server((_seen, response) => {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        response.end('ok');
      }, 5);
    });
    const exchange = exchangeWith(url, 3);
    const answers = await Promise.all(Array.from({ length: 12 }, () => exchange.post(post())));
    expect(answers.every(({ type }) => type === 'answer')).toBe(true);
    expect(most).toBe(3);
  });
});
