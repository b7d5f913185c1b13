// Maps a broker's subject to its index among the six inputs; called once per message, before anything else is examined.

import { SUBJECTS } from '../domain/vocabulary.ts';

/** The index of messages on none of the six subjects; another owner's stream may hold such messages. */
export const NO_SUBJECT = SUBJECTS.length;

/**
 * Returns the subjects on which the inputs arrive: under `ingest.` if the broker maps them
 * (docs/federation.md#rights-at-the-broker), otherwise under their own names.
 */
export function inputSubjects(isMapped: boolean): readonly string[] {
  return SUBJECTS.map((subject) => (isMapped ? subject.replace('truebit.', 'ingest.') : subject));
}

/** Makes a function that returns the index into `SUBJECTS`, or {@link NO_SUBJECT}. */
export function subjectIndex(isMapped: boolean): (subject: string) => number {
  const places = new Map(inputSubjects(isMapped).map((subject, index) => [subject, index]));
  return (subject) => places.get(subject) ?? NO_SUBJECT;
}
