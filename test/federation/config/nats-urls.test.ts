import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../src/federation/config/settings.ts';
import { CodedError } from '../../../src/lib/errors.ts';

/** The sentence about a wrong NATS_URL; null if it is accepted. */
function fault(url: string): string | null {
  try {
    readSettings({ NATS_URL: url });
    return null;
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'settings_invalid') throw error;
    return error.message.split('\n  ').slice(1).join('\n');
  }
}

const ENCODE =
  /: (address 2: )?a user or a password has characters .*: percent-encode them \(@ %40, .* or set NATS_USER and NATS_PASSWORD instead$/;

describe('NATS_URL', () => {
  it.each<[string, RegExp]>([
    ['nats://a:4222,', /an empty address after the last comma: remove the comma$/],
    [',nats://a:4222', /an empty address before the first comma/],
    ['nats://a,,nats://b', /an empty address between two commas/],
    [',', /an empty address before the first comma/],
    ['localhost:4222', /begins with nats:\/\/, .* write for example nats:\/\/host:4222$/],
    ['nats:a:4222', /begins with nats:\/\//],
    ['//a:4222', /begins with nats:\/\//],
    ['nats://a,b', /^NATS_URL "nats:\/\/a,b": address 2: an address begins with/],
    [
      'http://a',
      /http:\/\/ is not spoken by a broker: write for example nats:\/\/host:4222, for WebSocket ws:/,
    ],
    ['https://a:443', /http:\/\/ is not spoken by a broker/],
    ['mqtt://a', /the scheme is none of nats, tls, ws and wss/],
    ['nats://', /the host is missing/],
    ['nats://:4222', /the host has characters/],
    ['ws:///path', /the host is missing/],
    ['nats://a:99999', /^NATS_URL "nats:\/\/a:99999": the port is not a number from 1 to 65535/],
    ['nats://a:0', /the port is not a number from 1 to 65535/],
    ['nats://a:-1', /what stands behind the host's colon is not a port/],
    ['nats://a:4222x', /is not a port/],
    ['nats://::1:4222', /an IPv6 address stands in brackets/],
    ['nats://a:4222 nats://b', /a space stands in the address|nothing may follow/],
    ['nats://a b', /a space stands in the address/],
    ['nats://${HOST}:4222', /no shell has filled in the variable/],
    ['ws://$HOST:9086', /no shell has filled in the variable/],
    ['nats://bücher.example', /write its ASCII form, which begins with xn--/],
    ['nats://*:4222', /characters that no host name has/],
    ['nats://a/path', /nothing may follow host and port/],
    ['nats://a?x=1', /nothing may follow host and port/],
    ['ws://a?x=1', /only a path may follow/],
    ['nats://a,ws://b', /mix WebSocket and plain NATS/],
  ])('NATS_URL - %s: the sentence about it', (url, sentence) => {
    expect(fault(url)).toMatch(sentence);
  });

  it.each<[string, RegExp]>([
    ['nats://me:hunter2/x@a:4222', ENCODE],
    ['nats://me:hunter2#x@a:4222', ENCODE],
    ['nats://me:hunter2?x@a:4222', ENCODE],
    ['nats://me:hunter2%x@a:4222', ENCODE],
    ['nats://me:hunter2%@a:4222', ENCODE],
    ['nats://me:hunter2%ff@a:4222', ENCODE],
    ['ws://me:hunter2\\x@a:9086', ENCODE],
    ['nats://hunter2/x@a', ENCODE],
    ['nats://me:hunter2,hunter2@a:4222', /is not a port: .*user and password end with @|percent-encode/],
    ['nats://me:x,hunter2@a:4222', /./],
    ['nats://a:4222,me:hunter2@b', ENCODE],
    ['nats://me:hunter2', /is not a port: .* user and password end with @/],
    ['me:hunter2@a', /begins with nats:/],
    ['nats://:hunter2@a', /a password stands without a user/],
    ['nats://hunter2:@a', /the password behind the user is empty: fill it in/],
    ['nats://me:hunter2@', /the host is missing/],
    ['nats://me:hunter2@a:port', /is not a port/],
    ['nats://me:hunter2@a,nats://me:hunter3@b', /different users or passwords/],
  ])('NATS_URL - %s: the sentence, without the password', (url, sentence) => {
    const said = fault(url);
    expect(said).toMatch(sentence);
    expect(said).toMatch(/^NATS_URL \(not shown\): /);
    expect(said).not.toContain('hunter2');
  });

  it('NATS_URL - an unambiguous URL is accepted, percent-encoded or not', () => {
    for (const url of [
      'nats://me:p@ss@a',
      'nats://me:p:x@a',
      'nats://me:pä ß@a',
      'nats://me:%70%23%2f%2C@a',
    ]) {
      expect(fault(url), url).toBeNull();
    }
    const { nats } = readSettings({ NATS_URL: 'nats://me:p@s:sä@a:1' }).settings;
    expect([nats.user, nats.password, nats.urls]).toEqual(['me', 'p@s:sä', ['nats://a:1']]);
  });

  it('NATS_URL - whatever the password, it is read completely or never shown', () => {
    const password = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .map((text) => `hunter2${text}`);
    fc.assert(
      fc.property(password, fc.constantFrom('nats', 'tls', 'ws', 'wss', 'http'), (secret, scheme) => {
        expect(fault(`${scheme}://me:${secret}@a:4222`) ?? '').not.toContain('hunter2');
        expect(fault(`${scheme}://me:${secret}`) ?? '').not.toContain('hunter2');
        const encoded = encodeURIComponent(secret);
        if (scheme === 'http') return;
        const { nats } = readSettings({ NATS_URL: `${scheme}://me:${encoded}@a:4222` }).settings;
        expect(nats.password).toBe(secret);
      }),
      { numRuns: 300 },
    );
  });
});
