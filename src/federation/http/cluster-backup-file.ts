// The one backup that a replica makes for others, beside its database. A process of its own makes it, so that neither this
// thread nor the writer waits. It is sent once, to the key that asked for it first, and then removed.

import { createReadStream, rmSync, statSync } from 'node:fs';
import { ChildProgram } from '../../io/child-program.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { FREE_SPACE_ENOUGH_SHARE, type Room } from '../../store/free-space.ts';
import type { BackupAnswer } from './cluster-backup.ts';

/** A complete backup that nobody fetches is removed after this time, in ms. */
export const BACKUP_KEPT_MS = 60_000;

/** Where to make it, and how. */
export interface ClusterBackupOptions {
  readonly databasePath: string;
  /** The program's entry, `process.argv[1]`: its command `backup` makes the file. */
  readonly entry: string;
  /** PATH of that process. */
  readonly searchPath: string;
}

/** What a {@link ClusterBackupFile} needs of its owner. */
export interface ClusterBackupFileParts {
  readonly timers: Timers;
  /** The space on the file system of the database. Throws if the system does not report it. */
  room(): Room;
  log(level: 'info' | 'warn', sentence: string): void;
}

type State =
  | { readonly type: 'none' }
  | { readonly type: 'making'; readonly keyId: string; readonly child: ChildProgram }
  | { readonly type: 'made'; readonly keyId: string; readonly timer: Timer }
  | { readonly type: 'failed'; readonly keyId: string }
  | { readonly type: 'sending'; end(): void };

/** Makes and gives the backup. */
export class ClusterBackupFile implements Part {
  readonly #options: ClusterBackupOptions;
  readonly #parts: ClusterBackupFileParts;
  #state: State = { type: 'none' };

  constructor(options: ClusterBackupOptions, parts: ClusterBackupFileParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Removes what an earlier process left. */
  async start(): Promise<void> {
    this.#remove();
  }

  async stop(): Promise<void> {
    const state = this.#state;
    this.#state = { type: 'none' };
    if (state.type === 'making') await state.child.stop();
    if (state.type === 'made') state.timer.cancel();
    if (state.type === 'sending') state.end();
    this.#remove();
  }

  /** Asks for it in the name of a key: the first request begins to make it, a later one of the same key gets it. */
  ask(keyId: string): BackupAnswer {
    const state = this.#state;
    switch (state.type) {
      case 'none':
        return this.#make(keyId);
      case 'sending':
        return BUSY;
      case 'making':
        return state.keyId === keyId ? { type: 'making' } : BUSY;
      case 'made':
        return state.keyId === keyId ? this.#send(state.timer) : BUSY;
      case 'failed':
        this.#state = { type: 'none' };
        return state.keyId === keyId ? FAILED : this.#make(keyId);
    }
  }

  #make(keyId: string): BackupAnswer {
    const { databasePath, entry, searchPath } = this.#options;
    if (!this.#hasRoom()) return NO_ROOM;
    this.#remove();
    const child = new ChildProgram({
      words: [entry, 'backup', this.#file, '--json'],
      env: { PATH: searchPath, DB_PATH: databasePath },
      ended: (output, how) => this.#made(keyId, output, how),
    });
    this.#state = { type: 'making', keyId, child };
    void child.start();
    return { type: 'making' };
  }

  #made(keyId: string, output: string, how: string): void {
    if (this.#state.type !== 'making') return;
    if (how !== 'exit code 0') {
      this.#parts.log('warn', `backup for another replica: it was not made (${how}): ${lastLineOf(output)}`);
      this.#state = { type: 'failed', keyId };
      this.#remove();
      return;
    }
    const timer = this.#parts.timers.after(BACKUP_KEPT_MS, () => {
      this.#state = { type: 'none' };
      this.#remove();
    });
    this.#state = { type: 'made', keyId, timer };
  }

  #send(timer: Timer): BackupAnswer {
    timer.cancel();
    const bytes = statSync(this.#file).size;
    const content = createReadStream(this.#file);
    this.#state = { type: 'sending', end: () => void content.destroy() };
    // Also called when the client has gone.
    content.once('close', () => {
      this.#parts.log('info', `backup for another replica: ${content.bytesRead} of ${bytes} bytes were sent`);
      if (this.#state.type === 'sending') this.#state = { type: 'none' };
      this.#remove();
    });
    return { type: 'ready', bytes, content };
  }

  /** The copy must not make the space so low that this replica stops reading. */
  #hasRoom(): boolean {
    try {
      const { freeBytes, sizeBytes } = this.#parts.room();
      const needed = sizeOf(this.#options.databasePath) + sizeOf(`${this.#options.databasePath}-wal`);
      return freeBytes - needed > sizeBytes * FREE_SPACE_ENOUGH_SHARE;
    } catch {
      return true;
    }
  }

  get #file(): string {
    return `${this.#options.databasePath}.for-replica`;
  }

  #remove(): void {
    for (const suffix of ['', '.unfinished', '.unfinished-journal'])
      rmSync(this.#file + suffix, { force: true });
  }
}

const BUSY: BackupAnswer = {
  type: 'backup_busy',
  sentence: 'another backup is being made or sent: ask again when it is done',
};
const FAILED: BackupAnswer = {
  type: 'backup_failed',
  sentence: 'the backup could not be made, the log of the aggregator says why',
};
const NO_ROOM: BackupAnswer = {
  type: 'no_room',
  sentence: 'the disk of this replica has no room for a copy of its database: ask another replica',
};

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The sentence of a command that failed is its last line. */
function lastLineOf(output: string): string {
  return output.trim().split('\n').at(-1) ?? '';
}
