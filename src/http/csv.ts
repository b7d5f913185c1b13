// Writes CSV (RFC 4180): UTF-8, a header row, lines that end with CR LF. It knows no table; the caller gives the cells.

/** The value of one cell. Null is an empty cell. Times are given as ISO text. */
export type CsvCell = string | number | boolean | null;

/** The media type of all CSV answers. */
export const CSV_TYPE = 'text/csv; charset=utf-8; header=present';

/** One row with its line end. */
export function csvRow(cells: readonly CsvCell[]): string {
  return `${cells.map(cellText).join(',')}\r\n`;
}

/** The headers of a CSV answer that a browser stores as a file. `name` has no quote and no character outside ASCII. */
export function csvHeaders(name: string): Readonly<Record<string, string>> {
  return { 'content-type': CSV_TYPE, 'content-disposition': `attachment; filename="${name}.csv"` };
}

/** A time in a file name: `20260115T103000Z`. `atMs` is in milliseconds since 1970. */
export function fileTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length).replaceAll(/[-:]/g, '')}Z`;
}

/**
 * Text that a spreadsheet would compute as a formula that can call something. A minus followed by letters, digits, `_`,
 * `-` and `.` alone calls nothing, so ids that begin with a minus stay as they are.
 */
const FORMULA = /^[=+@\t\r]|^-.*[^\w.-]/s;
const NEEDS_QUOTES = /[",\r\n]/;

function cellText(cell: CsvCell): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
