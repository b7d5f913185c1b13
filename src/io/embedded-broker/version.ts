// The version of a nats-server: read from the program, and compared. It does not know which version can do what;
// configuration.ts does.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { shortageOf } from '../../lib/descriptors.ts';
import { CodedError } from '../../lib/errors.ts';

const run = promisify(execFile);
const VERSION_TIMEOUT_MS = 10_000;

/** Major, minor, patch. */
export type Version = readonly [number, number, number];

/** The oldest nats-server on which the generated configuration was verified. */
export const OLDEST_VERSION: Version = [2, 9, 0];

/** Reads `v2.10.21`, `nats-server: v2.9.10` and pre-releases; null if the text holds no version. */
export function parseVersion(text: string): Version | null {
  const match = /v?(\d+)\.(\d+)\.(\d+)/.exec(text);
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3])];
}

/** True if `version` is `least` or newer. */
export function isAtLeast(version: Version, least: Version): boolean {
  const differing = version.findIndex((part, index) => part !== least[index]);
  return differing === -1 || (version[differing] ?? 0) > (least[differing] ?? 0);
}

/** The version as text: `2.9.10`. */
export function formatVersion(version: Version): string {
  return version.join('.');
}

/**
 * Runs the program to read its version. Throws `broker_start_failed` if it cannot run, prints no version, or is too
 * old.
 */
export async function readVersion(binary: string): Promise<Version> {
  const version = parseVersion(await versionText(binary));
  if (version === null) {
    throw new CodedError('broker_start_failed', `${binary} is not a nats-server: it names no version.`);
  }
  if (isAtLeast(version, OLDEST_VERSION)) return version;
  throw new CodedError(
    'broker_start_failed',
    `${binary} is nats-server ${formatVersion(version)}: ${formatVersion(OLDEST_VERSION)} or newer is needed. ` +
      'Install a newer one, or set NATS_SERVER_BIN to it.',
  );
}

async function versionText(binary: string): Promise<string> {
  try {
    return (await run(binary, ['--version'], { timeout: VERSION_TIMEOUT_MS })).stdout;
  } catch (error) {
    const shortage = shortageOf(error);
    if (shortage !== null) throw shortage;
    throw new CodedError('broker_start_failed', `${binary} could not be run to ask its version.`, {
      cause: error,
    });
  }
}
