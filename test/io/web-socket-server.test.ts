// The limits of a WebSocket server over real sockets.

import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Peer, PING_MS, UNREAD_MS } from '../../src/io/web-socket-connection.ts';
import {
  WEB_SOCKET_FRAGMENTS_MAX,
  WEB_SOCKET_MESSAGE_BYTES_MAX,
} from '../../src/io/web-socket-connections.ts';
import {
  UNSENT_ANSWER_BYTES_MAX,
  WebSocketServer,
  type WebSocketServerOptions,
  webSocketShare,
} from '../../src/io/web-socket-server.ts';
import { systemTimers } from '../../src/lib/timers.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';
import { clientFrame, openClient, openRaw, upgradeRequest } from './web-socket-client.ts';

interface OpenServer {
  readonly server: WebSocketServer;
  readonly url: string;
  readonly peers: Peer[];
  readonly got: string[];
  readonly closed: string[];
  /** The monotonic clock, which a test moves. */
  readonly clock: { ms: number };
}

type Answer = (text: string, peer: Peer, isBinary: boolean) => void;
const echo: Answer = (text, peer) => peer.send(text);

async function open(options: Partial<WebSocketServerOptions> = {}, answer = echo): Promise<OpenServer> {
  const peers: Peer[] = [];
  const got: string[] = [];
  const closed: string[] = [];
  const clock = { ms: 1_000, monotonicMs: () => clock.ms };
  const server = new WebSocketServer(
    {
      host: '127.0.0.1',
      port: 0,
      hostSetting: 'HOST',
      portSetting: 'PORT',
      connectionsMax: 100,
      unsentBytesMax: 100_000_000,
      ...options,
    },
    {
      clock,
      timers: systemTimers,
      accept(target, peer) {
        peers.push(peer);
        if (target === '/no') {
          peer.close(1008, 'no');
          return null;
        }
        return {
          message(bytes, isBinary) {
            got.push(bytes.toString());
            answer(bytes.toString(), peer, isBinary);
          },
          closed: () => closed.push(target),
        };
      },
    },
  );
  onTestFinished(() => server.stop());
  const { url } = await server.start();
  return { server, url, peers, got, closed, clock };
}

