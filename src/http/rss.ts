// Makes the text of a feed in RSS 2.0. All text is escaped, and characters that XML cannot hold are left out. It knows
// neither routes nor what the items are about.

/** The feed as a whole. */
export interface RssChannel {
  readonly title: string;
  /** Where people read more; an absolute address. */
  readonly link: string;
  readonly description: string;
}

/** One item. `guid` names it for good and is no address. */
export interface RssItem {
  readonly title: string;
  /** An absolute address; null if none is known. */
  readonly link: string | null;
  readonly description: string;
  readonly guid: string;
  readonly category: string;
  /** In ms since the epoch. */
  readonly atMs: number;
}

/** The media type of a feed. */
export const RSS_TYPE = 'application/rss+xml';

/** The text of the feed, in the order of the items; the first is the newest. */
export function rssText({ title, link, description }: RssChannel, items: readonly RssItem[]): string {
  const newest = items[0];
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<rss version="2.0">',
    '<channel>',
    element('title', title),
    element('link', link),
    element('description', description),
    ...(newest === undefined ? [] : [element('lastBuildDate', dateText(newest.atMs))]),
    ...items.map(itemText),
    '</channel>',
    '</rss>',
  ];
  return `${lines.join('\n')}\n`;
}

function itemText({ title, link, description, guid, category, atMs }: RssItem): string {
  const members = [
    element('title', title),
    ...(link === null ? [] : [element('link', link)]),
    element('description', description),
    element('category', category),
    `<guid isPermaLink="false">${escaped(guid)}</guid>`,
    element('pubDate', dateText(atMs)),
  ];
  return `<item>\n${members.join('\n')}\n</item>`;
}

function element(name: string, text: string): string {
  return `<${name}>${escaped(text)}</${name}>`;
}

/** A date of RFC 822, which RSS asks for. */
function dateText(atMs: number): string {
  return new Date(atMs).toUTCString();
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** What XML 1.0 does not allow: most control characters, halves of pairs, and two codes that mean nothing. */
const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

function escaped(text: string): string {
  return text.replaceAll(NOT_XML, '').replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}
