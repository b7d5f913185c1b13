// The wall clock of one program, set while it runs: libfaketime (scripts/test-tools.sh fetches it) changes it for that
// process alone, its monotonic clock stays true, and the machine's clock is not touched.

import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The library; undefined if it is not installed. */
export const FAKETIME_LIB = process.env['FAKETIME_LIB'] || undefined;

export interface SetClock {
  /** For the environment of the program. */
  readonly env: Readonly<Record<string, string>>;
  /** From now on the program's wall clock is this far ahead of the true one. */
  set(aheadMs: number): void;
}

export function setClock(folder: string, aheadMs = 0): SetClock {
  const file = join(folder, 'clock');
  const set = (ms: number) => {
    writeFileSync(`${file}.new`, `${ms < 0 ? '-' : '+'}${Math.abs(ms) / 1000}s\n`);
    // In one piece: the program reads it whenever it asks for the time.
    renameSync(`${file}.new`, file);
  };
  set(aheadMs);
  return {
    env: {
      LD_PRELOAD: FAKETIME_LIB ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
      // The times of files are the machine's.
      NO_FAKE_STAT: '1',
    },
    set,
  };
}