describe('messages', () => {
  it('web socket server - answers each message in order, whatever its length', async () => {
    const { url, server, closed } = await open();
    const { web, texts } = await openClient(`${url}/a?b=c`);
    const sent = [0, 1, 125, 126, 65_535, 65_536, 3].map(
      (length) => 'é'.repeat(length / 2) + 'x'.repeat(length % 2),
    );
    for (const text of sent) web.send(text);
    await until('all answers', () => texts.length === sent.length);
    expect(texts).toEqual(sent);
    expect(server.counts).toMatchObject({
      isListening: true,
      connections: 1,
      messages: 7,
      bytes: sent.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0),
    });
    web.close();
    await until('the session to be told', () => closed.length === 1);
    expect(closed).toEqual(['/a?b=c']);
  });

  it('web socket server - an answer leaves before the close that the client sent with its message', async () => {
    const { url } = await open();
    const raw = await openRaw(url, upgradeRequest('/'));
    await until('the upgrade', () => raw.received().includes('\r\n\r\n'));
    raw.socket.write(Buffer.concat([clientFrame('last'), clientFrame('\x03\xe8', 0x88)]));
    await raw.ended;
    expect(raw.received().slice(-10)).toBe('\x81\x04last\x88\x02\x03\xe8');
  });

  it('web socket server - a message above 64 KiB closes with 1009, after the answers before it', async () => {
    const { url, server } = await open();
    const { web, texts, closed } = await openClient(url);
    web.send('before');
    web.send('x'.repeat(WEB_SOCKET_MESSAGE_BYTES_MAX + 1));
    expect(await closed).toEqual([1009, '']);
    expect(texts).toEqual(['before']);
    expect(server.counts.closed).toEqual({ too_big: 1, protocol: 0, slow_reader: 0, silent: 0 });
  });

  it.each([
    ['an unmasked frame', Buffer.from([0x81, 0x01, 0x78]), 1002],
    ['a reserved opcode', clientFrame('x', 0x83), 1002],
    ['a compressed frame', clientFrame('x', 0xc1), 1002],
    ['text that is not UTF-8', Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]), 1007],
  ])('web socket server - %s closes the connection and is counted', async (_what, bytes, code) => {
    const { url, server, got } = await open();
    const raw = await openRaw(url, upgradeRequest('/'));
    await until('the upgrade', () => raw.received().includes('\r\n\r\n'));
    raw.socket.write(bytes);
    raw.socket.end();
    await raw.ended;
    expect(raw.received().slice(-4)).toBe(`\x88\x02\x03${String.fromCharCode(code & 255)}`);
    expect(server.counts.closed.protocol).toBe(1);
    expect(got).toEqual([]);
  });

  it.each([
    [WEB_SOCKET_FRAGMENTS_MAX, 0],
    [WEB_SOCKET_FRAGMENTS_MAX + 1, 1],
  ])(
    'web socket server - a message of %i frames; one too many closes the connection',
    async (frames, refused) => {
      const { url, server, got } = await open();
      const raw = await openRaw(url, upgradeRequest('/'));
      await until('the upgrade', () => raw.received().includes('\r\n\r\n'));
      const later = Array.from({ length: frames - 2 }, () => clientFrame('b', 0x00));
      raw.socket.write(Buffer.concat([clientFrame('a', 0x01), ...later, clientFrame('c', 0x80)]));
      await until('an outcome', () => got.length + server.counts.closed.protocol > 0);
      raw.socket.destroy();
      expect(server.counts.closed.protocol).toBe(refused);
      expect(got).toEqual(refused === 1 ? [] : [`a${'b'.repeat(frames - 2)}c`]);
    },
  );

  it('web socket server - a connection that its owner closes takes no message any more', async () => {
    const { url, peers, got } = await open();
    const { web, closed, texts } = await openClient(`${url}/no`);
    web.send('late');
    expect(await closed).toEqual([1008, 'no']);
    expect(peers[0]?.close(1000, '')).toBe(false);
    peers[0]?.send('never');
    expect({ got, texts }).toEqual({ got: [], texts: [] });
  });
});

/** A client that sends until nothing of it is read any more. */
async function flood({ url, server }: OpenServer) {
  const { web } = await openClient(url);
  web.pause();
  let sent = 0;
  let messages = -1;
  await until('the server to read no further', () => {
    const before = messages;
    messages = server.counts.messages;
    if (before === messages && sent > messages) return true;
    for (let count = 0; count < 20; count++) web.send('x');
    sent += 20;
    return false;
  });
  return { web, sent };
}

