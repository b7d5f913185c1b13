// The words of a status screen: counts, durations, ages, sizes, and its rows.

/**
 * Smaller differences are no sign of a wrong clock: an answer gives its time in whole seconds, and takes time to
 * arrive.
 */
const AHEAD_SECONDS = 5;

/** The text of the screen: one line for each row, its name before it. */
export function rowsText(rows: readonly (readonly [name: string, text: string])[]): string {
  return rows.map(([name, text]) => `${name.padEnd(11)}${text}\n`).join('');
}

/** The counts that are not zero. */
export function withoutZeros(counted: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(counted).filter(([, count]) => count > 0));
}

/** Names with their counts: `a 1, b 2`. */
export function counts(counted: Readonly<Record<string, number>>): string {
  return Object.entries(counted)
    .map(([name, count]) => `${name} ${whole(count)}`)
    .join(', ');
}

/** A count with separators of thousands. */
export function whole(count: number): string {
  return count.toLocaleString('en');
}

/** A duration in one or two units. */
export function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${Math.max(0, Math.round(seconds))} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 1) return `${minutes} min`;
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** Shows a time ahead of the program's clock as such: "0 s ago" would look like a publication at this moment. */
export function ageText(seconds: number): string {
  return seconds > -AHEAD_SECONDS
    ? `${duration(seconds)} ago`
    : `${duration(-seconds)} in the future: the clock of the program was set back since`;
}

/** What is said about a start in the future: the clock was set back. */
export function aheadText(uptimeSeconds: number): string {
  return uptimeSeconds > -AHEAD_SECONDS ? '' : ' (its clock was set back since it started)';
}

/** A number of bytes in MB or GB. */
export function size(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
