// Opens the state of an agent: the state file, locked, with the identity beside it. A state file that is damaged, empty or
// older than the identity beside it is moved aside and begun anew. A file of another program is left as it is.

import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { CodedError } from '../../lib/errors.ts';
import { type Database, durably, openInMemory } from '../../store/database.ts';
import { roomBeside } from '../../store/free-space.ts';
import { closeHeld, openHeld } from '../../store/held-database.ts';
import { lockDatabase } from '../../store/lock.ts';
import { refusalOf } from '../../store/refusal.ts';
import { StoredValues } from '../../store/stored-values.ts';
import type { AgentIdentity, OpenedState } from '../domain/agent-state.ts';
import { LOCAL_KEY_BYTES } from '../domain/fact-key.ts';
import { AGENT_DATABASE } from './agent-database.ts';
import { identityPathOf, type KeptIdentity, readIdentityFile, writeIdentityFile } from './identity-file.ts';
import { readIdentity, writeIdentity } from './identity-row.ts';
import { StateWriter, type WriterOptions } from './writer.ts';

/** Pages of the write-ahead log: a share of the file system, and its limits. */
const LOG_SHARE = 0.05;
const LOG_PAGES_MAX = 4_000;
const LOG_PAGES_LEAST = 25;
const PAGE_BYTES = 4_096;

/** How a state is opened. */
export interface OpenStateOptions extends WriterOptions {
  /** The path of the state file; null: the state is in memory, and nothing remains of it. */
  readonly path: string | null;
  /** The wall clock, in ms since the epoch. */
  readonly nowMs: number;
}

/** An open state. Whoever opened it closes it. */
export interface AgentState {
  /** The path of the state file; null if the state is in memory. */
  readonly path: string | null;
  readonly database: Database;
  readonly writer: StateWriter;
  /** What the start found. */
  readonly opened: OpenedState;
  /**
   * Brings the state file to the disk, and then the identity beside it, with the commit counter. Throws the reason if the
   * disk refuses.
   */
  noteCommits(): void;
  /** Closes the files. `areFilesWhole`: as for `closeHeld`. `log` receives a warning if something could not be written. */
  close(areFilesWhole: boolean, log: (level: 'warn', sentence: string) => void): void;
}

/** Why a state file cannot be gone on with, in words that follow its name. */
class LostState extends CodedError {
  constructor(words: string) {
    super('database_unusable', words);
  }
}

/**
 * Opens the state. Errors: `database_in_use`, `database_newer`, `database_unusable` for a file of another program,
 * `folder_not_writable`.
 */
export function openState(options: OpenStateOptions): AgentState {
  const { path } = options;
  if (path === null) return openInMemoryState(options);
  try {
    return openFile(path, options, null);
  } catch (error) {
    const why = whyLost(error, path);
    if (why === null) throw error;
    const aside = moveAside(path);
    return openFile(path, options, { why, aside });
  }
}

function openInMemoryState({ nowMs, ...options }: OpenStateOptions): AgentState {
  const database = openInMemory(AGENT_DATABASE);
  make(database, newIdentity(nowMs), 'first');
  const writer = new StateWriter(database, options);
  return {
    path: null,
    database,
    writer,
    opened: openedOf(writer, true, [], nowMs),
    noteCommits: () => undefined,
    close: () => void database.close(),
  };
}

/** What was lost before this opening. */
interface Lost {
  readonly why: string;
  /** The name under which the file is kept, without folder; null if there was none. */
  readonly aside: string | null;
}

function openFile(path: string, options: OpenStateOptions, lost: Lost | null): AgentState {
  const { nowMs } = options;
  const warnings: string[] = [];
  let isNew = false;
  const held = openHeld(
    { path, program: AGENT_DATABASE, adoption: null, mayBeMissing: lost !== null },
    (database) => {
      const kept = readIdentityFile(path);
      const known = kept === 'damaged' ? null : kept;
      isNew = readIdentity(database) === null;
      if (!isNew) check(database, known);
      else {
        // Without its state file, an identity is what is left of a lost state.
        const isLost = lost !== null || known !== null;
        if (isLost) warnings.push(sentenceOf(path, lost, known !== null));
        make(database, known ?? newIdentity(nowMs), isLost ? 'anew' : 'first');
      }
      const writer = new StateWriter(database, options);
      if (kept === 'damaged')
        warnings.push(`the file ${basename(identityPathOf(path))} was damaged and is written anew`);
      // The memory of the whole agent is bounded: half of what the other programs take.
      database.pragma('cache_size = -32768');
      database.pragma(`wal_autocheckpoint = ${logPagesOn(path)}`);
      // A start counts as a commit: a copy made before it is older from now on.
      writer.change(() => undefined, true);
      return writer;
    },
  );
  const { database, writer } = held;
  const noteCommits = () => {
    writer.change(() => undefined, true);
    writeIdentityFile(path, writer.keptIdentity);
  };
  try {
    writeIdentityFile(path, writer.keptIdentity);
  } catch {
    warnings.push(`the file ${basename(identityPathOf(path))} cannot be written now; it is tried again`);
  }
  return {
    path,
    database,
    writer,
    opened: openedOf(writer, isNew, warnings, nowMs),
    noteCommits,
    close(areFilesWhole, log) {
      if (areFilesWhole) {
        try {
          noteCommits();
        } catch {
          log('warn', `the file ${basename(identityPathOf(path))} could not be written at the end`);
        }
      }
      closeHeld(held, areFilesWhole, log);
    },
  };
}

