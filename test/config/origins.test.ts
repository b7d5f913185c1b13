import { describe, expect, it } from 'vitest';
import { frameOrigins, ORIGINS_MAX } from '../../src/config/origins.ts';

const many = (count: number) => Array.from({ length: count }, (_, index) => `https://s${index}.example`);

describe('origins that may frame a page', () => {
  it.each([
    ['https://www.example.com', ['https://www.example.com']],
    ['HTTPS://Example.COM:443, http://10.0.0.1:8080', ['https://example.com', 'http://10.0.0.1:8080']],
    [many(ORIGINS_MAX).join(','), many(ORIGINS_MAX)],
  ])('reads %s', (text, origins) => {
    expect(frameOrigins.parse(text)).toEqual(origins);
  });

  it.each([
    ['*', /star/],
    ['https://*.example.com', /star/],
    ['https://example.com/', /slash/],
    ['https://example.com/page', /slash/],
    ['example.com', /http:\/\//],
    ["'self'", /http:\/\//],
    ['http://[::1]:8080', /IPv6/],
    ['https://user:secret@example.com', undefined],
    ['https://example.com:70000', undefined],
    ['https://example.com https://example.org', /space/],
    ['https://example.com; script-src *', /star/],
    ['https://example.com script-src', /space/],
    ['https://example.com;script-src', undefined],
    ['https://example.com,', undefined],
    ['https://example.com,https://EXAMPLE.com', undefined],
    [many(ORIGINS_MAX + 1).join(','), undefined],
  ])('refuses %s', (text, reason) => {
    expect(frameOrigins.parse(text)).toBeUndefined();
    if (reason === undefined) expect(frameOrigins.explain?.(text)).toBeUndefined();
    else expect(frameOrigins.explain?.(text)).toMatch(reason);
  });
});
