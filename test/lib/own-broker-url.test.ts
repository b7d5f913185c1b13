import { describe, expect, it } from 'vitest';
import { ownBrokerUrl } from '../../src/lib/own-broker-url.ts';

describe('own broker address', () => {
  it.each([
    [{}, 'nats://127.0.0.1:4222'],
    [{ EMBEDDED_NATS_PORT: '4322' }, 'nats://127.0.0.1:4322'],
    [{ EMBEDDED_NATS_PORT: ' 4322 ', EMBEDDED_NATS_HOST: '0.0.0.0' }, 'nats://127.0.0.1:4322'],
    [{ EMBEDDED_NATS_HOST: '10.0.0.5', EMBEDDED_NATS: 'on' }, 'nats://10.0.0.5:4222'],
    [{ EMBEDDED_NATS_HOST: '::1', EMBEDDED_NATS_PORT: '81' }, 'nats://[::1]:81'],
    [{ EMBEDDED_NATS_PORT: 'rubbish' }, 'nats://127.0.0.1:4222'],
    [{ EMBEDDED_NATS: 'off', EMBEDDED_NATS_PORT: '4322' }, 'nats://127.0.0.1:4222'],
  ])('own broker address - of %j is %s', (env, url) => {
    expect(ownBrokerUrl(env)).toBe(url);
  });
});
