import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FORBIDDEN_MEMBERS,
  hasForbiddenMember,
  holdsPersonalData,
  holdsPersonalText,
} from '../../../src/federation/domain/privacy.ts';
import type { Signal } from '../../../src/federation/domain/signal.ts';
import { ALL, decode, FORBIDDEN, messageOf } from './messages.ts';

const HEX_39 = 'aB12c'.repeat(8).slice(0, 39);
const ADDRESS = `0x${HEX_39}d`;

describe('personal data', () => {
  it.each([
    ['an Ethereum address', ADDRESS],
    ['in lower case', ADDRESS.toLowerCase()],
    ['in upper case', ADDRESS.toUpperCase()],
    ['of digits only', `0x${'7'.repeat(40)}`],
    ['after a word', `node-${ADDRESS}`],
    ['glued to a word', `wallet${ADDRESS}`],
    ['before a word', `${ADDRESS}-wallet`],
    ['before a letter that is no hex digit', `${ADDRESS}g`],
    ['after a longer run', `0x${HEX_39}dd ${ADDRESS}`],
    ['twice', `${ADDRESS}${ADDRESS}`],
    ['an IPv4 address', '192.168.1.10'],
    ['all zero', '0.0.0.0'],
    ['all 255', '255.255.255.255'],
    ['with a port', '10.0.0.1:8080'],
    ['with a prefix length', '10.0.0.0/8'],
    ['in a sentence', 'to 10.0.0.1. It'],
    ['at the end of a sentence', 'to 10.0.0.1.'],
    ['in a URL', 'http://10.0.0.1/x'],
    ['after a dash', 'host-10.0.0.1'],
    ['after an underscore', 'host_10.0.0.1'],
    ['after an equals sign', 'ip=10.0.0.1'],
    ['before a dash', '10.0.0.1-eth0'],
    ['an IPv6 address', '2001:db8:85a3:0:0:8a2e:370:7334'],
    ['in upper case', '2001:DB8::8A2E:370:7334'],
    ['shortened at the start', '::1'],
    ['shortened at the end', '2001:db8::'],
    ['shortened in the middle', 'fe80::1'],
    ['with a prefix length', '2001:db8::/32'],
    ['with a zone', 'fe80::1%eth0'],
    ['in brackets with a port', '[2001:db8::1]:443'],
    ['with an IPv4 tail', '64:ff9b::192.0.2.33'],
    ['in a sentence', 'to fe80::1 now'],
    ['at the end of a sentence', 'to fe80::1.'],
    ['after a dash', 'host-fe80::1'],
    ['after an equals sign', 'ip=fe80::1'],
    ['an e-mail address', 'someone@example.com'],
    ['with a plus', 'some.one+truebit@mail.example.co.uk'],
    ['in angle brackets', 'Some One <some_one@example.com>'],
  ])('personal data - %s: %s', (_what, text) => {
    expect(holdsPersonalData(text)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['a usual node id', 'node-3f0c0a54-7d0f-4b8e-9d5c-1c2f6b7a9e10'],
    ['a usual label', 'wasm'],
    ['39 hex digits', `0x${HEX_39}`],
    ['41 hex digits', `${ADDRESS}0`],
    ['a hash', `0x${'ab'.repeat(32)}`],
    ['40 hex digits without 0x', `${HEX_39}d`],
    ['40 digits broken by a letter', `0x${HEX_39}g`],
    ['a version of three numbers', '1.2.3'],
    ['a version with a tag', 'v1.2.3-rc.4'],
    ['five numbers', '1.2.3.4.5'],
    ['six numbers', '1.2.3.4.5.6'],
    ['an octet too large', '256.1.1.1'],
    ['the last octet too large', '1.1.1.256'],
    ['four digits', '1.1.1.1000'],
    ['nothing between dots', '1..2.3'],
    ['a decimal', '3.14159'],
    ['a date and time', '2026-01-15T10:30:00.000Z'],
    ['a time', '12:30'],
    ['a time with seconds', '12:30:45'],
    ['a time with milliseconds', '12:30:45.123'],
    ['a CAIP-2 chain', 'eip155:1'],
    ['a CAIP-19 asset', 'eip155:1/erc20:0xa0b8'],
    ['a chain and a number', 'cosmos:cosmoshub-4'],
    ['a port', 'localhost:8080'],
    ['a path of modules', 'std::vec'],
    ['two colons', '::'],
    ['a path of one-letter modules', 'x::y'],
    ['a path of modules of which the first is hex', 'add::numbers'],
    ['a MAC address', 'aa:bb:cc:dd:ee:ff'],
    ['seven groups', '1:2:3:4:5:6:7'],
    ['nine groups', '1:2:3:4:5:6:7:8:9'],
    ['two shortenings', '1::2::3'],
    ['an image with a tag', 'docker.io/truebit/task:1.2'],
    ['an at sign', 'task@2'],
    ['a scoped package', '@truebit/os'],
    ['a host without a domain', 'root@localhost'],
  ])('personal data - not %s: %s', (_what, text) => {
    expect(holdsPersonalData(text)).toBe(false);
  });

  // The label is a valid IPv6 address. It may be an innocent label, but no label that reads as an address is kept.
  it('personal data - a module path whose names are hex counts as an address: a::b', () => {
    expect(holdsPersonalData('a::b')).toBe(true);
  });

  it.each([
    ['IPv4 after a word and a dot', 'ip.10.0.0.1'],
    ['IPv4 after a dot', '.10.0.0.1'],
    ['IPv6 after a word and a colon', 'ipv6:2001:db8::1'],
    ['IPv6 after a word and a dot', 'host.2001:db8::1'],
    ['IPv6 before a colon', '2001:db8::1: refused'],
    ['IPv6 with a port and no brackets', '2001:db8:0:0:0:0:0:1:8080'],
    ['IPv6 before a dot and a word', '2001:db8::1.lan'],
    ['IPv4 with zeros in front', '192.168.001.001'],
  ])('personal data - an address is found beside other text, %s: %s', (_what, text) => {
    expect(holdsPersonalData(text)).toBe(true);
  });

  const around = fc.constantFrom('', ' ', '-', '/', '+', '_', 'to ', ' at');
  const expectFound = (address: fc.Arbitrary<string>) =>
    fc.assert(
      fc.property(address, around, around, (text, before, after) => {
        const isGlued = /[a-z]$/i.test(before) || /^[a-z]/i.test(after);
        if (!isGlued) expect(holdsPersonalData(`${before}${text}${after}`)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  it('personal data - every IPv4 address is found', () => expectFound(fc.ipV4()));
  it('personal data - every IPv6 address but :: is found', () =>
    expectFound(fc.ipV6().filter((text) => text !== '::')));
  it('personal data - every Ethereum address is found', () => {
    const digit = fc.constantFrom(...'0123456789abcdefABCDEF'.split(''));
    expectFound(fc.string({ unit: digit, minLength: 40, maxLength: 40 }).map((digits) => `0x${digits}`));
  });
  it('personal data - every e-mail address of usual letters is found', () => {
    const word = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,10}$/);
    expectFound(
      fc
        .tuple(word, word, fc.constantFrom('com', 'org', 'co.uk'))
        .map(([name, host, end]) => `${name}@${host}.${end}`),
    );
  });

  it('personal data - the answer never depends on earlier questions', () => {
    for (const text of [ADDRESS, '10.0.0.1', 'fe80::1', 'me@example.com']) {
      expect([1, 2, 3].map(() => holdsPersonalData(text))).toEqual([true, true, true]);
    }
  });
});

describe('privacy gate', () => {
  it.each(ALL)('privacy gate - every text of a signal of subject %i is checked', (subject) => {
    const signal = decode(subject, messageOf(subject)) as Signal;
    expect(holdsPersonalText(signal)).toBe(false);
    const texts = Object.entries(signal).filter(([, value]) => typeof value === 'string' || value === null);
    expect(texts.length).toBeGreaterThan(0);
    for (const [name] of texts) {
      expect(holdsPersonalText({ ...signal, [name]: `at ${ADDRESS}` })).toBe(true);
    }
    // A member that is added to signals later passes through the same gate.
    expect(holdsPersonalText(Object.assign({ later: '10.0.0.1' }, signal))).toBe(true);
  });
});

describe('forbidden members', () => {
  it('forbidden members - the list equals that of docs/federation.md', () => {
    expect(FORBIDDEN_MEMBERS).toEqual(FORBIDDEN);
  });

  it.each(FORBIDDEN_MEMBERS)('forbidden members - %s is found, whatever its value', (name) => {
    for (const value of ['x', '', 0, null, false, {}, []])
      expect(hasForbiddenMember({ [name]: value })).toBe(true);
    expect(hasForbiddenMember({ a: 1, [name]: 'x', b: 2 })).toBe(true);
    expect(
      hasForbiddenMember({ [`${name}_`]: 'x', [name.toUpperCase()]: 'x', nested: { [name]: 'x' } }),
    ).toBe(false);
  });

  it('forbidden members - none is found in an empty object', () => {
    expect(hasForbiddenMember({})).toBe(false);
  });
});
