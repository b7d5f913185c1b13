// Finds the name of a setting, a command or an option that a misspelt name probably means: a few letters off, or in the
// other case. It only guesses: the program never takes one name for another.

import type { Environment } from './environment.ts';

/** Minimum length of a name. Shorter names are too similar to names of other programs. */
const LENGTH_MIN = 6;
/** Minimum length of a name in which two letters may be wrong. */
const LENGTH_FOR_TWO = 12;

/** Returns a warning for each name that is no setting but is similar to a setting that is not set. */
export function nearNames(names: readonly string[], env: Environment): readonly string[] {
  const known = new Set(names);
  const unset = names.filter((name) => !isSet(env, name));
  return Object.keys(env).flatMap((written) => {
    if (known.has(written) || !isSet(env, written)) return [];
    const meant = unset.find((name) => isNear(written, name));
    return meant === undefined ? [] : [`${written}: no setting has this name; is ${meant} meant?`];
  });
}

/** Longer names are not compared, because the comparison would take long. */
const COMPARED_CHARACTERS_MAX = 64;
const STEPS_MAX = 3;

/**
 * Returns the known name that is nearest to a written one: at most three letters off, and at most half of it.
 * Undefined if none is near. Case, `-` and `_` do not count.
 */
export function nearestOf(names: readonly string[], written: string): string | undefined {
  const text = plain(written);
  if (text.length > COMPARED_CHARACTERS_MAX) return undefined;
  for (let steps = 0; steps <= STEPS_MAX; steps++) {
    const near = names.find((name) => steps * 2 <= plain(name).length && isWithin(text, plain(name), steps));
    if (near !== undefined) return near;
  }
  return undefined;
}

/** Words shorter than this may differ in one letter, longer ones in two. */
const WORD_FOR_TWO = 6;
/** A word with fewer letters is no beginning of another. */
const BEGINNING_MIN = 3;

/**
 * Returns the word, of commands or options, that a misspelt one probably means: one or two letters off, or the only one
 * that begins so. Undefined if none is near. Case, `-` and `_` do not count.
 */
export function nearestWord(words: readonly string[], written: string): string | undefined {
  const text = plain(written);
  if (text === '' || text.length > COMPARED_CHARACTERS_MAX) return undefined;
  for (let steps = 0; steps <= (text.length < WORD_FOR_TWO ? 1 : 2); steps++) {
    const near = words.find((word) => steps < plain(word).length && isWithin(text, plain(word), steps));
    if (near !== undefined) return near;
  }
  const longer = words.filter((word) => plain(word).startsWith(text));
  return text.length >= BEGINNING_MIN && longer.length === 1 ? longer[0] : undefined;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
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

/**
 * True if at most `steps` changes turn one text into the other: a letter left out, inserted, replaced, or swapped with
 * the next.
 */
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
