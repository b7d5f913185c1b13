// The subjects by which monitors speak, and their names behind the broker's mapping. Never subscribes to any.
// deploy/nats/nats.conf says the same for a broker of the operator's own.

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

/**
 * What the aggregator publishes to itself to learn whether a broker maps the inputs: it arrives under the other name
 * where one does, and nowhere else. Not under `truebit.`: monitors and foreign streams take all of that.
 */
export const mappingProbe = { published: '_AGG.mapping.asked', arrivesAt: '_AGG.mapping.answered' } as const;
