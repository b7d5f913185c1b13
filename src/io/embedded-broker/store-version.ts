// Which nats-server last opened the broker's store. nats-server promises that a newer version reads what an older one wrote,
// not the reverse, so an older one is not started on the store. This file reads and changes no stream.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../../lib/durable.ts';
import { CodedError } from '../../lib/errors.ts';
import { makeFolder } from '../../lib/folder.ts';
import { formatVersion, isAtLeast, parseVersion, type Version } from './version.ts';

/** A nats-server: where it is, and the version that it tells. */
export interface Binary {
  readonly path: string;
  readonly version: Version;
}

/** The note's path: in the store, so that it goes where the store is moved. */
export function storeVersionFile(store: string): string {
  return join(store, 'nats-server.version');
}

/**
 * Throws `broker_store_newer`, with both versions and the remedies, if a newer nats-server than this one has opened the
 * store. A store without a note, or with one that cannot be understood, counts as readable.
 */
export function requireReadableStore(store: string, { path, version }: Binary): void {
  const note = storeVersionFile(store);
  if (!existsSync(note)) return;
  const writer = parseVersion(readFileSync(note, 'utf8'));
  if (writer === null || isAtLeast(version, writer)) return;
  const [newer, older] = [formatVersion(writer), formatVersion(version)];
  throw new CodedError(
    'broker_store_newer',
    `nats-server ${newer} wrote the broker's store ${store}, and the older ${older} (${path}) must not open it: ` +
      `set NATS_SERVER_BIN to nats-server ${newer} or newer, or install one, or move that folder away ` +
      'and lose the messages in it that are not counted yet.',
  );
}

/**
 * Notes in the store that this nats-server opens it, and makes the store's folder if necessary. It is called before the
 * server starts, which writes at once. Throws the system's error.
 */
export function noteStoreVersion(store: string, { version }: Binary): void {
  const [note, text] = [storeVersionFile(store), `${formatVersion(version)}\n`];
  if (existsSync(note) && readFileSync(note, 'utf8') === text) return;
  makeFolder(store, 0o700);
  writeDurably(note, text);
}
