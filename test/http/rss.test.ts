import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askedAddress } from '../../src/http/asked-address.ts';
import { rssText } from '../../src/http/rss.ts';
import { childrenOf, parseXml, textOf } from '../support/xml.ts';

const AT = Date.UTC(2026, 0, 15, 10, 30);

describe('rss', () => {
  it('rss - whatever the text, the feed is well-formed and says it', () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 });
    fc.assert(
      fc.property(text, text, text, (title, description, guid) => {
        const item = { title, description, guid, link: null, category: 'a', atMs: AT };
        const feed = parseXml(rssText({ title, link: 'http://h/', description }, [item]));
        const [channel] = childrenOf(feed, 'channel');
        const [read] = channel === undefined ? [] : childrenOf(channel, 'item');
        const kept = (each: string) =>
          each.replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '');
        expect(read === undefined ? '' : [textOf(read, 'title'), textOf(read, 'guid')]).toEqual([
          kept(title),
          kept(guid),
        ]);
      }),
    );
  });

  it('rss - has what RSS 2.0 asks for', () => {
    const item = {
      title: 'a < b & "c"',
      link: 'http://h/#/events',
      description: 'd',
      guid: 'urn:x:1',
      category: 'lost',
      atMs: AT,
    };
    const feed = parseXml(rssText({ title: 't', link: 'http://h/', description: 'd' }, [item]));
    expect([feed.name, feed.attributes]).toEqual(['rss', { version: '2.0' }]);
    const [channel] = childrenOf(feed, 'channel');
    if (channel === undefined) throw new Error('no channel');
    expect(textOf(channel, 'lastBuildDate')).toBe('Thu, 15 Jan 2026 10:30:00 GMT');
    expect(channel.children.map(({ name }) => name)).toEqual([
      'title',
      'link',
      'description',
      'lastBuildDate',
      'item',
    ]);
    const [read] = childrenOf(channel, 'item');
    if (read === undefined) throw new Error('no item');
    expect(textOf(read, 'title')).toBe('a < b & "c"');
    expect(childrenOf(read, 'guid')).toMatchObject([
      { text: 'urn:x:1', attributes: { isPermaLink: 'false' } },
    ]);
    expect(textOf(read, 'pubDate')).toBe('Thu, 15 Jan 2026 10:30:00 GMT');
  });

  it('rss - without items it has no date', () => {
    expect(rssText({ title: 't', link: 'http://h/', description: 'd' }, [])).not.toContain('Date');
  });
});

describe('asked address', () => {
  it.each<[Record<string, string>, string | null]>([
    [{ host: 'localhost:8080' }, 'http://localhost:8080/'],
    [{ host: '[::1]:8080' }, 'http://[::1]:8080/'],
    [
      { host: 'h', 'x-forwarded-host': 'stats.example.org', 'x-forwarded-proto': 'https' },
      'https://stats.example.org/',
    ],
    [{ host: 'h', 'x-forwarded-host': 'a.org, b.org', 'x-forwarded-proto': 'https, http' }, 'https://a.org/'],
    [{ host: 'h', 'x-forwarded-prefix': '/truebit' }, 'http://h/truebit/'],
    [{ host: 'h', 'x-forwarded-prefix': '/a/b.c/' }, 'http://h/a/b.c/'],
    [{ host: 'h', 'x-forwarded-prefix': '' }, 'http://h/'],
    [{ host: 'h', 'x-forwarded-prefix': '/' }, 'http://h/'],
    [{ host: 'h', 'x-forwarded-prefix': 'truebit' }, null],
    [{ host: 'h', 'x-forwarded-prefix': '//evil.example' }, null],
    [{ host: 'h', 'x-forwarded-prefix': '/<script>' }, null],
    [{ host: 'h', 'x-forwarded-proto': 'javascript' }, null],
    [{ host: 'h', 'x-forwarded-host': 'a.org/<script>' }, null],
    [{ host: 'h', 'x-forwarded-host': '' }, null],
    [{ host: 'a b' }, null],
    [{ host: 'user@h' }, null],
    [{ host: '-a' }, null],
    [{ host: 'a'.repeat(300) }, null],
    [{}, null],
  ])('asked address - of %o it is %s', (headers, address) => {
    expect(askedAddress(headers)).toBe(address);
  });
});
