// `aggregator nodes blocked`: the ids whose messages are refused, as the writer knows them.

import { command } from '../../cli/command.ts';
import { flag } from '../../cli/command-line.ts';
import { print } from '../../cli/output.ts';
import type { Environment } from '../../config/environment.ts';
import { readSettings } from '../config/settings.ts';
import type { BlockedNode } from '../domain/operator-request.ts';
import { performOperatorRequest } from './operator-request.ts';

/** The command `nodes blocked`. */
export const blockedCommand = command({
  about: 'Lists the blocked ids.',
  options: { json: flag('print JSON') },
  exit: '0 done; 1 not done; 2 usage.',
  async run({ values }, env) {
    print(blockedText(await readBlocked(env), values.json));
    return 0;
  },
});

/** The blocked ids. Errors: those of `performOperatorRequest`. */
export function readBlocked(env: Environment): Promise<readonly BlockedNode[]> {
  return performOperatorRequest(readSettings(env).settings, { type: 'listBlocked' });
}

/** They as text or JSON. */
export function blockedText(blocked: readonly BlockedNode[], isJson: boolean): string {
  if (isJson) return `${JSON.stringify({ blocked })}\n`;
  if (blocked.length === 0) return 'No node is blocked.\n';
  return blocked.map(({ nodeId, blockedAt }) => `${nodeId}  blocked ${blockedAt}\n`).join('');
}
