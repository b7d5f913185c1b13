import { linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  LINK_SIGN_MS,
  LINK_SILENCE_MS,
  LINK_UNSENT_BYTES,
  type LinkEnd,
  type LinkPeer,
  type LinkSession,
} from '../../src/io/local-link.ts';
import { LocalLinkClient } from '../../src/io/local-link-client.ts';
import { LINK_CONNECTIONS_MAX, LocalLinkServer } from '../../src/io/local-link-server.ts';
import { FrameReader, frameOf } from '../../src/io/local-link-frames.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemTimers } from '../../src/lib/timers.ts';
import { ManualTime } from '../support/manual-time.ts';
import { until } from '../support/until.ts';

const MESSAGE_BYTES_MAX = 1_048_576;
const SYSTEM = { clock: systemClock, timers: systemTimers };

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'link-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'l.sock');
}

/** One end of a link with what it heard. */
class End {
  readonly messages: unknown[] = [];
  readonly ends: LinkEnd[] = [];
  peers: LinkPeer[] = [];

  take(peer: LinkPeer): LinkSession {
    this.peers.push(peer);
    return {
      message: (message) => void this.messages.push(message),
      closed: (end) => void this.ends.push(end),
    };
  }

  get peer(): LinkPeer {
    const peer = this.peers.at(-1);
    if (peer === undefined) throw new Error('not connected');
    return peer;
  }
}

async function serve(path: string, time: typeof SYSTEM = SYSTEM, messageBytesMax = MESSAGE_BYTES_MAX) {
  const end = new End();
  const parts = { ...time, messageBytesMax, accept: (peer: LinkPeer) => end.take(peer) };
  const server = new LocalLinkServer({ path, setting: 'TEST_SOCKET' }, parts);
  await server.start();
  let isStopped = false;
  const stop = async () => {
    if (!isStopped) await server.stop();
    isStopped = true;
  };
  onTestFinished(stop);
  return { end, stop };
}

async function link(path: string, time: typeof SYSTEM = SYSTEM) {
  const end = new End();
  const failures: string[] = [];
  const client = new LocalLinkClient(path, {
    ...time,
    messageBytesMax: MESSAGE_BYTES_MAX,
    connected: (peer) => end.take(peer),
    unreachable: (code) => void failures.push(code),
    random: () => 0,
  });
  await client.start();
  onTestFinished(() => client.stop());
  return { end, client, failures };
}

/** A connection of raw bytes. */
async function raw(path: string): Promise<Socket> {
  const socket = connect(path);
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return socket;
}

const listen = (server: Server, path: string) =>
  new Promise<void>((resolve) => server.listen(path, () => resolve()));

