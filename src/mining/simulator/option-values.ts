// Decodes the values of the simulators' options. Any mistake becomes one sentence.

import { CodedError } from '../../lib/errors.ts';
import { FAULT_NAMES, type FaultName } from './fault-names.ts';
import type { SimAuth } from './sim-auth.ts';

/**
 * The faults of `none`, `all` or a list with commas. `cookie` needs an upstream with a cookie, so `all` leaves it out
 * without one. Errors: `usage`.
 */
export function readFaults(value: string, hasCookie: boolean): readonly FaultName[] {
  if (value === 'none') return [];
  if (value === 'all') return FAULT_NAMES.filter((name) => name !== 'cookie' || hasCookie);
  return value.split(',').map((written) => {
    const name = FAULT_NAMES.find((each) => each === written.trim());
    if (name === undefined)
      throw new CodedError('usage', `--faults: none, all, or some of ${FAULT_NAMES.join(', ')}.`);
    if (name === 'cookie' && !hasCookie)
      throw new CodedError('usage', '--faults cookie needs --auth cookie:FILE.');
    return name;
  });
}

/** `none`, `basic:USER:PASSWORD`, `cookie:FILE` or `bearer:TOKEN`. Errors: `usage`. */
export function readAuth(value: string): SimAuth {
  const [type, ...more] = value.split(':');
  const rest = more.join(':');
  const [user = '', ...password] = more;
  if (value === 'none') return { type: 'none' };
  if (type === 'basic' && user !== '' && password.length > 0)
    return { type: 'basic', user, password: password.join(':') };
  if (type === 'cookie' && rest !== '') return { type: 'cookie', path: rest };
  if (type === 'bearer' && rest !== '') return { type: 'bearer', token: rest };
  throw new CodedError('usage', '--auth: must be none, basic:USER:PASSWORD, cookie:FILE or bearer:TOKEN.');
}

/** An address that begins with `http://`. Errors: `usage`. */
export function readUrl(name: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url?.protocol === 'http:') return url;
  throw new CodedError('usage', `--${name}: must be an address that begins with http://.`);
}
