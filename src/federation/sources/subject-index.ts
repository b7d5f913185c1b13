// From a broker's subject to its place among the six inputs, once per message and before anything else is looked at.

import { SUBJECTS } from '../domain/vocabulary.ts';

/** The place of messages on none of the six subjects: a foreign stream may hold more. */
export const NO_SUBJECT = SUBJECTS.length;

/**
 * Where the inputs arrive: under `ingest.` where the broker maps them (docs/federation.md#rights-at-the-broker), else
 * under their own names.
 */
export function inputSubjects(isMapped: boolean): readonly string[] {
  return SUBJECTS.map((subject) => (isMapped ? subject.replace('truebit.', 'ingest.') : subject));
}

/** Index into `SUBJECTS`, or {@link NO_SUBJECT}. */
export function subjectIndex(isMapped: boolean): (subject: string) => number {
  const places = new Map(inputSubjects(isMapped).map((subject, index) => [subject, index]));
  return (subject) => places.get(subject) ?? NO_SUBJECT;
}