describe('clients that read nothing', () => {
  it('web socket server - is read no further, and goes on when it reads', async () => {
    const answer = 'y'.repeat(60_000);
    const opened = await open({}, (_text, peer) => peer.send(answer));
    const { web, sent } = await flood(opened);
    expect(opened.server.counts.messages).toBeLessThan(sent);
    let answers = 0;
    web.on('message', () => answers++);
    web.resume();
    await until('the rest to be read', () => answers === sent);
    opened.clock.ms += UNREAD_MS;
    opened.server.look();
    expect(opened.server.counts.closed.slow_reader).toBe(0);
  });

  it('web socket server - is closed when it takes nothing for a while', async () => {
    const opened = await open({}, (_text, peer) => peer.send('y'.repeat(60_000)));
    await flood(opened);
    const { server, clock, closed } = opened;
    server.look();
    clock.ms += UNREAD_MS - 1;
    server.look();
    expect(server.counts.closed.slow_reader).toBe(0);
    clock.ms += 1;
    server.look();
    await until('the connection to close', () => closed.length === 1);
    expect(server.counts).toMatchObject({ connections: 0, closed: { slow_reader: 1, silent: 0 } });
  });

  it('web socket server - ends a connection whose answers find no room, and none that reads its answers', async () => {
    const opened = await open({ unsentBytesMax: 1_000_000 }, (_text, peer) => peer.send('y'.repeat(60_000)));
    const { url, server, closed } = opened;
    const reader = await openClient(`${url}/reader`);
    const idle = await openRaw(url, upgradeRequest('/idle'));
    await until('the upgrade', () => idle.received().includes('\r\n\r\n'));
    idle.socket.pause();
    // Frames that arrive together, so that their answers wait together.
    idle.socket.write(Buffer.concat(Array.from({ length: 400 }, () => clientFrame('x'))));
    await until('the connection to close', () => closed.length === 1);
    expect(closed).toEqual(['/idle']);
    expect(server.counts).toMatchObject({ connections: 1, closed: { slow_reader: 1 }, unsentBytes: 0 });
    reader.web.send('x');
    await until('the answer', () => reader.texts.length === 1);
  });

  it('web socket server - counts the answers that wait', async () => {
    const opened = await open({}, (_text, peer) => peer.send('y'.repeat(60_000)));
    const { web } = await flood(opened);
    expect(opened.server.counts.unsentBytes).toBeGreaterThan(UNSENT_ANSWER_BYTES_MAX);
    web.resume();
    await until('all to be read', () => opened.server.counts.unsentBytes === 0);
    const again = await flood(opened);
    expect(opened.server.counts.unsentBytes).toBeGreaterThan(0);
    again.web.terminate();
    await until('the end', () => opened.server.counts.unsentBytes === 0);
  });

  it('web socket server - the limit of unsent answers is that of the socket', () => {
    expect(UNSENT_ANSWER_BYTES_MAX).toBe(65_536);
  });
});

describe('turns', () => {
  it('web socket server - a client that sends much at a time lets others have their turn', async () => {
    const turns: number[] = [];
    let messages = 0;
    const { url, got } = await open({}, () => {
      if (messages++ > 0) return;
      setImmediate(() => {
        turns.push(messages);
        messages = 0;
      });
    });
    const busy = await openRaw(url, upgradeRequest('/busy'));
    await until('the upgrade', () => busy.received().includes('\r\n\r\n'));
    const length = 60_000;
    const head = Buffer.from([0x82, 0xfe, length >> 8, length & 255, 0, 0, 0, 0]);
    const frames = Array.from({ length: 20 }, () => Buffer.concat([head, Buffer.alloc(length, 'b')]));
    busy.socket.write(Buffer.concat(frames));
    await until('all messages', () => got.length === frames.length);
    expect(Math.max(...turns)).toBeLessThan(5);
  });
});

describe('silence', () => {
  it('web socket server - a client that answers pings stays, one that does not is closed', async () => {
    const { url, server, clock, closed } = await open();
    const alive = await openClient(`${url}/alive`);
    const dead = await openRaw(url, upgradeRequest('/dead'));
    await until('both', () => server.counts.connections === 2);
    server.look();
    for (let round = 0; round < 3; round++) {
      clock.ms += PING_MS;
      const pinged = once(alive.web, 'ping');
      server.look();
      await pinged;
      // The pong is read before this message is answered.
      const answers = alive.texts.length;
      alive.web.send('still here');
      await until('the answer', () => alive.texts.length > answers);
      server.look();
    }
    await dead.ended;
    expect(closed).toEqual(['/dead']);
    expect(dead.received().slice(-2)).toBe('\x89\x00');
    expect(server.counts).toMatchObject({ connections: 1, closed: { silent: 1 } });
  });
});

