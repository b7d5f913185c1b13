// `aggregator keys`: makes, lists and revokes API keys, whether the program runs or not. This command makes the key and
// shows it once; it passes on only the key's hash.

import { readSettings } from '../config/settings.ts';
import { PERMISSIONS } from '../domain/api-keys.ts';
import type { KeyListing } from '../domain/operator-request.ts';
import { keyHashOf, newApiKey } from '../domain/message-signature.ts';
import { isReadableByOthers } from '../../store/database-files.ts';
import { performOperatorRequest } from './operator-request.ts';
import { command, group } from '../../cli/command.ts';
import { flag, option, optionWithDefault } from '../../cli/command-line.ts';
import { complain, print, requireShown } from '../../cli/output.ts';

const EXIT = '0 done; 1 not done; 2 usage.';
const JSON_OPTION = { json: flag('print JSON') };

const create = command({
  about: 'Makes a key and prints it once. The database keeps only its SHA-256.',
  options: {
    name: optionWithDefault('NAME', 'the purpose of the key, 1 to 64 characters; needed', ''),
    node: option(
      'NODE_ID',
      'binds the key to this node, whose messages then need such a key; default any node that no key is bound to',
    ),
    permissions: optionWithDefault(
      'LIST',
      'comma-separated: publish (sign messages), subscribe (read the HTTP API), admin (both)',
      'publish',
    ),
    'rate-limit': optionWithDefault('N', 'messages a minute, and twice as many at once; 0 is no limit', '60'),
    ...JSON_OPTION,
  },
  exit: EXIT,
  async run({ values }, env) {
    const { settings } = readSettings(env);
    requireShown('the key');
    const key = newApiKey();
    const words = values.permissions.split(',').map((word) => word.trim());
    const permissions = PERMISSIONS.filter((permission) => words.includes(permission));
    const created = await performOperatorRequest(settings, {
      type: 'createKey',
      key: {
        keyHash: keyHashOf(key),
        name: values.name,
        nodeId: values.node ?? null,
        // An unknown word makes the whole list invalid.
        permissions: permissions.length === words.length ? permissions : [],
        ratePerMinute: /^[0-9]{1,9}$/.test(values['rate-limit']) ? Number(values['rate-limit']) : -1,
      },
    });
    if (isReadableByOthers(settings.databasePath)) {
      complain(
        `warning: other users may read ${settings.databasePath}, and could sign as this key with its content: run chmod 600 on it\n`,
      );
    }
    print(values.json ? `${JSON.stringify({ key, ...created })}\n` : createdText(key, created));
    return 0;
  },
});

function createdText(key: string, created: KeyListing): string {
  const bound = created.nodeId === null ? 'any node that no key is bound to' : created.nodeId;
  return `key         ${key}
key id      ${created.keyId}
node        ${bound}
may         ${created.permissions.join(', ')}
rate        ${rateOf(created)}
The key is not shown again.
`;
}

const list = command({
  about: 'Lists all keys, revoked ones too.',
  options: JSON_OPTION,
  exit: EXIT,
  async run({ values }, env) {
    const keys = await performOperatorRequest(readSettings(env).settings, { type: 'listKeys' });
    const text =
      keys.length === 0 ? 'There are no API keys.\n' : keys.map((key) => `${lineOf(key)}\n`).join('');
    print(values.json ? `${JSON.stringify({ keys })}\n` : text);
    return 0;
  },
});

const revoke = command({
  about: 'Ends a key: the aggregator rejects messages that the broker receives from now on.',
  operands: ['KEY_ID'],
  options: JSON_OPTION,
  exit: EXIT,
  async run({ values, operands: [keyId = ''] }, env) {
    const key = await performOperatorRequest(readSettings(env).settings, { type: 'revokeKey', keyId });
    print(values.json ? `${JSON.stringify(key)}\n` : `${lineOf(key)}\n`);
    return 0;
  },
});

function lineOf(key: KeyListing): string {
  const state = key.revokedAt === null ? 'active' : `revoked ${key.revokedAt}`;
  const used = key.lastUsedAt === null ? 'never used' : `last used ${key.lastUsedAt}`;
  const node = key.nodeId ?? 'any node';
  return [key.keyId, state, key.permissions.join(','), rateOf(key), node, used, key.name].join('  ');
}

function rateOf(key: KeyListing): string {
  return key.rateLimit === 0 ? 'no limit' : `${key.rateLimit}/min`;
}

/** The command `keys`. */
export const keysCommand = group({
  about:
    'Makes, lists and revokes API keys in the database of DB_PATH. While the program runs, a change takes effect at once.',
  commands: {
    create: { summary: 'make a key', load: () => Promise.resolve(create) },
    list: { summary: 'list the keys', load: () => Promise.resolve(list) },
    revoke: { summary: 'end a key', load: () => Promise.resolve(revoke) },
  },
  exit: EXIT,
});
