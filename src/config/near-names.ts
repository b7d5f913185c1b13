// Names in an environment that are probably meant for a setting: one or two letters off, or in lower case. It only guesses, so
// that its finds are warnings; the program reads no setting under another name than its own.

import type { Environment } from './environment.ts';

/** Shorter names are too near to names of other programs. */
const LENGTH_MIN = 6;
/** From this length on, two letters may be wrong. */
const LENGTH_FOR_TWO = 12;

/** A warning for each name that no setting has and that is near to that of a setting which is not set. */
export function nearNames(names: readonly string[], env: Environment): readonly string[] {
  const known = new Set(names);
  const unset = names.filter((name) => !isSet(env, name));
  return Object.keys(env).flatMap((written) => {
    if (known.has(written) || !isSet(env, written)) return [];
    const meant = unset.find((name) => isNear(written, name));
    return meant === undefined ? [] : [`${written}: no setting has this name; is ${meant} meant?`];
  });
}

function isSet(env: Environment, name: string): boolean {
  return (env[name] ?? '').trim() !== '';
}

function isNear(written: string, name: string): boolean {
  const text = written.toUpperCase().replaceAll('-', '_');
  if (text === name) return true;
  if (name.length < LENGTH_MIN) return false;
  return isWithin(text, name, name.length < LENGTH_FOR_TWO ? 1 : 2);
}

/** Whether so many letters, left out, put in, changed or swapped with the next, make one text of the other. */
function isWithin(a: string, b: string, steps: number): boolean {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const [restOfA, restOfB] = [a.slice(at), b.slice(at)];
  if (restOfA === restOfB) return true;
  if (steps === 0 || Math.abs(restOfA.length - restOfB.length) > steps) return false;
  const isSwapped = restOfA[0] === restOfB[1] && restOfA[1] === restOfB[0];
  return (
    isWithin(restOfA.slice(1), restOfB.slice(1), steps - 1) ||
    isWithin(restOfA.slice(1), restOfB, steps - 1) ||
    isWithin(restOfA, restOfB.slice(1), steps - 1) ||
    (isSwapped && isWithin(restOfA.slice(2), restOfB.slice(2), steps - 1))
  );
}
