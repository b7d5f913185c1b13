// The forms of messages: what each receiver's documentation asks for, and texts of strangers that try to be more than text.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fold } from '../../src/notify/fold.ts';
import { faultOfUrl, FORM_NAMES, type FormName, letterOf, targetOf } from '../../src/notify/forms.ts';
import { type Message, messageOf, type Notice } from '../../src/notify/notice.ts';
import { lossNotice, nodeNotice } from '../support/notices.ts';

const SOURCE = { name: 'aggregator berlin-1', id: 'berlin-1', url: 'https://agg.example.com/' };
const AT_MS = Date.UTC(2026, 0, 15, 10, 30);
const URLS: Readonly<Record<FormName, string>> = {
  json: 'https://hooks.example.com/x?token=1',
  slack: 'https://hooks.slack.com/services/T/B/x',
  discord: 'https://discord.com/api/webhooks/1/x',
  ntfy: 'https://ntfy.example.com/alarms',
  alertmanager: 'http://alerts:9093',
};

function bodyOf(form: FormName, message: Message, source: Parameters<typeof letterOf>[2] = SOURCE) {
  return JSON.parse(letterOf(form, message, source, new URL(URLS[form])).body) as Record<string, unknown>;
}

function several(notices: readonly Notice[]): Message {
  const fold = new Fold();
  for (const notice of notices) fold.add(notice);
  return fold.take(0) ?? messageOf(lossNotice(0));
}

const offline = nodeNotice('node_offline', 'a', AT_MS);
const online = nodeNotice('node_online', 'a', AT_MS + 5_000);

