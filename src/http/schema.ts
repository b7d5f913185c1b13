// Building blocks for JSON Schemas (2020-12) of answers. Plain data; nothing here validates.

import { type ErrorShape, HTTP_ERRORS } from './answers.ts';

/** A JSON Schema as plain data. */
export type Schema = { readonly [name: string]: unknown };

/** An object: every member is required, except those in `optional`; no other member is allowed. */
export function object(
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

/** An array of `items`; `more` adds further keywords to the schema. */
export function array(items: Schema, more: Schema = {}): Schema {
  return { type: 'array', items, ...more };
}

/** A string that is one of `words`. */
export function oneOf(words: readonly string[], description?: string): Schema {
  return { type: 'string', enum: [...words], ...(description !== undefined && { description }) };
}

/** A time as RFC 3339 text in UTC. */
export const TIME: Schema = { type: 'string', format: 'date-time', description: 'UTC, with milliseconds' };
/** The same, or null. */
export const TIME_OR_NULL: Schema = { ...TIME, type: ['string', 'null'] };
/** Any number. */
export const NUMBER: Schema = { type: 'number' };
/** A whole number, 0 or more. */
export const COUNT: Schema = { type: 'integer', minimum: 0 };
/** The same, or null. */
export const COUNT_OR_NULL: Schema = { ...COUNT, type: ['integer', 'null'] };
/** True or false. */
export const FLAG: Schema = { type: 'boolean' };
/** A percentage, 0 to 100. */
export const PERCENT: Schema = {
  type: 'number',
  minimum: 0,
  maximum: 100,
  description: 'Percent, rounded down to 0.1',
};
/** A share, 0 to 1. */
export const SHARE: Schema = { type: 'number', minimum: 0, maximum: 1 };
/** The same, or null. */
export const SHARE_OR_NULL: Schema = { ...SHARE, type: ['number', 'null'] };
/** Any text. */
export const TEXT: Schema = { type: 'string' };
/** The same, or null. */
export const TEXT_OR_NULL: Schema = { type: ['string', 'null'] };
/** An object with one count for each name. */
export const counters = (names: readonly string[]): Schema =>
  object(Object.fromEntries(names.map((name): [string, Schema] => [name, COUNT])));

/** The body of a refusal: its code is one that every program answers, or one of `codes`, the program's own. */
export function errorSchema(codes: readonly string[], shape: ErrorShape = 'nested'): Schema {
  const code = oneOf([...Object.keys(HTTP_ERRORS), ...codes]);
  return shape === 'flat'
    ? object({ error: TEXT, code })
    : object({ error: object({ code, message: TEXT }) });
}

/** The body of `/livez`. */
export const LIVEZ = object({ status: oneOf(['ok', 'not_live']) });

/** Whether a program is ready. */
export const READINESS = oneOf(['ready', 'not_ready']);
/** The components with a reason, as the document of a page has them. */
export const REASONS = array(object({ component: TEXT, ok: FLAG, reason: TEXT }));

/** One component in the body of `/readyz`. */
export const COMPONENT = object({ ok: FLAG, reason: TEXT }, ['reason']);

/** The body of `/readyz`: `own` are the program's members beside `status`; the components in `optional` may be absent. */
export function readyzSchema(
  components: Readonly<Record<string, Schema>>,
  own: Readonly<Record<string, Schema>> = {},
  optional: readonly string[] = [],
): Schema {
  return object({ status: READINESS, ...own, components: object(components, optional) });
}
