import { describe, expect, it } from 'vitest';
import { listenFault } from '../../src/lib/listen-fault.ts';

const SETTINGS = { hostSetting: 'HTTP_HOST', portSetting: 'HTTP_PORT' };

function fault(code: string, host: string, port = 8080) {
  return listenFault(Object.assign(new Error(`listen ${code}`), { code }), { host, port, ...SETTINGS });
}

describe('listen fault', () => {
  it.each([
    [
      'EADDRINUSE',
      '::1',
      8080,
      'place',
      /^\[::1\]:8080 is in use .*: stop that program, or set HTTP_PORT to another port$/,
    ],
    [
      'EACCES',
      '0.0.0.0',
      80,
      'place',
      /^This user may not listen at 0\.0\.0\.0:80 .*: set HTTP_PORT to a port above 1023$/,
    ],
    ['EACCES', '0.0.0.0', 8080, 'place', /: let this user listen there, or set HTTP_PORT to another port$/],
    ['EPERM', '0.0.0.0', 8080, 'place', /^This user may not listen/],
    [
      'EADDRNOTAVAIL',
      '192.0.2.1',
      8080,
      'setting',
      /^HTTP_HOST "192\.0\.2\.1" is not an address of this machine \(E\w+\): set HTTP_HOST to 127/,
    ],
    [
      'EADDRNOTAVAIL',
      '::1',
      8080,
      'setting',
      /this machine, or IPv6 is off here \(.*\): set HTTP_HOST to 127\.0\.0\.1 or 0/,
    ],
    [
      'EAFNOSUPPORT',
      '::',
      8080,
      'setting',
      /^HTTP_HOST "::" .* IPv6 is off here \(EAFNOSUPPORT\): set HTTP_HOST to 0\.0\.0\.0$/,
    ],
    [
      'EINVAL',
      'fe80::1',
      8080,
      'setting',
      /is link-local and names no interface \(EINVAL\): write .* fe80::1%eth0$/,
    ],
    [
      'EINVAL',
      'FE80::1%nope',
      8080,
      'setting',
      /names an interface that this machine does not have .* FE80::1%eth0$/,
    ],
    ['EINVAL', '127.0.0.1', 8080, 'setting', /cannot be listened on \(EINVAL\): set HTTP_HOST/],
    [
      'ENOTFOUND',
      'nowhere',
      8080,
      'setting',
      /^HTTP_HOST "nowhere" is a name without an address at the moment \(ENOTFOUND\)/,
    ],
    [
      'EAI_AGAIN',
      'nowhere',
      8080,
      'setting',
      /without an address at the moment \(EAI_AGAIN\): set HTTP_HOST/,
    ],
    ['EAI_FAIL', 'nowhere', 8080, 'setting', /without an address at the moment/],
    ['ERR_SOCKET_BAD_PORT', '::', 70_000, 'setting', /^HTTP_PORT 70000 is not a port/],
    ['EMFILE', '::', 8080, 'machine', /too many files are open \(EMFILE\): raise the limit/],
    [
      'EOPNOTSUPP',
      '::',
      8080,
      'machine',
      /^Cannot listen at \[::\]:8080 \(EOPNOTSUPP\): check HTTP_HOST and HTTP_PORT/,
    ],
  ] as const)('listen fault - %s of %s:%i', (code, host, port, blame, sentence) => {
    const found = fault(code, host, port);
    expect(found.blame).toBe(blame);
    expect(found.sentence).toMatch(sentence);
    expect(found.sentence).toContain(`(${code})`);
    expect(found.sentence).not.toContain('\n');
  });

  it('listen fault - an error without a code gives a sentence too', () => {
    const { blame, sentence } = listenFault(new Error('x'), { host: 'a', port: 1, ...SETTINGS });
    expect([blame, sentence]).toEqual([
      'machine',
      expect.stringMatching(/^Cannot listen at a:1 \(no code\): /),
    ]);
  });
});
