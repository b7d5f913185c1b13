import { expect, it } from 'vitest';
import type { Entry } from '../../../src/mining/domain/facts.ts';
import { UNASSIGNED_MAX, UnassignedAccounts } from '../../../src/mining/domain/unassigned-accounts.ts';
import type { DeliveryOutcome } from '../../../src/mining/domain/upstream-answer.ts';

const entry = (accountId: string, upstream = 'pool') =>
  ({ upstream, submission: { accountId } }) as unknown as Entry;
const refused = (about: 'account' | 'block'): DeliveryOutcome => ({
  type: 'refused',
  about,
  code: -32007,
  text: 'no',
});

it('unassigned accounts - an operator is told once of each account and upstream, and again after an acceptance', () => {
  const accounts = new UnassignedAccounts();
  const tell = (each: Entry, outcome: DeliveryOutcome) => accounts.settled(each, outcome, 5);
  expect(tell(entry('AB'), refused('account'))).toEqual({
    type: 'not_assigned',
    atMs: 5,
    upstream: 'pool',
    accountId: 'ab',
    text: 'no',
  });
  expect(tell(entry('ab'), refused('account'))).toBeNull();
  expect(tell(entry('ab', 'other'), refused('account'))).not.toBeNull();
  expect(tell(entry('cd'), refused('block'))).toBeNull();
  expect(tell(entry('cd'), { type: 'expired' })).toBeNull();
  expect(tell(entry('ab'), { type: 'delivered', rawQuality: 1n })).toBeNull();
  expect(tell(entry('ab'), refused('account'))).not.toBeNull();
});

it('unassigned accounts - the memory is bounded', () => {
  const accounts = new UnassignedAccounts();
  for (let index = 0; index <= UNASSIGNED_MAX; index++)
    accounts.settled(entry(`${index}`), refused('account'), 0);
  expect(accounts.settled(entry(`${UNASSIGNED_MAX}`), refused('account'), 0)).toBeNull();
  expect(accounts.settled(entry('0'), refused('account'), 0)).not.toBeNull();
});