/**
 * Pages that the write-ahead log may have before it is moved into the database: on a small disk a longer log could take all
 * the space that moving it needs.
 */
function logPagesOn(path: string): number {
  try {
    const pages = (roomBeside(path).sizeBytes * LOG_SHARE) / PAGE_BYTES;
    return Math.floor(Math.max(LOG_PAGES_LEAST, Math.min(pages, LOG_PAGES_MAX)));
  } catch {
    return LOG_PAGES_MAX;
  }
}

/** Checks what is in the file. Throws {@link LostState}. */
function check(database: Database, known: KeptIdentity | null): void {
  if (database.pragma('quick_check(1)', { simple: true }) !== 'ok') throw new LostState('is damaged');
  const commits = new StoredValues(database).number('commits');
  if (known !== null && commits < known.commits)
    throw new LostState('is an older copy: it went back behind the commit counter beside it');
}

function make(database: Database, kept: KeptIdentity, phase: 'first' | 'anew'): void {
  durably(database, () =>
    database
      .transaction(() => {
        writeIdentity(database, kept);
        const values = new StoredValues(database);
        values.set('commits', kept.commits);
        values.set('since_ms', kept.sinceMs);
        values.set('phase', phase);
        values.write();
      })
      .immediate(),
  );
}

function newIdentity(nowMs: number): KeptIdentity {
  const identity: AgentIdentity = {
    nodeId: newNodeId(),
    isEnabled: true,
    sharesLocation: true,
    sharesTasks: true,
    continent: null,
    statsKey: null,
  };
  return { identity, localKey: randomBytes(LOCAL_KEY_BYTES), commits: 0, sinceMs: nowMs };
}

/** A node id that nobody has: `node-` and a random UUID v4. */
export function newNodeId(): string {
  return `node-${randomUUID()}`;
}

function openedOf(
  writer: StateWriter,
  isNew: boolean,
  warnings: readonly string[],
  nowMs: number,
): OpenedState {
  return {
    identity: writer.identity,
    salt: writer.salt,
    isNew,
    warnings,
    window: writer.window(nowMs),
    statistics: writer.statistics(),
    counts: writer.counts(nowMs),
    waiting: writer.waiting,
  };
}

/** Why the state is lost, in words that follow the file's name; null if the error is of another kind. */
function whyLost(error: unknown, path: string): string | null {
  if (error instanceof LostState) return error.message;
  if (!(error instanceof CodedError)) return null;
  if (error.code === 'database_missing') return 'is missing or empty';
  if (error.code !== 'database_unusable') return null;
  if (error.cause !== undefined && refusalOf(error.cause) === 'damaged') return 'is damaged';
  // A file that is no database is the agent's only if an agent's identity is beside it.
  return !isDatabase(path) && existsSync(identityPathOf(path)) ? 'is damaged' : null;
}

const MAGIC = 'SQLite format 3\0';

function isDatabase(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return true;
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(MAGIC.length);
    readSync(file, bytes, 0, MAGIC.length, 0);
    return bytes.toString('latin1') === MAGIC;
  } finally {
    closeSync(file);
  }
}

/**
 * Renames the files of the state, replacing those that were moved aside before. Returns the new name, without folder; null
 * if there was nothing to rename.
 */
function moveAside(path: string): string | null {
  const lock = lockDatabase(path, AGENT_DATABASE, 'replace');
  const aside = `${path}.damaged`;
  try {
    const isThere = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
    for (const suffix of ['', '-wal', '-shm']) {
      if (!existsSync(path + suffix)) continue;
      if (isThere) renameSync(path + suffix, aside + suffix);
      else rmSync(path + suffix);
    }
    return isThere ? basename(aside) : null;
  } finally {
    lock.release();
  }
}

function sentenceOf(path: string, lost: Lost | null, hasIdentity: boolean): string {
  const why = lost?.why ?? 'is missing or empty';
  const aside = lost === null || lost.aside === null ? '' : `moved aside as ${lost.aside} and `;
  const who = hasIdentity ? 'the node id stays the same' : 'the node has a new id';
  return `the state file ${basename(path)} ${why}: it was ${aside}begun anew; ${who}; records older than 24 hours are only remembered, and younger ones are sent again, which the aggregator counts as duplicates`;
}
