// Where the broker of this environment's aggregator listens while NATS_URL is unset, for commands that listen or publish
// there: the settings EMBEDDED_NATS_HOST and EMBEDDED_NATS_PORT, as far as they name an address. It judges no setting.

import { ownAddress } from './own-address.ts';

/** `nats://127.0.0.1:4222` unless the settings say otherwise; those of a broker that is switched off say nothing. */
export function ownBrokerUrl(env: Readonly<Record<string, string | undefined>>): string {
  if ((env['EMBEDDED_NATS'] ?? '').trim() === 'off') return 'nats://127.0.0.1:4222';
  return `nats://${ownAddress(env['EMBEDDED_NATS_HOST'], env['EMBEDDED_NATS_PORT'], '4222')}`;
}
