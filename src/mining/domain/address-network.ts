// Which addresses count as one: budgets, turns and shares are by network, because a customer with IPv6 has 2^64
// addresses. It checks no address.

const GROUPS_OF_ADDRESS = 8;
const GROUPS_OF_NETWORK = 4;

/**
 * The network of an address for budgets, turns and shares: of an IPv6 address its first 64 bits, as `2001:db8:0:1::/64`;
 * any other text stands for itself. An IPv4-mapped address must have become IPv4 before.
 */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('/')) return address;
  const [plain = ''] = address.split('%');
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, GROUPS_OF_ADDRESS - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${groups.slice(0, GROUPS_OF_NETWORK).join(':')}::/64`;
}
