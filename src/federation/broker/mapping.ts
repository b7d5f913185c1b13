// Checks whether a broker maps the input subjects to `ingest.…` (docs/federation.md#rights-at-the-broker), as the
// embedded broker and the shipped configuration do. Only with that mapping are monitors unable to hear each other, and
// only then do messages arrive under the mapped names.

import { MAPPING_PROBE } from './subjects.ts';
import type { NatsConnection } from '../../io/nats.ts';

/** True if a refusal concerns the probe below: a user may lack the right to it, and then the probe finds no mapping. */
export function isOfProbe(subject: string | null): boolean {
  return subject === MAPPING_PROBE.published || subject === MAPPING_PROBE.arrivesAt;
}

/**
 * True if the broker maps the inputs. Throws if it does not answer. For a user without rights to the two subjects of
 * the probe the result is false.
 */
export async function mapsInputs(connection: NatsConnection): Promise<boolean> {
  let hasArrived = false;
  const subscription = connection.subscribe(MAPPING_PROBE.arrivesAt, {
    callback(error) {
      hasArrived ||= error === null;
    },
  });
  connection.publish(MAPPING_PROBE.published);
  // The broker handles the messages of one connection in order: a mapped message comes back before the answer to the
  // ping.
  await connection.flush();
  subscription.unsubscribe();
  return hasArrived;
}