describe('requests', () => {
  it.each([
    ['a plain request', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n', 426],
    ['a POST', 'POST /ws/1 HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc', 426],
    ['an endless body', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999\r\n\r\nabc', 426],
    ['another protocol', upgradeRequest('/', { upgrade: 'h2c' }), 400],
    ['no key', upgradeRequest('/', { 'sec-websocket-key': '' }), 400],
    ['another version', upgradeRequest('/', { 'sec-websocket-version': '7' }), 400],
    ['another method', upgradeRequest('/').replace('GET', 'PUT'), 405],
    ['long headers', upgradeRequest('/', { x: 'y'.repeat(20_000) }), 431],
    ['rubbish', '\x16\x03\x01\x02\r\n\r\n', 400],
  ])('web socket server - answers %s and closes', async (_what, bytes, status) => {
    const { url, server } = await open();
    const raw = await openRaw(url, bytes);
    await raw.ended;
    expect(raw.received().slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
    if (status === 426) expect(raw.received()).toMatch(/\r\nupgrade: websocket\r\n/i);
    expect(server.counts).toMatchObject({ connections: 0, notUpgraded: 1 });
  });

  it('web socket server - accepts the version and the key of the standard', async () => {
    const { url } = await open();
    const raw = await openRaw(url, upgradeRequest('/'));
    await until('the answer', () => raw.received().includes('\r\n\r\n'));
    expect(raw.received()).toMatch(
      /^HTTP\/1.1 101 .*\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/s,
    );
  });
});

describe('connections', () => {
  it('web socket server - beyond the limits a connection is closed at once and counted', async () => {
    const { url, server } = await open({ connectionsMax: 8 });
    expect(webSocketShare(8)).toBe(7);
    const clients = [];
    for (let count = 0; count < 7; count++) clients.push(await openClient(url));
    await (await openRaw(url)).ended;
    expect(server.counts).toMatchObject({ connections: 7, refused: { address: 1, limit: 0 } });
    clients[0]?.web.close();
    await until('a place', () => server.counts.connections === 6);
    await openClient(url);
    expect(server.counts.connections).toBe(7);
  });

  it('web socket server - a whole that is smaller than the share counts too', async () => {
    const { url, server } = await open({ connectionsMax: 1 });
    await openClient(url);
    await (await openRaw(url)).ended;
    expect(server.counts.refused).toEqual({ limit: 1, address: 0, system: 0 });
  });
});

describe('start and stop', () => {
  it('web socket server - a taken port is one sentence with the name of the setting', async () => {
    const { url } = await open();
    const port = Number(new URL(url).port);
    await expect(open({ port })).rejects.toMatchObject({
      code: 'port_in_use',
      message: `127.0.0.1:${port} is in use by another program (EADDRINUSE): stop that program, or set PORT to another port`,
    });
  });

  it('web socket server - a stop tells clients, and waits for none that does not answer', async () => {
    const { url, server } = await open();
    const client = await openClient(url);
    client.web.send('x');
    await until('the answer', () => client.texts.length === 1);
    const deaf = await openRaw(url, upgradeRequest('/'));
    const half = await openRaw(url, 'GET / HTTP/1.1\r\n');
    await until('the upgrade', () => server.counts.connections === 2);
    const startMs = performance.now();
    await server.stop();
    expect(performance.now() - startMs).toBeLessThan(1_500);
    expect(await client.closed).toEqual([1001, '']);
    await Promise.all([deaf.ended, half.ended]);
    expect(server.counts).toMatchObject({ isListening: false, connections: 0 });
  });

  it('web socket server - may be stopped without a start, twice, and during the start', async () => {
    const port = await freePort();
    const make = () =>
      new WebSocketServer(
        {
          host: '127.0.0.1',
          port,
          hostSetting: 'HOST',
          portSetting: 'PORT',
          connectionsMax: 1,
          unsentBytesMax: 1_000_000,
        },
        { clock: { monotonicMs: () => 0 }, timers: systemTimers, accept: () => null },
      );
    await make().stop();
    const server = make();
    const started = server.start();
    await server.stop();
    await started;
    await server.stop();
    expect(server.counts.isListening).toBe(false);
    const next = make();
    await next.start();
    await next.stop();
  });
});
