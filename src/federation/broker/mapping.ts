// Asks a broker whether it maps the inputs to `ingest.…` (section 8), as ours and the shipped configuration do: only then
// do monitors not hear each other, and only then do messages arrive under the other names.

import { mappingProbe } from './subjects.ts';
import type { NatsConnection } from '../../io/nats.ts';

/** Whether a refusal is of the question below, which a user without rights to it may ask in vain. */
export function isOfProbe(subject: string | null): boolean {
  return subject === mappingProbe.published || subject === mappingProbe.arrivesAt;
}

/** Throws if the broker does not answer. A user without rights to the two subjects of the probe finds no mapping. */
export async function mapsInputs(connection: NatsConnection): Promise<boolean> {
  let hasArrived = false;
  const subscription = connection.subscribe(mappingProbe.arrivesAt, {
    callback(error) {
      hasArrived ||= error === null;
    },
  });
  connection.publish(mappingProbe.published);
  // The broker handles what one connection sends in its order: what it maps comes back before the answer to the ping.
  await connection.flush();
  subscription.unsubscribe();
  return hasArrived;
}
