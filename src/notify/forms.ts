// The forms of a message that receivers understand: headers and body of the POST, and its address. Pure: text of strangers
// is escaped for each form, so that it is never a mention, a link or markup there. The address is only read, never shown.

import { oneLine, plainText } from '../lib/plain-text.ts';
import {
  type Message,
  type Notice,
  openSeverityOf,
  type Severity,
  type Source,
  timeOf,
  type Trouble,
} from './notice.ts';

/** The forms by name; docs/notifications.md describes each. */
export const FORM_NAMES = ['json', 'slack', 'discord', 'ntfy', 'alertmanager'] as const;
/** One of {@link FORM_NAMES}. */
export type FormName = (typeof FORM_NAMES)[number];

/** A POST without its address. */
export interface Letter {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One form. */
interface Form {
  /** The address to post to, from the one that the operator gave. */
  readonly target: (url: URL) => URL;
  readonly letter: (message: Message, source: Source, url: URL) => unknown;
}

/** Characters of a sentence in any form. */
const SENTENCE_CHARACTERS_SHOWN = 1_000;
/** Discord refuses longer contents. */
const DISCORD_CHARACTERS_SHOWN = 2_000;
/** Slack refuses a longer text in a block. */
const SLACK_CHARACTERS_SHOWN = 3_000;
/** ntfy makes a file of a longer message. */
const NTFY_BYTES_SHOWN = 4_096;
/** Notices that the form `json` lists in a message of several. */
const NOTICES_LISTED = 100;
/** A trouble that is not over counts as firing for so long, unless its end is posted: the same alert is not posted again. */
const FIRING_MS = 7 * 86_400_000;
/** For a notice of something that nothing ends. */
const MOMENT_MS = 3_600_000;

const FORMS: Readonly<Record<FormName, Form>> = {
  json: { target: (url) => url, letter: (message) => jsonBody(message) },
  slack: { target: (url) => url, letter: slackBody },
  discord: { target: (url) => url, letter: discordBody },
  ntfy: { target: (url) => new URL(`/${url.search}`, url), letter: ntfyBody },
  alertmanager: { target: alertsUrl, letter: alertmanagerBody },
};

/** The address at which the form is posted. `url` is the operator's; credentials in it become a header. */
export function targetOf(form: FormName, url: URL): URL {
  const target = new URL(FORMS[form].target(url));
  target.username = '';
  target.password = '';
  return target;
}

/** Headers and body for the receiver at `url`. */
export function letterOf(form: FormName, message: Message, source: Source, url: URL): Letter {
  const credentials =
    url.username === '' && url.password === ''
      ? {}
      : {
          authorization: `Basic ${Buffer.from(`${decoded(url.username)}:${decoded(url.password)}`).toString('base64')}`,
        };
  return {
    headers: { 'content-type': 'application/json', ...credentials },
    body: JSON.stringify(FORMS[form].letter(message, source, url)),
  };
}

/** Why an address does not fit the form, worded to follow the name of its setting; null if it fits. */
export function faultOfUrl(form: FormName, url: URL): string | null {
  if (form !== 'ntfy') return null;
  return topicOf(url) === null
    ? 'the form ntfy needs the address of a topic: the server, a slash and the name (https://ntfy.sh/NAME)'
    : null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `text` and `content` are what the usual chats show; mentions in them are off. */
function jsonBody(message: Message) {
  const [trouble] = message.troubles;
  const text = message.lines.map((line) => plainText(line, SENTENCE_CHARACTERS_SHOWN)).join('\n');
  const common = { text, content: text, allowed_mentions: { parse: [] } };
  const at = new Date(timeOf(message)).toISOString();
  if (message.told === 1 && trouble !== undefined) {
    return { type: trouble.last.kind, at, ...common, details: detailsOf(trouble.last) };
  }
  const notices = message.troubles.slice(0, NOTICES_LISTED).map(({ last, count }) => ({
    type: last.kind,
    at: new Date(last.atMs).toISOString(),
    subject: last.subject,
    count,
    details: detailsOf(last),
  }));
  return { type: 'several', at, ...common, details: { count: message.told }, notices };
}

function detailsOf({ details }: Notice): Readonly<Record<string, string | number | null>> {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      typeof value === 'string' ? oneLine(value, SENTENCE_CHARACTERS_SHOWN) : value,
    ]),
  );
}

const SIGNS: Readonly<Record<Severity, string>> = { info: 'ℹ️', warning: '⚠️', critical: '🔴' };
const OVER = '✅';

function signOf(message: Message): string {
  const severity = openSeverityOf(message);
  return severity === null ? OVER : SIGNS[severity];
}

/** The lines under the name of the program, as plain text. */
function plainLines(message: Message, source: Source): string {
  const lines = message.lines.map((line) => oneLine(line, SENTENCE_CHARACTERS_SHOWN));
  return [`${signOf(message)} ${oneLine(source.name, SENTENCE_CHARACTERS_SHOWN)}`, ...lines].join('\n');
}

