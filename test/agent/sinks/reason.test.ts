import { describe, expect, it } from 'vitest';
import { plainReason, REASON_CHARACTERS_MAX, reasonOf } from '../../../src/agent/sinks/reason.ts';

describe('reason', () => {
  it.each<[string, unknown, string]>([
    ['an error', new Error('connection refused'), 'connection refused'],
    [
      'a file that is not there',
      Object.assign(new Error("ENOENT: no such file, open '/home/op/secret.creds'"), {
        code: 'ENOENT',
        path: '/home/op/secret.creds',
      }),
      'a file that FEDERATION_NATS_… names cannot be read (ENOENT)',
    ],
    [
      'a certificate that is not there, in the words of the client',
      new Error("/home/op/ca.pem doesn't exist"),
      'a file that FEDERATION_NATS_… names cannot be read (ENOENT)',
    ],
    ['no error', 7, 'unknown error'],
    ['an address of a wallet', new Error(`no 0x${'aB'.repeat(20)} here`), 'no 0x… here'],
    ['control characters', new Error('a\u001b[31m\nb\u0007'), 'a [31m b '],
  ])('reason - of %s', (_what, error, reason) => {
    expect(reasonOf(error)).toBe(reason);
  });

  it('reason - a long text of the broker is cut', () => {
    expect(plainReason('x'.repeat(REASON_CHARACTERS_MAX))).toBe('x'.repeat(REASON_CHARACTERS_MAX));
    expect(plainReason('x'.repeat(10_000))).toBe(`${'x'.repeat(REASON_CHARACTERS_MAX)}…`);
  });
});