describe('local link', () => {
  it('local link - both ends send messages of any JSON value, in order', async () => {
    const path = newPath();
    const server = await serve(path);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    const client = await link(path);
    await until('the connection', () => server.end.peers[0]);
    for (let number = 0; number < 200; number++) {
      void client.end.peer.send({ number, text: 'ä€\n'.repeat(number) });
      void server.end.peer.send([number]);
    }
    await until('all', () => server.end.messages.length === 200 && client.end.messages.length === 200);
    expect(server.end.messages[199]).toEqual({ number: 199, text: 'ä€\n'.repeat(199) });
    expect(client.end.messages).toEqual(Array.from({ length: 200 }, (_, number) => [number]));
  });

  it('local link - a stream cut at every byte gives whole messages only, and the same ones', () => {
    const frames = [{ a: 1 }, { b: 'ä€' }, {}].map((message) => frameOf(message, 100));
    const bytes = Buffer.concat([Buffer.alloc(4), ...frames, Buffer.alloc(4)]);
    for (let at = 0; at <= bytes.length; at++) {
      const reader = new FrameReader(100);
      const messages: unknown[] = [];
      for (const piece of [bytes.subarray(0, at), bytes.subarray(at)]) {
        reader.push(piece);
        for (let next = reader.next(); next !== undefined; next = reader.next()) messages.push(next);
      }
      expect(messages).toEqual([{ a: 1 }, { b: 'ä€' }, {}]);
    }
    const reader = new FrameReader(100);
    const messages: unknown[] = [];
    for (const byte of bytes) {
      reader.push(Buffer.of(byte));
      const next = reader.next();
      if (next !== undefined) messages.push(next);
    }
    expect(messages).toHaveLength(3);
  });

  it('local link - a socket that a dead process left is replaced, a held one and a strange file are not', async () => {
    const path = newPath();
    const dead = createServer();
    await listen(dead, path);
    // The file stays, as after a kill.
    const stale = `${path}.stale`;
    linkSync(path, stale);
    dead.close();
    const server = await serve(stale);
    await expect(serve(stale)).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining('TEST_SOCKET'),
    });
    await until('the end of the look', () => server.end.ends[0]);
    writeFileSync(path, 'a file');
    await expect(serve(path)).rejects.toMatchObject({ code: 'listen_failed' });
    await expect(serve(join(path, 'x'.repeat(120)))).rejects.toMatchObject({
      code: 'settings_invalid',
      message: expect.stringMatching(/^TEST_SOCKET .* 107 bytes/),
    });
  });

  it('local link - connects again after each end, also before anybody listens', async () => {
    const path = newPath();
    const client = await link(path);
    await until('a failed attempt', () => client.failures.length > 1);
    expect(client.failures[0]).toBe('ENOENT');
    for (let round = 1; round <= 3; round++) {
      const server = await serve(path);
      await until('the connection', () => server.end.peers[0]);
      await server.stop();
      await until('its end', () => client.end.ends.length === round);
    }
    expect(client.end.ends).toEqual(['peer', 'peer', 'peer']);
    await expect(client.end.peer.send({})).resolves.toBe(false);
  });

  it.each([
    ['rubbish', Buffer.from([0, 0, 0, 2, 0x7b, 0x7b]), 'rubbish'],
    ['text that is not UTF-8', Buffer.from([0, 0, 0, 3, 0x22, 0xff, 0x22]), 'rubbish'],
    ['a length over the limit', Buffer.from([0, 0x10, 0, 1]), 'too_big'],
  ] as const)('local link - %s ends the connection', async (_name, bytes, end) => {
    const path = newPath();
    const server = await serve(path);
    const socket = await raw(path);
    socket.write(frameOf({ first: 1 }, 100));
    socket.write(bytes);
    await until('the end', () => server.end.ends[0]);
    expect([server.end.messages, server.end.ends]).toEqual([[{ first: 1 }], [end]]);
  });

  it('local link - a message at the limit is sent, and a longer one is refused', async () => {
    const path = newPath();
    const server = await serve(path, SYSTEM, 100);
    const socket = await raw(path);
    await until('the connection', () => server.end.peers[0]);
    const text = (bytes: number) => ({ t: 'x'.repeat(bytes - 8) });
    await expect(server.end.peer.send(text(100))).resolves.toBe(true);
    await expect(server.end.peer.send(text(101))).rejects.toMatchObject({ kind: 'too_big' });
    socket.write(frameOf(text(100), 100));
    await until('the message', () => server.end.messages[0]);
    expect(server.end.ends).toEqual([]);
  });

  it('local link - a sender waits while its peer reads nothing, and goes on when it reads', async () => {
    const path = newPath();
    const server = await serve(path);
    const socket = await raw(path);
    socket.pause();
    await until('the connection', () => server.end.peers[0]);
    const message = { t: 'x'.repeat(MESSAGE_BYTES_MAX - 8) };
    let sent = 0;
    const waits: Promise<boolean>[] = [];
    for (; sent * MESSAGE_BYTES_MAX <= LINK_UNSENT_BYTES / 2; sent++)
      waits.push(server.end.peer.send(message));
    await expect(Promise.all(waits)).resolves.toEqual(waits.map(() => true));
    // The kernel takes a part.
    let isWaiting = false;
    while (!isWaiting && sent++ < 20) {
      const wait = server.end.peer.send(message);
      waits.push(wait);
      isWaiting = (await Promise.race([wait.then(() => 'sent'), turn('waits')])) === 'waits';
    }
    expect([isWaiting, server.end.ends]).toEqual([true, []]);
    socket.resume();
    await expect(Promise.all(waits)).resolves.toEqual(waits.map(() => true));
  });

  it('local link - a peer for which too much waits is closed, and so are its senders told', async () => {
    const path = newPath();
    const server = await serve(path, SYSTEM, 65_536);
    const socket = await raw(path);
    socket.pause();
    await until('the connection', () => server.end.peers[0]);
    const answers: Promise<boolean>[] = [];
    for (let sent = 0; sent < 200; sent++) answers.push(server.end.peer.send({ t: 'x'.repeat(65_528 - 8) }));
    await until('the end', () => server.end.ends[0]);
    expect(server.end.ends).toEqual(['slow_reader']);
    expect((await Promise.all(answers)).at(-1)).toBe(false);
  });

  it('local link - signs of life keep a quiet link, and a silent peer is closed', async () => {
    const path = newPath();
    const time = new ManualTime();
    const both = { clock: time, timers: time };
    const server = await serve(path, both);
    const client = await link(path, both);
    await until(
      'the connection',
      () => server.end.peers[0] !== undefined && client.end.peers[0] !== undefined,
    );
    const settle = async () => {
      for (let turns = 0; turns < 20; turns++) await turn();
    };
    await time.advance(10 * LINK_SILENCE_MS, settle);
    expect([server.end.ends, client.end.ends]).toEqual([[], []]);
    const socket = await raw(path);
    await until('the silent one', () => server.end.peers[1]);
    await time.advance(LINK_SILENCE_MS + LINK_SIGN_MS, settle);
    await until('its end', () => server.end.ends[0]);
    expect(server.end.ends).toEqual(['silent']);
    socket.destroy();
  });

  it('local link - further connections than the limit are closed, and an end lets the next one in', async () => {
    const path = newPath();
    const server = await serve(path);
    const sockets: Socket[] = [];
    for (let each = 0; each < LINK_CONNECTIONS_MAX; each++) sockets.push(await raw(path));
    await until('all', () => server.end.peers.length === LINK_CONNECTIONS_MAX);
    const further = await raw(path);
    await new Promise<void>((resolve) => {
      further.once('close', () => resolve());
      further.resume();
    });
    sockets[0]?.destroy();
    await until('an end', () => server.end.ends[0]);
    await raw(path);
    await until('the next one', () => server.end.peers.length === LINK_CONNECTIONS_MAX + 1);
  });

  it('local link - what was sent before a closing arrives', async () => {
    const path = newPath();
    const server = await serve(path);
    const client = await link(path);
    await until('the connection', () => server.end.peers[0]);
    void server.end.peer.send({ last: 'x'.repeat(500_000) });
    server.end.peer.close('rubbish');
    await until('the end', () => client.end.ends[0]);
    expect(client.end.messages).toHaveLength(1);
    expect([server.end.ends, client.end.ends]).toEqual([['rubbish'], ['peer']]);
  });
});
