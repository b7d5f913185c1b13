// The value of an option of a trial that is a length of time. It ends the process at a mistake, as these programs do.

import { allowedQuantity, explainQuantity, parseQuantity } from '../../src/config/quantities.ts';

const RANGE = { unit: 'seconds', min: 0, max: 999_999_999 } as const;

/** Seconds, from `30s`, `5m` or a bare number. */
export function secondsOption(name: string, text: string): number {
  const value = parseQuantity(text, RANGE);
  if (value !== undefined) return value;
  console.error(`${name} ${text}: ${explainQuantity(text, RANGE) ?? `must be ${allowedQuantity(RANGE)}`}`);
  process.exit(2);
}
