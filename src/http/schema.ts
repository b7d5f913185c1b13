// Parts of JSON Schemas (2020-12), of which a program makes those of its answers. Plain data; nothing here validates.

import { HTTP_ERRORS } from './answers.ts';

/** A schema: plain data. */
export type Schema = { readonly [name: string]: unknown };

/** Every member is required, no other is allowed; those in `optional` may be absent. */
export function object(
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

export function array(items: Schema, more: Schema = {}): Schema {
  return { type: 'array', items, ...more };
}

export function oneOf(words: readonly string[], description?: string): Schema {
  return { type: 'string', enum: [...words], ...(description !== undefined && { description }) };
}

export const TIME: Schema = { type: 'string', format: 'date-time', description: 'UTC, with milliseconds' };
export const TIME_OR_NULL: Schema = { ...TIME, type: ['string', 'null'] };
export const COUNT: Schema = { type: 'integer', minimum: 0 };
export const PERCENT: Schema = {
  type: 'number',
  minimum: 0,
  maximum: 100,
  description: 'Percent, rounded down to 0.1',
};
export const SHARE: Schema = { type: 'number', minimum: 0, maximum: 1 };
export const SHARE_OR_NULL: Schema = { ...SHARE, type: ['number', 'null'] };
export const TEXT: Schema = { type: 'string' };
/** An object of counts. */
export const counters = (names: readonly string[]): Schema =>
  object(Object.fromEntries(names.map((name): [string, Schema] => [name, COUNT])));

/** The body of a refusal: the codes that every program answers, and its own. */
export function errorSchema(codes: readonly string[]): Schema {
  return object({ error: object({ code: oneOf([...Object.keys(HTTP_ERRORS), ...codes]), message: TEXT }) });
}

export const LIVEZ = object({ status: oneOf(['ok', 'not_live']) });
