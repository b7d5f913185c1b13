// `POST /api/ingest` of the reference backend over real sockets, with a real file.

import { writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { defaultKeys } from '../../../src/trades/backend/backend.ts';
import { withSignature } from '../../../src/trades/domain/canonical.ts';
import { FIRST, SECOND, SIGNING_KEY, X } from '../domain/check-values.ts';
import { bucket, keyFile, signed, startBackend, testFolder } from './running.ts';

const FIRST_BODY = withSignature(FIRST.text, FIRST.signature);
const SECOND_BODY = withSignature(SECOND.text, SECOND.signature);
const DAMAGED = FIRST_BODY.replace('"trades":3', '"trades":4');

describe('ingest - answers', () => {
  it('takes both check values once, and the plain form of the second', async () => {
    const backend = await startBackend();
    for (const [body, digest] of [
      [FIRST_BODY, FIRST.digest],
      [SECOND_BODY, SECOND.digest],
      [withSignature(SECOND.text, SECOND.plain.signature), SECOND.plain.digest],
    ] as const) {
      expect(await backend.post(body)).toEqual({ status: 200, body: { ok: true, digest }, retryAfter: null });
      expect(await backend.post(body)).toMatchObject({ status: 409, body: { ok: true, digest } });
    }
    expect(await backend.get('/api/ingest/health')).toMatchObject({ clients: 2, summaries: 3 });
  });

  it('takes a body under any content type, and with the right idempotency key', async () => {
    const backend = await startBackend();
    const headers = { 'content-type': 'nonsense;', 'idempotency-key': FIRST.digest };
    expect((await backend.post(FIRST_BODY, headers)).status).toBe(200);
    const wrong = await backend.post(SECOND_BODY, { 'idempotency-key': FIRST.digest });
    expect(wrong).toMatchObject({ status: 400, body: { code: 'wrong_idempotency_key' } });
    expect(await backend.get('/api/ingest/health')).toMatchObject({ summaries: 1 });
  });

  it('refuses what is no summary or not genuine, in words of its own', async () => {
    const backend = await startBackend();
    for (const [body, status, code] of [
      ['', 400, 'bad_summary'],
      ['{}', 400, 'bad_summary'],
      ['not JSON', 400, 'bad_summary'],
      [FIRST_BODY.replace('{', '{"client_id":"planted",'), 400, 'bad_summary'],
      [DAMAGED, 401, 'unknown_key'],
      [SECOND_BODY.replace('"trades":1', '"trades":2'), 401, 'wrong_signature'],
      [SECOND_BODY.replace('kPrK', 'kPrX'), 401, 'unknown_key'],
    ] as const) {
      const reply = await backend.post(body);
      expect(reply).toEqual({
        status,
        body: { error: expect.any(String) as string, code },
        retryAfter: null,
      });
      expect(JSON.stringify(reply)).not.toContain('planted');
    }
    expect(await backend.get('/api/ingest/health')).toMatchObject({ summaries: 0, clients: 0 });
  });

  it('refuses every flipped byte of a summary', async () => {
    const backend = await startBackend();
    const bytes = Buffer.from(SECOND_BODY);
    const taken: number[] = [];
    const statuses = new Set<number>();
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      const { status } = await backend.post(flipped);
      statuses.add(status);
      if (status < 400) taken.push(at);
    }
    expect(taken).toEqual([]);
    expect(statuses).toEqual(new Set([400, 401]));
    expect(await backend.get('/api/ingest/health')).toMatchObject({ summaries: 0, clients: 0 });
  });

  it('answers 413 to a body over 32 MiB, with and without its length', async () => {
    const { url, get } = await startBackend();
    const answer = (headers: Record<string, string | number>) =>
      new Promise((resolve, reject) => {
        const asked = request(`${url}/api/ingest`, { method: 'POST', headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        // The backend closes the connection before all is sent.
        asked.on('error', (error) => ('code' in error && error.code === 'EPIPE' ? undefined : reject(error)));
        asked.write(Buffer.alloc(33_554_433));
        asked.end();
      });
    expect(await answer({ 'content-length': 33_554_433 })).toBe(413);
    expect(await answer({ 'transfer-encoding': 'chunked' })).toBe(413);
    expect(await get('/api/ingest/health')).toMatchObject({ summaries: 0 });
    // The room that both had is free again.
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('aggregator_ingest_body_bytes 0\n');
    expect(metrics).toContain('outcome="body_too_large"} 2\n');
  });
});

describe('ingest - keys', () => {
  it('asks the service for a key that is not known, once for many summaries', async () => {
    let asked = 0;
    let keys: object[] = [];
    const service = createServer((_request, response) => {
      asked += 1;
      response.end(JSON.stringify({ keys }));
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void service.close());
    const address = service.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const folder = testFolder();
    const backend = await startBackend({
      databasePath: join(folder, 'a.db'),
      keys: defaultKeys(join(folder, 'none.key'), `http://127.0.0.1:${port}`),
    });
    // The list is empty: the summary must be sent again, and is not given up.
    expect(await backend.post(SECOND_BODY)).toMatchObject({
      status: 503,
      body: { code: 'keys_unavailable' },
      retryAfter: '5',
    });
    keys = [{ kty: 'OKP', crv: 'Ed25519', x: X, provenance: 'polled' }];
    asked = 0;
    const bodies = await Promise.all([0, 1, 2, 3, 4, 5].map((at) => signed({ period: [at, at + 1] })));
    const replies = await Promise.all(bodies.map((body) => backend.post(body)));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    expect(asked).toBeLessThan(3);
    // This key signs what was polled, and nothing that a client reports.
    const reported = await signed({ period: [0, 1], metadata: { provenance: 'client_reported' } });
    expect(await backend.post(reported)).toMatchObject({ status: 401, body: { code: 'unknown_key' } });
  });

  it('takes the key of the key file that appears later, and knows it before the service is there', async () => {
    const folder = testFolder();
    const path = join(folder, 'ed25519_private.key');
    const backend = await startBackend({
      databasePath: join(folder, 'a.db'),
      keys: defaultKeys(path, 'http://127.0.0.1:9'),
    });
    expect((await backend.post(FIRST_BODY)).status).toBe(503);
    writeFileSync(path, SIGNING_KEY.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect((await backend.post(FIRST_BODY)).status).toBe(200);
    // With the file the service is not needed, and a wrong signature is refused for good.
    expect((await backend.post(DAMAGED)).status).toBe(401);
  });

  it.each([
    ['no file', 'nowhere.json', null],
    ['no key', 'empty.json', '{"keys":[]}'],
    ['no text', 'binary.pem', '\0\0'],
  ])('does not start with a key file that has %s', async (_name, file, text) => {
    const folder = testFolder();
    const path = join(folder, file);
    if (text !== null) writeFileSync(path, text);
    const starting = startBackend({
      databasePath: join(folder, 'a.db'),
      keys: [{ type: 'file', path, isOptional: false }],
    });
    await expect(starting).rejects.toMatchObject({
      code: 'settings_invalid',
      message: expect.stringContaining('--keys') as string,
    });
  });
});

describe('ingest - bounds', () => {
  it('refuses a further client until there is room, and takes known ones', async () => {
    const backend = await startBackend({ seams: { clientsMax: 2 } });
    const of = (clientId: string, at: number) => signed({ clientId, period: [at, at + 1] });
    expect((await backend.post(await of('a', 0))).status).toBe(200);
    expect((await backend.post(await of('b', 0))).status).toBe(200);
    expect(await backend.post(await of('c', 0))).toMatchObject({
      status: 503,
      body: { code: 'clients_full' },
      retryAfter: '300',
    });
    expect((await backend.post(await of('a', 1))).status).toBe(200);
    expect(await backend.get('/api/ingest/health')).toMatchObject({ clients: 2, summaries: 3 });
  });

  it('answers 503 while the disk is full, stores nothing of the summary, and goes on when there is room', async () => {
    const pagesMax = new Int32Array(new SharedArrayBuffer(4));
    const folder = testFolder();
    const backend = await startBackend({
      databasePath: join(folder, 'a.db'),
      keys: [keyFile(folder)],
      seams: { pagesMax },
    });
    expect((await backend.post(FIRST_BODY)).status).toBe(200);
    pagesMax[0] = 1;
    const buckets = Array.from({ length: 2_000 }, (_, at) => bucket(at, 0));
    const large = await signed({ period: [0, 2_000], buckets });
    expect(await backend.post(large)).toMatchObject({
      status: 503,
      body: { code: 'database_unusable' },
      retryAfter: '10',
    });
    expect((await fetch(`${backend.url}/readyz`)).status).toBe(503);
    expect(await backend.get('/api/ingest/health')).toMatchObject({ clients: 1, summaries: 1 });
    pagesMax[0] = 0;
    expect((await backend.post(large)).status).toBe(200);
    expect((await fetch(`${backend.url}/readyz`)).status).toBe(200);
    expect(await backend.get('/api/ingest/health')).toMatchObject({ clients: 2, summaries: 2 });
    const said = backend.said.join('\n');
    expect(said).toMatch(/ingest database: .*the disk is full/);
    expect(said).not.toContain('account-1');
  });
});
