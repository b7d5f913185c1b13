// The subjects by which monitors speak, and their names behind the broker's mapping. Never subscribes to any.

/** The six input subjects (federation.md, section 1). */
export const inputSubjects = [
  'truebit.tasks.received',
  'truebit.tasks.completed',
  'truebit.invoices.created',
  'truebit.heartbeat',
  'truebit.nodes.joined',
  'truebit.nodes.left',
] as const;

/** Request and reply: how a node asks for the federation's salt. */
export const joinSubject = 'truebit.federation.join';

/** `truebit.X` as the stream of a mapping broker sees it: `ingest.X`. */
export function mappedSubject(subject: (typeof inputSubjects)[number]): string {
  return subject.replace(/^truebit\./, 'ingest.');
}
