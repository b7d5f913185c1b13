// Query parameters as schemas: fastify's validator checks requests by them, and the API's description shows them. Each
// schema also holds its refusal: an error code and the allowed values, never text that the client sent.

import type { FastifyInstance, preValidationHookHandler } from 'fastify';

/**
 * How the server refuses a parameter or a member of a body. Part of its schema, so clients find it in the API's
 * description.
 */
export interface Refusal {
  readonly code: string;
  /** Ends the sentence "the parameter is …". */
  readonly allowed: string;
}

/** One of `words`. */
export function word<const W extends string>(words: readonly W[], code: string) {
  return { type: 'string', enum: words, ...refused(code, `one of ${words.join(', ')}`) } as const;
}

/** A whole number in decimal digits. Both limits have at most nine digits. */
export function wholeNumber(minimum: number, maximum: number, code: string) {
  const allowed = `a whole number from ${minimum} to ${maximum}`;
  return { type: 'integer', minimum, maximum, ...refused(code, allowed) } as const;
}

/** Text that matches `pattern`. */
export function text(pattern: RegExp, code: string, allowed: string) {
  return { type: 'string', pattern: pattern.source, ...refused(code, allowed) } as const;
}

/**
 * Accepted times, 1970 to 9999. An answer can start a day before `from`, and every time in it must still be a valid RFC
 * 3339 date-time.
 */
const UTC_TIME = /^(?:19[7-9]\d|[2-9]\d{3})-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z$/;

/** A UTC time that `Date.parse` reads, in the years 1970 to 9999. */
export const TIME_PARAMETER = {
  type: 'string',
  format: 'date-time',
  pattern: UTC_TIME.source,
  examples: ['2026-01-15T10:30:00Z'],
  ...refused('bad_time', 'a time like 2026-01-15T10:30:00Z, in the years 1970 to 9999'),
} as const;

function refused(code: string, allowed: string): { readonly 'x-refusal': Refusal } {
  return { 'x-refusal': { code, allowed } };
}

const MINUTE_LENGTH = '2026-01-15T10:30'.length;

/** False for a time that does not exist: `Date.parse` reads 30 February as 2 March, and 24:00 as the next day. */
export function isTime(utc: string): boolean {
  const atMs = UTC_TIME.test(utc) ? Date.parse(utc) : Number.NaN;
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(utc.slice(0, MINUTE_LENGTH));
}

interface Parameter {
  readonly type: string;
  readonly description: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
}

/** The schema of a query string. Parameters that it does not list are ignored. */
export function query<const P extends Readonly<Record<string, Parameter>>>(properties: P) {
  return { type: 'object', properties } as const;
}

/** The type of a query string after such a schema has checked it. */
export type QueryOf<Q extends ReturnType<typeof query>> = {
  readonly [N in keyof Q['properties']]:
    | ValueOf<Q['properties'][N]>
    | (Q['properties'][N] extends { readonly default: unknown } ? never : undefined);
};

type ValueOf<P> = P extends { readonly enum: readonly (infer W)[] }
  ? W
  : P extends { readonly type: 'integer' }
    ? number
    : string;

const WHOLE_NUMBER = /^(0|[1-9][0-9]{0,8})$/;

/**
 * Converts whole numbers in query strings to numbers, before validation, on all routes that are added after this call.
 * The validator's own conversion is off: it accepts `01`, `1e3` and a space as numbers, and would convert bodies as
 * well.
 */
export function readWholeNumbers(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const { properties = {} } = (route.schema?.querystring ?? {}) as Partial<ReturnType<typeof query>>;
    const names = Object.keys(properties).filter((name) => properties[name]?.type === 'integer');
    if (names.length === 0) return;
    const read: preValidationHookHandler = (request, _reply, done) => {
      const given = request.query as Record<string, unknown>;
      for (const name of names) {
        const digits = given[name];
        if (typeof digits === 'string' && WHOLE_NUMBER.test(digits)) given[name] = Number(digits);
      }
      done();
    };
    route.preValidation = [read, ...[route.preValidation ?? []].flat()];
  });
}
