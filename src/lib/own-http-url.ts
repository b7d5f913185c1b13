// Where the aggregator of this environment listens, for commands that ask it: the settings HTTP_HOST and HTTP_PORT, as far
// as they name an address. It judges no setting.

import { ownAddress } from './own-address.ts';

/** `http://127.0.0.1:8080` unless the settings say otherwise; a port that the system chooses is nowhere to be read. */
export function ownHttpUrl(env: Readonly<Record<string, string | undefined>>): string {
  return `http://${ownAddress(env['HTTP_HOST'], env['HTTP_PORT'], '8080')}`;
}
