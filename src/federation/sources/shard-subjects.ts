// Maps the subjects of an input stream to the six inputs. Which mapping the broker of the stream has does not matter.

import { SUBJECTS } from '../domain/vocabulary.ts';
import { NO_SUBJECT } from './input-subjects.ts';

/** Subjects that are remembered; publishers choose others as they like. */
const KNOWN_SUBJECTS_MAX = 64;

/** Without `truebit.` */
const NAMES = new Map(SUBJECTS.map((subject, index) => [afterDot(subject), index]));

/**
 * Makes a function that returns the index into `SUBJECTS` of `truebit.X`, `ingest.X` and `ingest.<shard>.X`, and
 * `NO_SUBJECT` for all others.
 */
export function shardSubjectIndex(): (subject: string) => number {
  const known = new Map<string, number>();
  return (subject) => {
    const before = known.get(subject);
    if (before !== undefined) return before;
    const index = indexOf(subject);
    if (known.size < KNOWN_SUBJECTS_MAX) known.set(subject, index);
    return index;
  };
}

function indexOf(subject: string): number {
  const name = afterDot(subject);
  if (subject.startsWith('truebit.')) return NAMES.get(name) ?? NO_SUBJECT;
  if (!subject.startsWith('ingest.')) return NO_SUBJECT;
  return NAMES.get(name) ?? NAMES.get(afterDot(name)) ?? NO_SUBJECT;
}

function afterDot(text: string): string {
  return text.slice(text.indexOf('.') + 1);
}
