// The subjects that monitors use, their mapped names, and who may use them. It subscribes to none.
// deploy/nats/nats.conf has the same rules for an operator's own broker.

import type { BrokerRights } from '../../io/embedded-broker/configuration.ts';
import { SUBJECTS } from '../domain/vocabulary.ts';

/** Subject of the request with which a node asks for the federation's salt. */
export const JOIN_SUBJECT = 'truebit.federation.join';

/** The mapped name of an input: `truebit.X` is `ingest.X` in the stream of a mapping broker. */
export function mappedSubject(subject: (typeof SUBJECTS)[number]): string {
  return subject.replace(/^truebit\./, 'ingest.');
}

/**
 * The probe for the mapping. The aggregator publishes it to itself; it arrives under the other name only if the broker
 * maps the inputs. It is not under `truebit.`, because monitors and other streams receive everything there.
 */
export const MAPPING_PROBE = { published: '_AGG.mapping.asked', arrivesAt: '_AGG.mapping.answered' } as const;

/** The rights of the aggregator's account: monitors can hear statistics and no other monitor. */
export const FEDERATION_RIGHTS: BrokerRights = {
  account: 'FEDERATION',
  mappings: [
    ...SUBJECTS.map((subject): [string, string] => [subject, mappedSubject(subject)]),
    [MAPPING_PROBE.published, MAPPING_PROBE.arrivesAt],
  ],
  monitor: {
    publish: [...SUBJECTS, ...SUBJECTS.map(mappedSubject), JOIN_SUBJECT],
    subscribe: ['truebit.>', '_INBOX.>'],
    subscribeNot: ['truebit.federation.>'],
  },
};