describe('forms', () => {
  it('forms - json has the sentence for chats and the facts for programs', () => {
    expect(bodyOf('json', messageOf(offline))).toEqual({
      type: 'node_offline',
      at: '2026-01-15T10:30:00.000Z',
      text: 'Node a went offline',
      content: 'Node a went offline',
      allowed_mentions: { parse: [] },
      details: { nodeId: 'a' },
    });
    expect(bodyOf('json', several([offline, nodeNotice('node_offline', 'b', AT_MS + 1)]))).toMatchObject({
      type: 'several',
      at: '2026-01-15T10:30:00.001Z',
      text: '2 nodes went offline: a and b',
      details: { count: 2 },
      notices: [
        {
          type: 'node_offline',
          at: '2026-01-15T10:30:00.000Z',
          subject: 'a',
          count: 1,
          details: { nodeId: 'a' },
        },
        { type: 'node_offline', subject: 'b' },
      ],
    });
  });

  it('forms - slack has a text object without markup, and the same text for clients without blocks', () => {
    const text = '⚠️ aggregator berlin-1\nNode a went offline';
    expect(bodyOf('slack', messageOf(offline))).toEqual({
      text,
      mrkdwn: false,
      unfurl_links: false,
      unfurl_media: false,
      blocks: [{ type: 'section', text: { type: 'plain_text', text, emoji: false } }],
    });
    expect(bodyOf('slack', messageOf(online))).toMatchObject({
      text: '✅ aggregator berlin-1\nNode a came online',
    });
  });

  it('forms - discord has a content without mentions and previews', () => {
    expect(bodyOf('discord', messageOf(lossNotice(3)))).toEqual({
      content: '🔴 aggregator berlin-1\n3 messages were lost',
      allowed_mentions: { parse: [] },
      flags: 4,
    });
  });

  it('forms - ntfy is JSON at the root of the server with the topic of the address', () => {
    expect(bodyOf('ntfy', messageOf(offline))).toEqual({
      topic: 'alarms',
      title: 'aggregator berlin-1',
      message: 'Node a went offline',
      priority: 4,
      tags: ['warning'],
      click: 'https://agg.example.com/',
    });
    expect(targetOf('ntfy', new URL('https://u:p@ntfy.example.com/alarms?auth=x')).href).toBe(
      'https://ntfy.example.com/?auth=x',
    );
    for (const path of ['', 'a/b', 'ä', 'x'.repeat(65)])
      expect(faultOfUrl('ntfy', new URL(`https://ntfy.sh/${path}`)), path).toMatch(
        /needs the address of a topic/,
      );
    expect(faultOfUrl('ntfy', new URL('https://ntfy.sh/alarms/'))).toBeNull();
  });

  it('forms - alertmanager has one alert for each trouble, with the same labels at its begin and at its end', () => {
    const labels = { alertname: 'NodeAway', severity: 'warning', aggregator: 'berlin-1', subject: 'a' };
    expect(bodyOf('alertmanager', messageOf(offline))).toEqual([
      {
        labels,
        annotations: { summary: 'Node a went offline', nodeId: 'a' },
        startsAt: '2026-01-15T10:30:00.000Z',
        endsAt: '2026-01-22T10:30:00.000Z',
        generatorURL: 'https://agg.example.com/',
      },
    ]);
    expect(bodyOf('alertmanager', messageOf(online))).toMatchObject([
      { labels, endsAt: '2026-01-15T10:30:05.000Z' },
    ]);
    expect(bodyOf('alertmanager', several([offline, online, lossNotice(3, AT_MS)]))).toMatchObject([
      { labels, startsAt: '2026-01-15T10:30:00.000Z', endsAt: '2026-01-15T10:30:05.000Z' },
      { labels: { alertname: 'Lost', severity: 'critical' }, endsAt: '2026-01-15T11:30:00.000Z' },
    ]);
    for (const url of ['http://a:9093', 'http://a:9093/', 'http://a:9093/api/v2/alerts'])
      expect(targetOf('alertmanager', new URL(url)).href).toBe('http://a:9093/api/v2/alerts');
    expect(targetOf('alertmanager', new URL('http://a/prefix/')).href).toBe('http://a/prefix/api/v2/alerts');
  });

  it('forms - credentials in an address are a header, and no part of the address', () => {
    const url = new URL('https://us%40er:pa%3Ass@hooks.example.com/x');
    expect(targetOf('json', url).href).toBe('https://hooks.example.com/x');
    const { authorization = '' } = letterOf('json', messageOf(offline), SOURCE, url).headers;
    expect(Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()).toBe('us@er:pa:ss');
  });

  it('forms - a name that is a mention, a link, markup or a command is none in any form', () => {
    const evil = '<!channel> @everyone <@U1> [x](http://evil) `c` *b* _i_ ~s~ |t| # h \u001b[31m\n\u202e&lt;';
    const message = messageOf(nodeNotice('node_offline', evil, AT_MS));
    const chat = bodyOf('json', message)['text'];
    expect(chat).toBe('Node !channel everyone U1 x (http://evil) c *b* _i_ ~s~ t # h 31m &lt; went offline');
    const { text: slack } = bodyOf('slack', message);
    expect(slack).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
    expect(slack).toContain('&lt;!channel&gt; @everyone');
    expect(slack).toContain('&amp;lt;');
    const { content } = bodyOf('discord', message);
    expect(content).not.toMatch(/(?<!\\)[@<>*_~|`[\]#]/);
    expect(content).toContain('\\<!channel\\> \\@everyone');
    for (const form of FORM_NAMES) {
      expect(JSON.stringify(bodyOf(form, message))).not.toMatch(/\\u00|\u202e/);
    }
  });

  it('forms - no form is longer than its receiver takes, whatever the texts are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 400 }), {
          minLength: 1,
          maxLength: 40,
        }),
        (names) => {
          const message = several(
            names.map((name, index) =>
              nodeNotice(index % 2 === 0 ? 'node_offline' : 'node_online', name, AT_MS),
            ),
          );
          const long: Message = { ...message, lines: [...message.lines, ...names, 'x*_'.repeat(2_000)] };
          expect(String(bodyOf('discord', long)['content']).length).toBeLessThanOrEqual(2_000);
          expect(String(bodyOf('slack', long)['text']).length).toBeLessThanOrEqual(3_000);
          const ntfy = String(bodyOf('ntfy', long)['message']);
          expect(Buffer.byteLength(ntfy)).toBeLessThanOrEqual(4_096);
          // Nothing is cut in two.
          expect(String(bodyOf('discord', long)['content'])).not.toMatch(/(?<!\\)\\…$/);
          expect(ntfy.isWellFormed() || names.some((name) => !name.isWellFormed())).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });
});
