// Personal data made up for tests, planted into every place of every message, and the search for it: as text in several
// encodings, and as the bytes that hex stands for.

import { VALID } from './rubbish.ts';

type Members = Record<string, unknown>;

const HEX = 'c0ffee0badc0ded00dfacade5eed'.repeat(3);
const ADDRESS_HEX = HEX.slice(0, 40);
const KEY_HEX = HEX.slice(7, 71);

/** Text that identifies a person. The key is written as wallets write it; without `0x` it cannot be told from an id. */
export const CANARIES = {
  address: `0x${ADDRESS_HEX}`,
  ipv4: '203.0.113.77',
  ipv6: '2001:db8:cafe::77',
  email: 'canary.person@example.org',
  key: `0x${KEY_HEX}`,
} as const;

/**
 * How a text stands in the base64 of something longer, by its place there: the characters that its neighbours do not
 * change. At least seven of them, since every signature that is published is 86 random ones.
 */
function base64Of(text: string): string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.from(' '.repeat(before) + text).toString('base64');
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + text.length) * 8) / 6));
  });
}

const BYTES: readonly Buffer[] = [
  ...[...Object.values(CANARIES), 'canary'].flatMap((text) =>
    [text, text.toUpperCase(), ...base64Of(text)].flatMap((form) => [
      Buffer.from(form, 'latin1'),
      Buffer.from(form, 'utf16le'),
    ]),
  ),
  Buffer.from(ADDRESS_HEX, 'hex'),
  Buffer.from(KEY_HEX, 'hex'),
  Buffer.from(ADDRESS_HEX),
  Buffer.from(KEY_HEX),
];

/** The canaries that stand in some bytes. */
export function canariesIn(bytes: Uint8Array | string): string[] {
  const buffer = Buffer.from(bytes);
  return BYTES.filter((canary) => buffer.includes(canary)).map((canary) => canary.toString('latin1'));
}

/** Members that a message may have and the valid test messages lack: stored ones, and ones that are never read. */
const MORE = [
  'blockNumber',
  'blockHash',
  'taskHash',
  'activeTasks',
  'totalTasks',
  'totalInvoices',
  'activeTasksBucket',
  'totalTasksBucket',
  'continentBucket',
  'locationBucket',
  'note',
  'error_data',
  'wallet',
];

/** Copies of a valid message of the subject with this index, each with canaries in one place; none changes a number. */
export function plantedIn(subject: number): readonly string[] {
  const valid = VALID[subject]?.message(0) ?? {};
  const data = valid['data'] as Members;
  const messages: unknown[] = [];
  for (const canary of Object.values(CANARIES)) {
    for (const value of [canary, `at ${canary}`, `${canary}, they say`, canary.toUpperCase()]) {
      for (const name of [...Object.keys(valid), ...MORE]) messages.push({ ...valid, [name]: value });
      for (const name of [...Object.keys(data), ...MORE]) {
        messages.push({ ...valid, data: { ...data, [name]: value } });
        messages.push({ ...valid, data: { ...data, [name]: [value] } });
      }
      messages.push(
        { ...valid, more: { deep: [{ deeper: value }] } },
        { ...valid, data: { ...data, more: { deep: [{ deeper: value }] } } },
        { ...valid, [value]: value, data: { ...data, [value]: null } },
        [value],
        value,
      );
    }
  }
  const texts = messages.map((message) => JSON.stringify(message));
  const broken = Object.values(CANARIES).map((canary) => `{"version":"1.0","nodeId":"${canary}`);
  return [...texts, ...broken, JSON.stringify(Object.values(CANARIES)).padEnd(17_000)];
}
