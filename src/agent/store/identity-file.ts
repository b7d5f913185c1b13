// The file `DB_PATH.identity`: what must outlive a damaged state file. It is written whole and renamed into place. It holds
// no fact, and no salt.
//
// The commit counter in it tells whether the state file went back to an older copy. It is written at every start, at every
// orderly stop, and once a minute while the state changes, each time after the state file itself is on the disk: a state
// file that is right never has a lower counter. A start counts as a commit, so a copy from before the latest start is
// always found out. What is not found out: a copy of the last minute, put back after a kill.

import { readFileSync } from 'node:fs';
import { writeDurably, OWNER_ONLY } from '../../lib/durable.ts';
import { errorCode } from '../../lib/error-code.ts';
import { publicJwk, type PublicJwk } from '../../lib/ed25519.ts';
import { isObject } from '../../lib/is-object.ts';
import type { AgentIdentity } from '../domain/agent-state.ts';
import { LOCAL_KEY_BYTES } from '../domain/fact-key.ts';

/** Everything that the file holds. */
export interface KeptIdentity {
  readonly identity: AgentIdentity;
  /** 32 bytes. */
  readonly localKey: Buffer;
  readonly commits: number;
  /** When the first state of this identity was made, in ms since the epoch. */
  readonly sinceMs: number;
}

const VERSION = 1;
const NODE_ID = /^node-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const PUBLIC_KEY = /^[A-Za-z0-9_-]{43}$/;

/** True for `node-` and a UUID v4 in lower case. */
export function isNodeId(text: string): boolean {
  return NODE_ID.test(text);
}

/** The path of the file beside a state file. */
export function identityPathOf(databasePath: string): string {
  return `${databasePath}.identity`;
}

/** Reads the file; null if there is none, `damaged` if it cannot be understood. Throws the system's error. */
export function readIdentityFile(databasePath: string): KeptIdentity | 'damaged' | null {
  let text: string;
  try {
    text = readFileSync(identityPathOf(databasePath), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
  return parse(text) ?? 'damaged';
}

/** Writes the file. The caller has the state on the disk before. Throws the system's error. */
export function writeIdentityFile(databasePath: string, kept: KeptIdentity): void {
  const { identity, localKey, commits, sinceMs } = kept;
  const { nodeId, isEnabled, sharesLocation, sharesTasks, continent, statsKey } = identity;
  const content = {
    version: VERSION,
    nodeId,
    localKey: localKey.toString('hex'),
    isEnabled,
    sharesLocation,
    sharesTasks,
    continent,
    statsKey: statsKey?.x ?? null,
    commits,
    sinceMs,
  };
  writeDurably(identityPathOf(databasePath), `${JSON.stringify(content, null, 2)}\n`, OWNER_ONLY);
}

/** The pinned key of its stored form, 32 bytes in base64url; null for none. */
export function statsKeyOf(x: unknown): PublicJwk | null {
  return typeof x === 'string' && PUBLIC_KEY.test(x) ? publicJwk(x) : null;
}

function parse(text: string): KeptIdentity | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value) || value['version'] !== VERSION) return null;
  const { nodeId, localKey, commits, sinceMs, continent, statsKey } = value;
  const bytes = typeof localKey === 'string' ? Buffer.from(localKey, 'hex') : Buffer.alloc(0);
  if (
    typeof nodeId !== 'string' ||
    !isNodeId(nodeId) ||
    bytes.length !== LOCAL_KEY_BYTES ||
    !isWhole(commits) ||
    !isWhole(sinceMs)
  )
    return null;
  return {
    identity: {
      nodeId,
      isEnabled: value['isEnabled'] !== false,
      sharesLocation: value['sharesLocation'] !== false,
      sharesTasks: value['sharesTasks'] !== false,
      continent: typeof continent === 'string' ? continent : null,
      statsKey: statsKeyOf(statsKey),
    },
    localKey: bytes,
    commits,
    sinceMs,
  };
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
