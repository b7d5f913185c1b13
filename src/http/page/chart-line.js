// Makes the lines of charts from recorded rows. A line breaks where rows are missing.

/**
 * Times in seconds, and at each a value, or null for a break. @typedef {{ at: number[], values: (number | null)[] }}
 * Line
 */
/**
 * The times of the rows, oldest first, and the gaps, between which rows are missing. @typedef {{ at: string[], gaps: {
 * from: string, to: string }[] }} Rows
 */

/**
 * The line with a value for each row; null is a break.
 * @param {Rows} rows
 * @param {(number | null)[]} values
 * @returns {Line}
 */
export function lineOf({ at, gaps }, values) {
  const breaks = new Map(gaps.map((gap) => [gap.from, gap.to]));
  /** @type {Line} */
  const line = { at: [], values: [] };
  at.forEach((from, index) => {
    line.at.push(Date.parse(from) / 1000);
    line.values.push(values[index] ?? null);
    const until = breaks.get(from);
    if (until === undefined) return;
    line.at.push((Date.parse(from) + Date.parse(until)) / 2000);
    line.values.push(null);
  });
  return line;
}

/**
 * The growth per minute of a total that never falls. After a gap there is no value.
 * @param {Rows} rows
 * @param {number[]} totals
 * @returns {Line}
 */
export function pacesOf(rows, totals) {
  const atMs = rows.at.map((at) => Date.parse(at));
  const afterGap = new Set(rows.gaps.map(({ to }) => to));
  const values = totals.map((total, index) => {
    const before = totals[index - 1];
    const beforeMs = atMs[index - 1];
    if (before === undefined || beforeMs === undefined || afterGap.has(rows.at[index] ?? '')) return null;
    return Math.max(0, total - before) / (((atMs[index] ?? 0) - beforeMs) / MINUTE_MS);
  });
  return lineOf(rows, values);
}

const MINUTE_MS = 60_000;
