// The routes of the receivers: who may see them, and who may post a test.

import { describe, expect, it } from 'vitest';
import { type ApiKey, KeyBook, type Permission } from '../../../src/federation/domain/api-keys.ts';
import { keyHashOf, keyIdOf, newApiKey } from '../../../src/federation/domain/message-signature.ts';
import type { NotificationsView, TestAnswer } from '../../../src/federation/http/notifications.ts';
import { createServer } from './parts.ts';

const [reader, chief] = [newApiKey(), newApiKey()];

function keyOf(text: string, permissions: readonly Permission[]): ApiKey {
  const keyHash = keyHashOf(text);
  const times = { createdAtMs: 0, revokedAtMs: null, createdEventMs: 0, revokedEventMs: null };
  return {
    keyId: keyIdOf(keyHash),
    keyHash,
    name: 'test',
    nodeId: null,
    permissions,
    ratePerMinute: 60,
    ...times,
  };
}

const BOOK = new KeyBook([keyOf(reader, ['subscribe']), keyOf(chief, ['admin'])]);
const VIEW: NotificationsView = {
  receivers: [
    {
      name: 'ops',
      form: 'slack',
      sent: 3,
      failed: 1,
      dropped: 0,
      waiting: 2,
      problem: 'status 503',
      lastSentAt: '2026-01-15T10:30:00.000Z',
    },
  ],
};
const ANSWER: TestAnswer = {
  name: 'ops',
  form: 'slack',
  isTaken: true,
  status: 200,
  reason: null,
  tookMs: 12,
};

async function start(
  apiAuth: 'open' | 'required' = 'open',
  test = async (name: string | null) => (name === 'x' ? [] : [ANSWER]),
) {
  const asked: (string | null)[] = [];
  const server = createServer(
    {
      findKey: (keyId) => BOOK.find(keyId),
      notifications: () => VIEW,
      testNotifications: (name) => {
        asked.push(name);
        return test(name);
      },
    },
    { apiAuth },
  );
  const { url } = await server.start();
  const post = async (query = '', key: string | null = chief) => {
    const headers = key === null ? {} : { authorization: `Bearer ${key}` };
    const response = await fetch(`${url}/api/federation/notifications/test${query}`, {
      method: 'POST',
      headers,
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { url, post, asked };
}

describe('notifications over HTTP', () => {
  it('notifications - the receivers are listed to those who may read', async () => {
    const { url } = await start();
    expect(await (await fetch(`${url}/api/federation/notifications`)).json()).toEqual(VIEW);
    const closed = await start('required');
    const statusWith = async (headers: Readonly<Record<string, string>>) =>
      (await fetch(`${closed.url}/api/federation/notifications`, { headers })).status;
    expect(await statusWith({})).toBe(401);
    expect(await statusWith({ authorization: `Bearer ${reader}` })).toBe(200);
  });

  it('notifications - only a key with the permission admin posts a test, also if all may read', async () => {
    for (const apiAuth of ['open', 'required'] as const) {
      const { url, post, asked } = await start(apiAuth);
      expect(await post('', null)).toMatchObject({
        status: 401,
        body: { error: { code: 'unauthenticated' } },
      });
      expect(await post('', newApiKey())).toMatchObject({ status: 401 });
      expect(await post('', reader)).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } });
      expect(asked).toEqual([]);
      expect(await post()).toEqual({ status: 200, body: { receivers: [ANSWER] } });
      expect(await post('?receiver=ops')).toMatchObject({ status: 200 });
      expect(await post('?receiver=x')).toMatchObject({ status: 404 });
      expect(await post('?receiver=')).toMatchObject({
        status: 400,
        body: { error: { code: 'bad_receiver' } },
      });
      expect(asked).toEqual([null, 'ops', 'x']);
      const get = await fetch(`${url}/api/federation/notifications/test`, {
        headers: { authorization: `Bearer ${chief}` },
      });
      expect(get.status).toBe(405);
    }
  });

  it('notifications - a page of another site can post no test from a browser', async () => {
    const { url } = await start();
    const preflight = await fetch(`${url}/api/federation/notifications/test`, { method: 'OPTIONS' });
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, HEAD');
  });

  it('notifications - one test is made at a time', async () => {
    const { promise, resolve } = Promise.withResolvers<readonly TestAnswer[]>();
    const { post, asked } = await start('open', () => promise as Promise<TestAnswer[]>);
    const first = post();
    await expect.poll(() => asked.length).toBe(1);
    expect(await post()).toMatchObject({ status: 409, body: { error: { code: 'test_busy' } } });
    resolve([ANSWER]);
    expect(await first).toMatchObject({ status: 200 });
  });
});
