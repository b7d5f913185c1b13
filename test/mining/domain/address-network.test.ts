import { expect, it } from 'vitest';
import { networkOf } from '../../../src/mining/domain/address-network.ts';

it('address network - an IPv6 address counts as its first 64 bits, any other text as itself', () => {
  const networks = {
    '192.0.2.1': '192.0.2.1',
    unknown: 'unknown',
    '::1': '0:0:0:0::/64',
    '::': '0:0:0:0::/64',
    '2001:db8::1': '2001:db8:0:0::/64',
    '2001:db8::ffff:1': '2001:db8:0:0::/64',
    '2001:db8:0:1::': '2001:db8:0:1::/64',
    '2001:db8:0:1:2:3:4:5': '2001:db8:0:1::/64',
    'fe80::1%eth0': 'fe80:0:0:0::/64',
    '2001:db8:0:1::/64': '2001:db8:0:1::/64',
  };
  for (const [address, network] of Object.entries(networks)) expect(networkOf(address)).toBe(network);
});
