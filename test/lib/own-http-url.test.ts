import { describe, expect, it } from 'vitest';
import { ownHttpUrl } from '../../src/lib/own-http-url.ts';

describe('own HTTP address', () => {
  it.each([
    [{}, 'http://127.0.0.1:8080'],
    [{ HTTP_PORT: '18611' }, 'http://127.0.0.1:18611'],
    [{ HTTP_PORT: ' 9000 ', HTTP_HOST: '0.0.0.0' }, 'http://127.0.0.1:9000'],
    [{ HTTP_HOST: '10.0.0.5' }, 'http://10.0.0.5:8080'],
    [{ HTTP_HOST: '::1', HTTP_PORT: '81' }, 'http://[::1]:81'],
    [{ HTTP_HOST: '::', HTTP_PORT: '0' }, 'http://127.0.0.1:8080'],
    [{ HTTP_PORT: 'rubbish' }, 'http://127.0.0.1:8080'],
  ])('own HTTP address - of %j is %s', (env, url) => {
    expect(ownHttpUrl(env)).toBe(url);
  });
});
