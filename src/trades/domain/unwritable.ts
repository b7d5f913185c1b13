// Finds what JSON cannot say in a value that is to be signed. A writer of JSON would leave such a member out, write null,
// or ask the object itself, and the signature would then cover another value than the one meant.

import { isNumberLiteral } from '../../lib/lossless-json.ts';

/** What is wrong with a value, and where. */
export interface Fault {
  readonly reason: string;
  /** Names and indices that lead to the fault, for example `.totals` and `[3]`. */
  readonly path: readonly string[];
}

/** Arrays and objects inside one another. */
const DEPTH_MAX = 32;

/** The first fault of a value; null for plain data that JSON can say without loss. */
export function faultOf(value: unknown): Fault | null {
  return find(value, DEPTH_MAX);
}

function find(value: unknown, depthLeft: number): Fault | null {
  switch (typeof value) {
    case 'boolean':
      return null;
    case 'number':
      if (!Number.isFinite(value)) return here('a number is not finite');
      return Object.is(value, -0) ? here('a number is -0') : null;
    case 'string':
      return value.isWellFormed() ? null : here('a text has a lone surrogate');
    case 'object':
      if (value === null) return null;
      if (depthLeft === 0) return here(`there are more than ${DEPTH_MAX} levels`);
      return Array.isArray(value) ? inArray(value, depthLeft - 1) : inObject(value, depthLeft - 1);
    case 'undefined':
    case 'function':
    case 'symbol':
    case 'bigint':
      return here(`a value is of the type ${typeof value}`);
  }
}

const here = (reason: string): Fault => ({ reason, path: [] });

function inArray(array: readonly unknown[], depthLeft: number): Fault | null {
  if (hasToJson(array)) return here('an array has toJSON');
  // A hole reads as undefined.
  for (let index = 0; index < array.length; index++) {
    const fault = find(array[index], depthLeft);
    if (fault !== null) return { ...fault, path: [`[${index}]`, ...fault.path] };
  }
  return null;
}

function inObject(object: object, depthLeft: number): Fault | null {
  if (hasToJson(object)) return here('an object has toJSON');
  const prototype: unknown = Object.getPrototypeOf(object);
  const isPlain = prototype === Object.prototype || prototype === null;
  if (!isPlain || isNumberLiteral(object)) return here('an object is not plain data');
  const members = Object.entries(object);
  if (Reflect.ownKeys(object).length !== members.length) return here('an object has hidden members');
  for (const [name, member] of members) {
    const fault = name.isWellFormed() ? find(member, depthLeft) : here('a name has a lone surrogate');
    if (fault !== null) return { ...fault, path: [`.${name}`, ...fault.path] };
  }
  return null;
}

function hasToJson(object: object): boolean {
  return 'toJSON' in object && typeof object.toJSON === 'function';
}
