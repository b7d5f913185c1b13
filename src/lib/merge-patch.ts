// The difference of two JSON documents as a merge patch (RFC 7396): a reader applies it to the older document to get
// the newer.

import { isObject } from './is-object.ts';

/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** A JSON object. */
export type JsonObject = { readonly [name: string]: Json };

/** The patch from `before` to `after`, or undefined if they are equal. Arrays are replaced whole; null removes a member. */
export function mergePatch(before: JsonObject, after: JsonObject): JsonObject | undefined {
  if (before === after) return undefined;
  // A map while it is built, because a label may be named `__proto__`.
  const patch = new Map<string, Json>();
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) patch.set(name, null);
  for (const [name, value] of Object.entries(after)) {
    const change = Object.hasOwn(before, name) ? changeOf(before[name] ?? null, value) : value;
    if (change !== undefined) patch.set(name, change);
  }
  return patch.size === 0 ? undefined : Object.fromEntries(patch);
}

function changeOf(before: Json, after: Json): Json | undefined {
  if (isObject(before) && isObject(after)) return mergePatch(before, after);
  if (before === after) return undefined;
  return Array.isArray(before) && JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
}
