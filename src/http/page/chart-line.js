// Makes the lines of charts from recorded rows, and reads values from them. A line breaks where rows are missing. It
// knows neither the page nor how a line is drawn.

/**
 * Times in seconds, oldest first, and at each a value, or null for a break; and the gaps, between which rows are missing.
 * @typedef {{ at: number[], values: (number | null)[], gaps?: readonly Gap[] }} Line
 */
/** A gap from one time to another, in seconds. @typedef {{ from: number, to: number }} Gap */
/** Times in seconds, and columns with a value at each. @typedef {{ at: number[], columns: (number | null | undefined)[][] }} Table */
/**
 * The times of the rows, oldest first, and the gaps, between which rows are missing. @typedef {{ at: string[], gaps: {
 * from: string, to: string }[] }} Rows
 */

const MINUTE_MS = 60_000;

/**
 * The line with a value for each row; null is a break.
 * @param {Rows} rows
 * @param {readonly (number | null)[]} values
 * @returns {Line}
 */
export function lineOf({ at, gaps }, values) {
  const breaks = new Map(gaps.map((gap) => [gap.from, gap.to]));
  /** @type {Line} */
  const line = {
    at: [],
    values: [],
    gaps: gaps.map(({ from, to }) => ({ from: seconds(from), to: seconds(to) })),
  };
  at.forEach((from, index) => {
    line.at.push(seconds(from));
    line.values.push(values[index] ?? null);
    const until = breaks.get(from);
    if (until === undefined) return;
    line.at.push((seconds(from) + seconds(until)) / 2);
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

/** The line, later by this number of seconds. @param {Line} line @param {number} by @returns {Line} */
export function shifted({ at, values }, by) {
  return { at: at.map((each) => each + by), values };
}

/**
 * The columns of two tables at the times of both. At a time that only the other table has, a line goes on (undefined) if it
 * has a value on both sides, and is broken (null) otherwise.
 * @param {readonly Table[]} tables
 * @returns {Table}
 */
export function joined(tables) {
  const at = [...new Set(tables.flatMap((table) => table.at))].toSorted((a, b) => a - b);
  const columns = tables.flatMap((table) => {
    let next = 0;
    const places = at.map((time) => {
      while (next < table.at.length && (table.at[next] ?? 0) < time) next++;
      return next;
    });
    return table.columns.map((column) =>
      places.map((place, index) => {
        if (table.at[place] === at[index]) return column[place] ?? null;
        return column[place] == null || column[place - 1] == null ? null : undefined;
      }),
    );
  });
  return { at, columns };
}

/** For how long, in seconds, nothing must be recorded at the beginning of a span to be a gap. */
const LEAST_GAP = 60;

/**
 * The gap that began before the span and lasts until its first row, as a mark tells; null if there is none.
 * @param {Line} line
 * @param {number} from the beginning of the span, in seconds
 * @param {readonly { atMs: number, silentMs?: number | null }[]} marks
 * @returns {Gap | null}
 */
export function leadingGap({ at: [first] }, from, marks) {
  if (first === undefined || first - from <= LEAST_GAP) return null;
  const start = marks.find(({ atMs }) => atMs / 1000 > from && atMs / 1000 <= first);
  if (start?.silentMs == null) return null;
  const begin = (start.atMs - start.silentMs) / 1000;
  return begin < from ? { from: begin, to: first } : null;
}

/** The line with a gap before its first row. @param {Line} line @param {Gap | null} gap @param {number} from the beginning of the span @returns {Line} */
export function withLeadingGap({ at, values, gaps = [] }, gap, from) {
  if (gap === null) return { at, values, gaps };
  return { at: [(from + gap.to) / 2, ...at], values: [null, ...values], gaps: [gap, ...gaps] };
}

/** The gap that this time, in seconds, lies in. @param {Line} line @param {number} at */
export function gapAt({ gaps = [] }, at) {
  return gaps.find(({ from, to }) => at > from && at < to);
}

/** The index of the time nearest to this one; -1 if the line has none. @param {Line} line @param {number} at */
export function nearest({ at: times }, at) {
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  const found = times[low] ?? Infinity;
  const earlier = times[low - 1] ?? -Infinity;
  return low > 0 && at - earlier <= found - at ? low - 1 : Math.min(low, times.length - 1);
}

/**
 * The value nearest to a time, in seconds; null if the line breaks there, or has no value within two of its steps.
 * @param {Line} line
 * @param {number} at
 */
export function valueNear(line, at) {
  const index = nearest(line, at);
  const value = line.values[index];
  if (value == null) return null;
  const near = [line.at[index - 1], line.at[index + 1]].filter((each) => each !== undefined);
  const step = Math.max(...near.map((each) => Math.abs(each - (line.at[index] ?? 0))), 1);
  return Math.abs((line.at[index] ?? 0) - at) <= 2 * step ? value : null;
}

/**
 * The times, in seconds, at which a keyboard cursor stops: each value, the middle of each gap, and each mark.
 * @param {Line} line
 * @param {readonly number[]} marks
 * @returns {number[]}
 */
export function stopsOf(line, marks) {
  const own = line.at.filter((at, index) => line.values[index] !== null || gapAt(line, at) !== undefined);
  return [...new Set([...own, ...marks])].toSorted((a, b) => a - b);
}

/**
 * The stop after this one by a number of steps, within the stops. Without a present one, the first step forward is to the
 * first stop, and the first step back to the last.
 * @param {readonly number[]} stops
 * @param {number | null} now
 * @param {number} steps
 * @returns {number | undefined}
 */
export function nextStop(stops, now, steps) {
  const last = stops.length - 1;
  const index = now === null ? (steps > 0 ? -1 : last + 1) : nearest({ at: [...stops], values: [] }, now);
  return stops[Math.max(0, Math.min(last, index + steps))];
}

/** @param {string} iso */
function seconds(iso) {
  return Date.parse(iso) / 1000;
}
