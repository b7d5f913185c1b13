// The commands of operators that this replica knows. Each waits for its place in the log, so that all replicas judge the
// same messages by it. The table keeps all, because the stream of commands may lose some. This file applies none.

import { CONTROL_DELAY_MS, type ControlCommand, type StoredCommand } from '../domain/cluster.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

interface Row {
  readonly id: string;
  readonly previous: string | null;
  readonly replica: string;
  readonly at_ms: number;
  readonly command: string;
  readonly applied: number;
}

/** The table of commands, with those in memory that wait for their place. */
export class Commands {
  /** The time from which the first waiting command counts; Infinity if none waits. */
  dueMs = Infinity;
  readonly #insert: Statement<Row>;
  readonly #apply: Statement<[string]>;
  readonly #find: Statement<[string], { applied: number }>;
  readonly #all: Statement<[], Row>;
  #latestId: string | null;
  /** In the order of their times. */
  #waiting: StoredCommand[];
  /** Commands that the table does not have yet, in the order in which they came. */
  #unwritten = new Map<string, StoredCommand>();
  /** Ids of the commands applied since the last commit. */
  #applied = new Set<string>();

  constructor(database: Database) {
    this.#insert = statement(
      database,
      `INSERT INTO commands (id, previous, replica, at_ms, command, applied)
       VALUES (@id, @previous, @replica, @at_ms, @command, @applied)`,
    );
    this.#apply = statement(database, 'UPDATE commands SET applied = 1 WHERE id = ?');
    this.#find = statement(database, 'SELECT applied FROM commands WHERE id = ?');
    this.#all = statement(database, 'SELECT * FROM commands ORDER BY rowid');
    const latest = statement<[], { id: string }>(
      database,
      'SELECT id FROM commands ORDER BY rowid DESC LIMIT 1',
    );
    this.#latestId = latest.get()?.id ?? null;
    this.#waiting = statement<[], Row>(database, 'SELECT * FROM commands WHERE applied = 0 ORDER BY rowid')
      .all()
      .map(fromRow);
    this.#order();
  }

  /** Id of the command that came last; null if there is none. */
  get latestId(): string | null {
    return this.#latestId;
  }

  /** Adds commands with the next commit. One that is known already is ignored. */
  know(commands: readonly StoredCommand[]): void {
    for (const command of commands) {
      const { id } = command.entry;
      if (this.#unwritten.has(id) || this.#find.get(id) !== undefined) continue;
      this.#unwritten.set(id, command);
      this.#latestId = id;
      this.#waiting.push(command);
    }
    this.#order();
  }

  /** The commands that are known and not among these, in the order in which they came. */
  beside(commands: readonly StoredCommand[]): readonly StoredCommand[] {
    const given = new Set(commands.map(({ entry }) => entry.id));
    return [...this.#all.all().map(fromRow), ...this.#unwritten.values()].filter(
      ({ entry }) => !given.has(entry.id),
    );
  }

  /** Takes the commands that count at this time of the log, in their order; the caller applies them. */
  take(atMs: number): readonly StoredCommand[] {
    const due = this.#waiting.filter((command) => dueMsOf(command) <= atMs);
    this.#waiting = this.#waiting.filter((command) => dueMsOf(command) > atMs);
    for (const { entry } of due) this.#applied.add(entry.id);
    this.#order();
    return due;
  }

  /** Writes the changes, inside the caller's transaction. */
  write(): void {
    for (const { entry, atMs } of this.#unwritten.values()) {
      const { id, previous, by, command } = entry;
      const values = { id, previous, replica: by, at_ms: atMs, command: JSON.stringify(command) };
      this.#insert.run({ ...values, applied: 0 });
    }
    for (const id of this.#applied) this.#apply.run(id);
  }

  /** The transaction that held {@link write} is committed. */
  committed(): void {
    this.#unwritten.clear();
    this.#applied.clear();
  }

  /** Commands of one time stay in the order in which they came. */
  #order(): void {
    this.#waiting.sort((one, other) => one.atMs - other.atMs);
    const [first] = this.#waiting;
    this.dueMs = first === undefined ? Infinity : dueMsOf(first);
  }
}

/** The time from which a command counts, in ms since the epoch. */
export function dueMsOf({ atMs }: StoredCommand): number {
  return atMs + CONTROL_DELAY_MS;
}

function fromRow({ id, previous, replica, at_ms, command }: Row): StoredCommand {
  // Only commands that were decoded are written.
  const entry = { id, previous, by: replica, command: JSON.parse(command) as ControlCommand };
  return { entry, atMs: at_ms };
}
