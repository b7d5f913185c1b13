// Flat badges as SVG: a label and a value, drawn without any script, style sheet, font file or other host. They stand as
// images in pages and documents elsewhere. It knows no number; the program gives each value.

import type { FastifyInstance } from 'fastify';
import { hasTag } from './answers.ts';
import { unlessUnchanged } from './openapi.ts';
import { query, type QueryOf, text } from './parameter.ts';
import { type Schema, TEXT } from './schema.ts';
import { tagged } from './shared-answers.ts';

/** Time for which a client may show a badge without asking again; above the age of a number between two ticks. */
export const BADGE_CACHE_SECONDS = 30;
/** Maximum number of characters of a badge's label. */
export const BADGE_LABEL_LENGTH_MAX = 40;
/** The error code of a refused label. */
export const BADGE_CODES = ['bad_label'] as const;
/** What a badge shows if there is no value. */
const NO_VALUE = '—';

/** One badge of a program. */
export interface Badge {
  /** What the value counts; the client may ask for another text. */
  readonly label: string;
  /** The value of this moment as text; null if there is none. */
  value(): string | null;
}

const LABEL_QUERY = query({
  // The schema carries no flags: JSON Schema's patterns are Unicode patterns.
  label: {
    ...text(
      new RegExp(`^[\\p{L}\\p{N} ._:()/+-]{1,${BADGE_LABEL_LENGTH_MAX}}$`, 'u'),
      'bad_label',
      `1 to ${BADGE_LABEL_LENGTH_MAX} letters, digits, spaces and any of . _ : ( ) / + -`,
    ),
    description: 'The text on the left of the badge',
  },
});

const HEADERS = {
  'content-type': 'image/svg+xml; charset=utf-8',
  'cache-control': `max-age=${BADGE_CACHE_SECONDS}`,
  // A badge opened by itself is a document: it may load and run nothing. As an image on a page it may stand anywhere.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
};

/** Adds a route `/badge/NAME.svg` for each badge. `errorSchema` is the body of a refusal. */
export function addBadgeRoutes(
  app: FastifyInstance,
  badges: Readonly<Record<string, Badge>>,
  errorSchema: Schema,
): void {
  for (const [name, badge] of Object.entries(badges)) {
    const schema = {
      summary: `A badge as an SVG image: ${badge.label}`,
      produces: ['image/svg+xml'],
      querystring: LABEL_QUERY,
      response: { ...unlessUnchanged(TEXT), 400: errorSchema },
    };
    app.get<{ Querystring: QueryOf<typeof LABEL_QUERY> }>(
      `/badge/${name}.svg`,
      { schema },
      (request, reply) => {
        const label = request.query.label ?? badge.label;
        const { text: svg, tag } = tagged(badgeSvg(label, badge.value()));
        reply.headers(HEADERS).header('etag', tag);
        return hasTag(request.headers['if-none-match'], tag) ? reply.code(304).send() : reply.send(svg);
      },
    );
  }
}

const HEIGHT = 20;
/** Space on both sides of a text. */
const MARGIN = 6;
const LABEL_COLOUR = '#44505c';
const VALUE_COLOUR = '#1f6f5c';
/** For a badge without a value. */
const GREY = '#6b7480';

/** Draws the badge; `value` null is drawn as a dash on grey. */
export function badgeSvg(label: string, value: string | null): string {
  const shown = value ?? NO_VALUE;
  const [left, right] = [widthOf(label) + 2 * MARGIN, widthOf(shown) + 2 * MARGIN];
  const width = left + right;
  const title = escaped(`${label}: ${value ?? 'no value'}`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" role="img" aria-label="${title}">`,
    `<title>${title}</title>`,
    `<clipPath id="round"><rect width="${width}" height="${HEIGHT}" rx="3"/></clipPath>`,
    '<g clip-path="url(#round)">',
    `<rect width="${left}" height="${HEIGHT}" fill="${LABEL_COLOUR}"/>`,
    `<rect x="${left}" width="${right}" height="${HEIGHT}" fill="${value === null ? GREY : VALUE_COLOUR}"/>`,
    '</g>',
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">',
    textAt(MARGIN, label),
    textAt(left + MARGIN, shown),
    '</g></svg>',
  ].join('');
}

/** Text stretched to the width that was estimated, so that it fits whatever font the reader has. */
function textAt(x: number, shown: string): string {
  return `<text x="${x}" y="14" textLength="${widthOf(shown)}" lengthAdjust="spacingAndGlyphs">${escaped(shown)}</text>`;
}

/** Widths of Verdana at 11 px, by kind of character; close enough for `textLength` to do the rest. */
function widthOf(shown: string): number {
  let width = 0;
  for (const character of shown) {
    if (/[ijlI.,:()/|! ]/.test(character)) width += 4.2;
    else if (/[frt-]/.test(character)) width += 4.6;
    else if (/[ckosvxyz]/.test(character)) width += 6.1;
    else if (/[mwMW%—@]/.test(character)) width += 10.6;
    else if (/[\u2e80-\uffdc\u{20000}-\u{3ffff}]/u.test(character)) width += 11;
    else if (/\p{Lu}/u.test(character)) width += 7.8;
    else width += 6.8;
  }
  return Math.ceil(width);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(shown: string): string {
  return shown.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
}
