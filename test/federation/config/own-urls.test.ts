import { describe, expect, it } from 'vitest';
import { ownBrokerUrls, ownHttpUrl } from '../../../src/federation/config/own-urls.ts';

describe('own addresses', () => {
  it.each([
    [{}, 'http://127.0.0.1:8080'],
    [{ HTTP_PORT: '18611' }, 'http://127.0.0.1:18611'],
    [{ HTTP_PORT: ' 9000\t', HTTP_HOST: '0.0.0.0' }, 'http://127.0.0.1:9000'],
    [{ HTTP_HOST: '10.0.0.5' }, 'http://10.0.0.5:8080'],
    [{ HTTP_HOST: '::1', HTTP_PORT: '81' }, 'http://[::1]:81'],
    [{ HTTP_HOST: '::', HTTP_PORT: ' ' }, 'http://127.0.0.1:8080'],
    [{ HTTP_HOST: '0:0:0:0:0:0:0:0' }, 'http://127.0.0.1:8080'],
    [{ HTTP_HOST: 'localhost' }, 'http://127.0.0.1:8080'],
    [{ HTTP_HOST: 'fe80::1%eth0' }, 'http://[fe80::1%eth0]:8080'],
    [{ HTTP_PORT: '81', NATS_URL: 'wrong', WORKERS: 'none', NATS_CA: '/no/such' }, 'http://127.0.0.1:81'],
  ])('own addresses - for HTTP settings %j the address is %s', (env, url) => {
    expect(ownHttpUrl(env)).toBe(url);
  });

  it.each([
    [
      { HTTP_PORT: 'rubbish' },
      'settings_invalid',
      /^1 setting is wrong:\n {2}HTTP_PORT "rubbish": allowed is/,
    ],
    [{ HTTP_HOST: '"::1"', HTTP_PORT: '1e3' }, 'settings_invalid', /^2 settings are wrong:/],
    [{ HTTP_PORT: '0' }, 'usage', /^HTTP_PORT 0: the port was chosen when the program started/],
  ])('own addresses - for HTTP settings %j no address is guessed', (env, code, message) => {
    expect(() => ownHttpUrl(env)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it.each([
    [{}, 'nats://127.0.0.1:4222'],
    [{ EMBEDDED_NATS_PORT: '4322' }, 'nats://127.0.0.1:4322'],
    [{ EMBEDDED_NATS_PORT: ' 4322 ', EMBEDDED_NATS_HOST: '0.0.0.0' }, 'nats://127.0.0.1:4322'],
    [{ EMBEDDED_NATS_HOST: '10.0.0.5', EMBEDDED_NATS: 'On' }, 'nats://10.0.0.5:4222'],
    [{ EMBEDDED_NATS_HOST: '::1', EMBEDDED_NATS_PORT: '81' }, 'nats://[::1]:81'],
    [{ EMBEDDED_NATS: 'off', EMBEDDED_NATS_PORT: '4322' }, 'nats://localhost:4222'],
    [{ EMBEDDED_NATS: ' OFF ', EMBEDDED_NATS_PORT: '4322' }, 'nats://localhost:4222'],
    [{ NATS_URL: ' nats://me:hunter2@a ', EMBEDDED_NATS_PORT: '4322' }, 'nats://a'],
  ])('own addresses - for broker settings %j the address is %s', (env, url) => {
    expect(ownBrokerUrls(env)).toEqual([url]);
  });

  it.each([[{ EMBEDDED_NATS_PORT: 'rubbish' }], [{ EMBEDDED_NATS: 'no' }], [{ NATS_URL: 'a' }]])(
    'own addresses - for broker settings %j no address is guessed',
    (env) => {
      expect(() => ownBrokerUrls(env)).toThrow(expect.objectContaining({ code: 'settings_invalid' }));
    },
  );
});
