// Numbers for open labels: chain, task type, operation. Each dimension numbers its first 1,000 labels. Later labels are
// stored as text in their rows and counted together as `other`.

import type { Database, Statement } from '../../store/database.ts';
import { OTHER_LABEL } from './rollups.ts';
import { statement } from '../../store/statements.ts';

/** Maximum number of open labels per dimension that roll-ups count separately. */
export const OPEN_LABELS_MAX = 1000;

/** The numbered labels of one dimension. */
export class LabelDictionary {
  readonly dimension: number;
  readonly #ids = new Map<string, number>();
  readonly #texts: string[] = [''];
  #written: number;
  readonly #insert: Statement<[number, number, string]>;

  constructor(database: Database, dimension: number) {
    this.dimension = dimension;
    this.#insert = statement(database, 'INSERT INTO labels (dimension, label_id, label) VALUES (?, ?, ?)');
    const rows = statement<[number], { label: string }>(
      database,
      'SELECT label FROM labels WHERE dimension = ? ORDER BY label_id',
    ).all(dimension);
    for (const row of rows) this.#add(row.label);
    this.#written = rows.length;
  }

  /**
   * The roll-up label of a text: 0 if absent, its number, or {@link OTHER_LABEL}. Numbers a new label if there is room.
   */
  labelOf(text: string | null): number {
    if (text === null) return 0;
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    return this.#ids.size < OPEN_LABELS_MAX ? this.#add(text) : OTHER_LABEL;
  }

  /**
   * The value that a row stores for a text: its number if it has one, otherwise the text. The number is a bigint,
   * because the column takes both types and so has no affinity: SQLite would store a JavaScript number as REAL.
   */
  columnOf(text: string | null): bigint | string | null {
    if (text === null) return null;
    const label = this.labelOf(text);
    return label === OTHER_LABEL ? text : BigInt(label);
  }

  /** The text for the value of a row's column. Throws if the label's number is not in the dictionary. */
  textOf(column: number | string | null): string | null {
    if (typeof column !== 'number') return column;
    const text = this.#texts[column];
    if (text === undefined) throw new Error(`label ${column} of dimension ${this.dimension} is missing`);
    return text;
  }

  /** Writes labels numbered since the last commit, inside the caller's transaction. */
  write(): void {
    for (let id = this.#written + 1; id < this.#texts.length; id++) {
      this.#insert.run(this.dimension, id, this.#texts[id] ?? '');
    }
  }

  /** The transaction that held {@link write} is committed. */
  committed(): void {
    this.#written = this.#texts.length - 1;
  }

  #add(text: string): number {
    const id = this.#texts.length;
    this.#texts.push(text);
    this.#ids.set(text, id);
    return id;
  }
}
