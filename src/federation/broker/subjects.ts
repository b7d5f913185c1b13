// The subjects by which monitors speak, their names behind the broker's mapping, and who may use them. Never subscribes to
// any. deploy/nats/nats.conf says the same for a broker of the operator's own.

import type { BrokerRights } from '../../io/embedded-broker/configuration.ts';
import { SUBJECTS } from '../domain/vocabulary.ts';

/** Request and reply: how a node asks for the federation's salt. */
export const joinSubject = 'truebit.federation.join';

/** `truebit.X` as the stream of a mapping broker sees it: `ingest.X`. */
export function mappedSubject(subject: (typeof SUBJECTS)[number]): string {
  return subject.replace(/^truebit\./, 'ingest.');
}

/**
 * What the aggregator publishes to itself to learn whether a broker maps the inputs: it arrives under the other name
 * where one does, and nowhere else. Not under `truebit.`: monitors and foreign streams take all of that.
 */
export const mappingProbe = { published: '_AGG.mapping.asked', arrivesAt: '_AGG.mapping.answered' } as const;

/** Monitors hear statistics and no other monitor. */
export const FEDERATION_RIGHTS: BrokerRights = {
  account: 'FEDERATION',
  mappings: [
    ...SUBJECTS.map((subject): [string, string] => [subject, mappedSubject(subject)]),
    [mappingProbe.published, mappingProbe.arrivesAt],
  ],
  monitor: {
    publish: [...SUBJECTS, ...SUBJECTS.map(mappedSubject), joinSubject],
    subscribe: ['truebit.>', '_INBOX.>'],
    subscribeNot: ['truebit.federation.>'],
  },
};
