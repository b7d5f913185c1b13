// The bounds of the reference backend: memory for bodies, requests that wait, refreshes of the keys, sizes of key lists.

import { writeFileSync } from 'node:fs';
import { createServer, request, type ClientRequest } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BodyRoom } from '../../../src/trades/backend/body-room.ts';
import { Intake } from '../../../src/trades/backend/intake.ts';
import { KEYS_BYTES_MAX, KeyRing, type KeySource } from '../../../src/trades/backend/key-ring.ts';
import { THREAD_REQUESTS_MAX, IngestThread } from '../../../src/trades/backend/thread-side.ts';
import { BODY_BYTES_MAX } from '../../../src/trades/domain/read-summary.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { until } from '../../support/until.ts';
import { KID, X } from '../domain/check-values.ts';
import { keyFile, signed, startBackend, testFolder } from './running.ts';

describe('room for bodies', () => {
  it('counts what a body declares, at most the longest one, and all of that without a length', () => {
    const room = new BodyRoom(2 * BODY_BYTES_MAX);
    const small = room.take('1000');
    expect(room.bytes).toBe(1_000);
    const large = room.take(String(10 * BODY_BYTES_MAX));
    expect(room.bytes).toBe(1_000 + BODY_BYTES_MAX);
    for (const length of [undefined, '-1', '1e3', 'x']) expect(room.take(length)).toBe(null);
    large?.();
    large?.();
    small?.();
    expect(room.bytes).toBe(0);
    expect(room.take(undefined)).not.toBe(null);
    expect(room.bytes).toBe(BODY_BYTES_MAX);
  });

  it('answers 503 when it is taken, and gives room back when senders hang up', async () => {
    const { url, post } = await startBackend();
    const held: ClientRequest[] = [];
    onTestFinished(() => held.forEach((each) => each.destroy()));
    const readBytes = async () =>
      /aggregator_ingest_body_bytes (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1];
    for (let at = 0; at < 4; at += 1) {
      const asked = request(`${url}/api/ingest`, {
        method: 'POST',
        headers: { 'transfer-encoding': 'chunked' },
      });
      asked.on('error', () => undefined);
      asked.write('{');
      held.push(asked);
    }
    await until('four bodies', async () => (await readBytes()) === String(4 * BODY_BYTES_MAX));
    const body = await signed({ period: [0, 1] });
    expect(await post(body)).toMatchObject({ status: 503, body: { code: 'busy' }, retryAfter: '1' });
    for (const each of held) each.destroy();
    await until('room', async () => (await readBytes()) === '0');
    expect((await post(body)).status).toBe(200);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('outcome="busy"} 1\n');
  });
});

describe('requests that wait for the thread', () => {
  it('are bounded: a further summary is busy, a further question has to come again', async () => {
    // The thread is not started, so nothing is ever answered.
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const thread = new IngestThread({ path: '/nowhere', seams: {} }, { log, fatal: () => undefined });
    for (let at = 0; at < THREAD_REQUESTS_MAX; at += 1) void thread.ingest(new Uint8Array(), null);
    expect(thread.waiting).toBe(THREAD_REQUESTS_MAX);
    expect(await thread.ingest(new Uint8Array(), null)).toBe(null);
    await expect(thread.ask('client', { client: 1 })).rejects.toMatchObject({ code: 'worker_timeout' });
    const intake = new Intake({
      clock: { monotonicMs: () => 0 },
      ingest: (body, digest) => thread.ingest(body, digest),
      keysVersion: () => 0,
      refreshKeys: async () => 'same',
    });
    expect(await intake.take(new Uint8Array(), null)).toEqual({ type: 'busy' });
    expect(intake.counts).toMatchObject({ busy: 1, stored: 0 });
  });
});

function ring(sources: readonly KeySource[]) {
  const time = new ManualTime();
  const said: string[] = [];
  const note = (sentence: string) => void said.push(sentence);
  const made = new KeyRing(sources, {
    clock: time,
    timers: time,
    log: { info: note, warn: note },
    changed: () => undefined,
  });
  onTestFinished(() => made.stop());
  return { ring: made, time, said };
}

/** A server with this list of keys; returns its address and how often it was asked. */
async function keyServer(list: () => string) {
  const seen = { asked: 0 };
  const server = createServer((_request, response) => {
    seen.asked += 1;
    response.end(list());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return { seen, source: { type: 'address', url: `http://127.0.0.1:${port}/` } as const };
}

const LIST = JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x: X, provenance: 'polled' }] });

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('keys', () => {
  it('asks an address at most 500 times at once, and then with the pace of the clock', async () => {
    const { seen, source } = await keyServer(() => LIST);
    const { ring: keys, time } = ring([source]);
    await keys.start();
    expect(await keys.refresh()).toBe('changed');
    for (let at = 1; at < 500; at += 1) expect(await keys.refresh()).toBe('same');
    expect(seen.asked).toBe(500);
    const waiting = [keys.refresh(), keys.refresh(), keys.refresh()];
    await turn();
    expect(seen.asked).toBe(500);
    await time.advance(20, turn);
    expect(await Promise.all(waiting)).toEqual(['same', 'same', 'same']);
    expect(seen.asked).toBe(501);
    expect(keys.counts).toEqual({ keys: 1, refreshes: { changed: 1, same: 500, failed: 0 } });
    // Who still waits at a stop is not held up.
    const last = keys.refresh();
    await turn();
    await keys.stop();
    expect(await last).toBe('failed');
  });

  it('reads no list beyond its size, and says once that a source fails and that it works again', async () => {
    const state = { text: ' '.repeat(KEYS_BYTES_MAX) + LIST };
    const { source } = await keyServer(() => state.text);
    const { ring: keys, said } = ring([source]);
    await keys.start();
    expect([await keys.refresh(), await keys.refresh()]).toEqual(['failed', 'failed']);
    state.text = LIST;
    expect(await keys.refresh()).toBe('changed');
    expect(said).toEqual([
      expect.stringMatching(/^keys: the address of the JWK set gives no keys \(.*\): name with --keys/),
      'keys: summaries of 1 key are taken',
      'keys: every source can be read again',
    ]);
    const folder = testFolder();
    const path = join(folder, 'large.json');
    writeFileSync(path, ' '.repeat(KEYS_BYTES_MAX) + LIST);
    await expect(ring([{ type: 'file', path, isOptional: false }]).ring.start()).rejects.toMatchObject({
      message: expect.stringContaining('it is too large') as string,
    });
  });

  it('keeps the keys of a service that goes away, and takes what the list says of a key that the file has', async () => {
    const folder = testFolder();
    const state = { text: LIST };
    const { source } = await keyServer(() => state.text);
    const changes: unknown[] = [];
    const time = new ManualTime();
    const keys = new KeyRing([keyFile(folder), source], {
      clock: time,
      timers: time,
      log: { info: () => undefined, warn: () => undefined },
      changed: (all) => changes.push(all),
    });
    onTestFinished(() => keys.stop());
    await keys.start();
    await keys.refresh();
    state.text = 'away';
    expect(await keys.refresh()).toBe('same');
    expect(changes).toEqual([
      [{ kid: KID, x: X, provenance: null }],
      [{ kid: KID, x: X, provenance: 'polled' }],
    ]);
  });
});
