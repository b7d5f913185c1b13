// What `doctor` looks at of a database: its folder and the room there, the process that holds it, and the format of the file.
// It opens the file with SQLite only while the program runs, because SQLite may make files beside one that nobody uses.

import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorCode } from '../lib/error-code.ts';
import { lookForDatabase, requirePlace } from '../store/database-place.ts';
import { type DatabaseProgram, openCurrent } from '../store/database.ts';
import { fileSystemOf } from '../store/file-system.ts';
import { FREE_SPACE_LOW_SHARE, type Room, roomBeside } from '../store/free-space.ts';
import { type LockHolder, lockHolder } from '../store/lock.ts';
import { requireOneName } from '../store/one-name.ts';
import { formatOf, requireOwnFile } from '../store/program-identity.ts';
import { type Check, fail, type Finding, ok, warn } from './finding.ts';
import { size } from './screen.ts';

/** Below this share of the file system there is a warning; deploy/alerts.yml has the same. */
const FREE_SHARE_GOOD = 0.1;

/** A database of a program. */
export interface ExaminedDatabase {
  readonly path: string;
  readonly program: DatabaseProgram;
  /** What an operator calls the setting that has the path. */
  readonly setting: string;
}

/** True if a process of this machine holds the database, which then is in use. */
export function isProgramRunning(path: string): boolean {
  return lockHolder(path)?.isAlive === true;
}

/** The checks, in the order of their lines. */
export function databaseChecks({ path: given, program, setting }: ExaminedDatabase): readonly Check[] {
  const path = resolve(given);
  return [
    {
      what: 'folder',
      look() {
        requirePlace(path);
        const folder = existingFolder(path);
        const own = folder === dirname(path) ? '' : `; ${dirname(path)} would be made`;
        return [
          ok('folder', `${folder} can be written${own}`),
          fileSystemFinding(folder, fileSystemOf(folder), setting),
          roomFinding(folder, roomBeside(`${folder}/x`)),
        ];
      },
    },
    { what: 'database', look: () => databaseFindings(path, program) },
  ];
}

function existingFolder(path: string): string {
  let folder = dirname(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** Judges the kind of the file system of a folder. */
export function fileSystemFinding(
  folder: string,
  { kind, name }: ReturnType<typeof fileSystemOf>,
  setting: string,
): Finding {
  const elsewhere = `set ${setting} to a file on a disk of this machine`;
  switch (kind) {
    case 'network':
      return fail(
        'file system',
        `${folder} is on a network file system (${name}), whose locks SQLite cannot trust`,
        elsewhere,
      );
    case 'memory':
      return warn(
        'file system',
        `${folder} is in memory (${name}): a restart of the machine loses it`,
        elsewhere,
      );
    case 'layer':
      return warn(
        'file system',
        `${folder} is in the layer of a container (${name}), and is gone with it`,
        `mount a volume, or ${elsewhere}`,
      );
    case 'local':
      return ok('file system', `${folder} is on this machine (${name})`);
  }
}

/** Judges the free space of a file system. */
export function roomFinding(folder: string, { freeBytes, sizeBytes }: Room): Finding {
  const share = sizeBytes > 0 ? freeBytes / sizeBytes : 1;
  const text = `${size(freeBytes)} (${Math.floor(share * 100)} %) free for ${folder}`;
  if (share < FREE_SPACE_LOW_SHARE)
    return fail('room', `only ${text}: the program would stop reading`, 'make room');
  return share < FREE_SHARE_GOOD ? warn('room', `only ${text}`, 'make room') : ok('room', text);
}

function databaseFindings(path: string, program: DatabaseProgram): readonly Finding[] {
  const found = lookForDatabase(path);
  if (found === null || found.size === 0)
    return [ok('database', `${path} is not there yet; the first start makes it`)];
  requireOneName(path);
  requireOwnFile(path, program, 'start');
  const holder = lockHolder(path);
  if (holder?.isAlive === true) openCurrent(path, program).close();
  return [formatFinding(path, found.size, program.migrations.length), lockFinding(holder)];
}

function formatFinding(path: string, bytes: number, newest: number): Finding {
  try {
    const { version, isCut } = formatOf(path);
    if (!isCut) return versionFinding(path, bytes, version, newest);
    return fail('database', `the end of ${path} is missing: it has ${size(bytes)}`, 'restore a backup');
  } catch (error) {
    const code = errorCode(error) ?? 'unknown error';
    return fail('database', `${path} cannot be read (${code})`, 'let this user read and write it');
  }
}

/** Judges the version of a database's format; `newest` is the one that this program knows. */
export function versionFinding(path: string, bytes: number, version: number, newest: number): Finding {
  const text = `${path} has ${size(bytes)}, format ${version}`;
  if (version > newest) {
    return fail(
      'database',
      `${text}, and this program knows formats up to ${newest}`,
      'run the newer program, or restore an older backup',
    );
  }
  return ok('database', version === newest ? text : `${text}; the next start makes format ${newest} of it`);
}

/** Says which process holds the database. */
export function lockFinding(holder: LockHolder | null): Finding {
  if (holder === null) return ok('lock', 'no program holds the database');
  if (holder.isAlive === true) return ok('lock', `the program runs (${holder.text}) and holds the database`);
  if (holder.isAlive === false)
    return ok('lock', `${holder.text} held it and is gone; a start takes the lock over`);
  return warn(
    'lock',
    `${holder.text} says that it holds the database`,
    'look there: two machines must not share one database',
  );
}
