// `aggregator status --acknowledge`: ends the warning about messages that are missing from the numbers. It changes none
// of these numbers.

import type { Environment } from '../../config/environment.ts';
import { readSettings } from '../config/settings.ts';
import { describeMissing, listMissing, totalsOf } from '../domain/missing.ts';
import { performOperatorRequest } from './operator-request.ts';

/** Acknowledges exactly the missing messages that it prints, and none that the program finds in between. */
export async function acknowledge(env: Environment, isJson: boolean): Promise<string> {
  const { settings } = readSettings(env);
  const missing = await performOperatorRequest(settings, { type: 'listMissing' });
  await performOperatorRequest(settings, { type: 'acknowledge', upTo: totalsOf(missing) });
  const listings = listMissing(missing);
  if (isJson) return `${JSON.stringify({ acknowledged: listings }, null, 2)}\n`;
  if (listings.length === 0)
    return 'Nothing to acknowledge: no message is missing, or all missing messages are acknowledged.\n';
  return listings.map((listing) => `Acknowledged: ${describeMissing(listing)}\n`).join('');
}