/** Slack asks for `&`, `<` and `>` as entities; in a text object of the type `plain_text` nothing else is markup. */
function slackBody(message: Message, source: Source) {
  const text = shortened(plainLines(message, source), SLACK_CHARACTERS_SHOWN, slackText);
  return {
    text,
    mrkdwn: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [{ type: 'section', text: { type: 'plain_text', text, emoji: false } }],
  };
}

function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The flag 4 shows no preview of a link. */
function discordBody(message: Message, source: Source) {
  return {
    content: shortened(plainLines(message, source), DISCORD_CHARACTERS_SHOWN, discordText),
    allowed_mentions: { parse: [] },
    flags: 4,
  };
}

/** A backslash before each character with which Markdown of Discord begins something; an address is not linked. */
function discordText(text: string): string {
  return text.replaceAll(/[\\*_~|`>#<@:[\]]/g, (character) => `\\${character}`);
}

const PRIORITIES: Readonly<Record<Severity, number>> = { info: 3, warning: 4, critical: 5 };
const TAGS: Readonly<Record<Severity, string>> = {
  info: 'information_source',
  warning: 'warning',
  critical: 'rotating_light',
};

/** ntfy takes JSON only at the root of its server, with the topic in the body. */
function ntfyBody(message: Message, source: Source, url: URL) {
  const severity = openSeverityOf(message);
  const lines = message.lines.map((line) => oneLine(line, SENTENCE_CHARACTERS_SHOWN));
  return {
    topic: topicOf(url) ?? '',
    title: oneLine(source.name, 200),
    message: ofBytes(lines.join('\n'), NTFY_BYTES_SHOWN),
    priority: severity === null ? 3 : PRIORITIES[severity],
    tags: [severity === null ? 'white_check_mark' : TAGS[severity]],
    ...(source.url === null ? {} : { click: source.url }),
  };
}

function topicOf(url: URL): string | null {
  const [, topic] = /^\/([-_A-Za-z0-9]{1,64})\/?$/.exec(url.pathname) ?? [];
  return topic ?? null;
}

function alertsUrl(url: URL): URL {
  if (/\/api\/v2\/alerts\/?$/.test(url.pathname)) return url;
  const alerts = new URL(url);
  alerts.pathname = `${url.pathname.replace(/\/$/, '')}/api/v2/alerts`;
  return alerts;
}

/** One alert for each trouble: Alertmanager folds by itself. Labels are the same at the begin and at the end. */
function alertmanagerBody({ troubles }: Message, source: Source) {
  return troubles.map((trouble) => alertOf(trouble, source));
}

function alertOf({ first, last, count }: Trouble, source: Source) {
  const sentence = oneLine(last.sentence, SENTENCE_CHARACTERS_SHOWN);
  const lastsMs = last.topic === null ? MOMENT_MS : FIRING_MS;
  return {
    labels: {
      alertname: alertNameOf(last.topic ?? last.kind),
      severity: last.severity,
      aggregator: source.id,
      ...(last.subject === null ? {} : { subject: oneLine(last.subject, SENTENCE_CHARACTERS_SHOWN) }),
    },
    annotations: {
      summary: sentence,
      ...(count === 1 ? {} : { changes: String(count) }),
      ...Object.fromEntries(
        Object.entries(detailsOf(last)).flatMap(([name, value]) =>
          value === null ? [] : [[name, String(value)]],
        ),
      ),
    },
    // The end of a trouble that began before this message has no beginning of its own here.
    ...(last.isResolved && first === last ? {} : { startsAt: new Date(first.atMs).toISOString() }),
    endsAt: new Date(last.isResolved ? last.atMs : last.atMs + lastsMs).toISOString(),
    ...(source.url === null ? {} : { generatorURL: source.url }),
  };
}

/** `node_away` as rules of Prometheus write it: `NodeAway`. */
function alertNameOf(words: string): string {
  return words
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}

/** The text escaped, shortened so that it has at most so many characters; an escape is never cut in two. */
function shortened(text: string, charactersMax: number, escape: (text: string) => string): string {
  const whole = escape(text);
  if (whole.length <= charactersMax) return whole;
  let [length, pieces] = [1, ''];
  for (const character of text) {
    const piece = escape(character);
    if (length + piece.length > charactersMax) break;
    length += piece.length;
    pieces += piece;
  }
  return `${pieces}…`;
}

/** The text with at most so many bytes of UTF-8; no character is cut in two. */
function ofBytes(text: string, bytesMax: number): string {
  if (Buffer.byteLength(text) <= bytesMax) return text;
  const ellipsis = '…';
  const bytes = Buffer.from(text).subarray(0, bytesMax - Buffer.byteLength(ellipsis));
  // A decoder of a stream keeps an unfinished character for the next bytes, which do not come.
  return new TextDecoder().decode(bytes, { stream: true }) + ellipsis;
}
