// `aggregator keys`: makes, lists and revokes API keys, while the program runs or not. A key is made here, shown once, and
// only its hash goes further.

import type { Environment } from '../../config/environment.ts';
import { readSettings } from '../config/settings.ts';
import { PERMISSIONS } from '../domain/api-keys.ts';
import type { KeyListing } from '../domain/operator-request.ts';
import { keyHashOf, newApiKey } from '../domain/message-signature.ts';
import { parseCommandLine } from '../../lib/command-line.ts';
import { isReadableByOthers } from '../../store/database-files.ts';
import { changeDatabase } from './change-database.ts';
import type { Command } from '../../cli/command.ts';
import { complain, print } from '../../cli/output.ts';
import { readSubcommand } from '../../cli/subcommand.ts';

const HELP = `Usage: aggregator keys create --name NAME [options]
       aggregator keys list [--json]
       aggregator keys revoke KEY_ID [--json]

Makes, lists and revokes API keys in the database of DB_PATH, also while the program runs: then it takes effect at once.

create prints the key once; only its SHA-256 is kept.
  --name NAME         what it is for, 1 to 64 characters
  --node NODE_ID      the one node that it may sign for, and which then needs it; default: any node that no key is bound to
  --permissions LIST  comma-separated: publish (sign messages), subscribe (read the HTTP API), admin (both); default publish
  --rate-limit N      messages a minute, twice as many at once; 0: no limit; default 60
  --json              print JSON
revoke ends a key: messages that the broker received later are refused.

Exit code: 0 done; 1 not done; 2 usage.
`;

const JSON_OPTION = { json: { type: 'boolean', default: false } } as const;
const CREATE_OPTIONS = {
  ...JSON_OPTION,
  name: { type: 'string', default: '' },
  node: { type: 'string' },
  permissions: { type: 'string', default: 'publish' },
  'rate-limit': { type: 'string', default: '60' },
} as const;

async function create(args: readonly string[], env: Environment): Promise<string> {
  const { values } = parseCommandLine(args, CREATE_OPTIONS);
  const { settings } = readSettings(env);
  const key = newApiKey();
  const words = values.permissions.split(',').map((word) => word.trim());
  const permissions = PERMISSIONS.filter((permission) => words.includes(permission));
  const made = await changeDatabase(settings, {
    type: 'createKey',
    key: {
      keyHash: keyHashOf(key),
      name: values.name,
      nodeId: values.node ?? null,
      // A word that is no permission makes the list wrong.
      permissions: permissions.length === words.length ? permissions : [],
      ratePerMinute: /^[0-9]{1,9}$/.test(values['rate-limit']) ? Number(values['rate-limit']) : -1,
    },
  });
  if (isReadableByOthers(settings.databasePath)) {
    complain(
      `warning: other users may read ${settings.databasePath}, and with what is in it they could sign as this key: chmod 600\n`,
    );
  }
  if (values.json) return `${JSON.stringify({ key, ...made })}\n`;
  const bound = made.nodeId === null ? 'any node that no key is bound to' : made.nodeId;
  return `key         ${key}
key id      ${made.keyId}
node        ${bound}
may         ${made.permissions.join(', ')}
rate        ${rateOf(made)}
The key is not shown again.
`;
}

async function list(args: readonly string[], env: Environment): Promise<string> {
  const { values } = parseCommandLine(args, JSON_OPTION);
  const keys = await changeDatabase(readSettings(env).settings, { type: 'listKeys' });
  if (values.json) return `${JSON.stringify({ keys })}\n`;
  if (keys.length === 0) return 'There are no API keys.\n';
  return keys.map((key) => `${lineOf(key)}\n`).join('');
}

async function revoke(args: readonly string[], env: Environment): Promise<string> {
  const { values, operands } = parseCommandLine(args, JSON_OPTION, ['KEY_ID']);
  const [keyId = ''] = operands;
  const key = await changeDatabase(readSettings(env).settings, { type: 'revokeKey', keyId });
  return values.json ? `${JSON.stringify(key)}\n` : `${lineOf(key)}\n`;
}

function lineOf(key: KeyListing): string {
  const state = key.revokedAt === null ? 'active' : `revoked ${key.revokedAt}`;
  const used = key.lastUsedAt === null ? 'never used' : `last used ${key.lastUsedAt}`;
  const node = key.nodeId ?? 'any node';
  return [key.keyId, state, key.permissions.join(','), rateOf(key), node, used, key.name].join('  ');
}

function rateOf(key: KeyListing): string {
  return key.rateLimit === 0 ? 'no limit' : `${key.rateLimit}/min`;
}

export const keysCommand: Command = {
  help: HELP,
  async run(args, env) {
    const { word, rest } = readSubcommand(['create', 'list', 'revoke'], args);
    const commands = { create, list, revoke };
    print(await commands[word](rest, env));
    return 0;
  },
};
