// Makes the nats-server that the program runs itself, if the settings name no other, and logs when it goes and comes.

import { embeddedBrokerFor } from '../broker/broker-choice.ts';
import type { Settings } from '../config/settings.ts';
import type { EmbeddedBroker } from '../../io/embedded-broker/broker.ts';
import type { Log } from '../../io/log.ts';
import { lockBrokerFolder } from '../../store/lock.ts';

/** Makes it; null if the settings name another broker. `searchPath` is the variable PATH. */
export function makeOwnBroker(
  settings: Settings,
  { log, searchPath }: { readonly log: Log; readonly searchPath: string },
): EmbeddedBroker | null {
  return embeddedBrokerFor(settings, searchPath, {
    lockFolder: lockBrokerFolder,
    log: (level, message) => log[level](`broker: ${message}`),
    onDown: (reason) => log.warn(`broker: the embedded nats-server is down (${reason}); starting it again`),
    onUp: () => log.info('broker: the embedded nats-server is up again'),
  });
}
