// Collects what a settings file means: every key with its value and where the value comes from. Each key has one name,
// whichever form the file uses. Secrets are not shown.

import type { Given } from '../../config/file-values.ts';

/** One key and what it means; `value` is null for a secret. */
export interface MeaningRow {
  readonly name: string;
  readonly value: string | null;
  /** `line 3`, `line 3: rpc_host` for a key of the same block under another name, `default`, or the environment variable. */
  readonly from: string;
}

/** What is shown for a value that is not given and has no default. */
export const NONE = 'none';

/** The rows in the order in which they are told. */
export class Meaning {
  readonly rows: MeaningRow[] = [];

  /** Tells a key; `given` is what the file gives for it, under this name or another. */
  tell(
    name: string,
    value: string | number | boolean | null,
    ...given: readonly (Given<unknown> | undefined)[]
  ): void {
    this.rows.push({ name, value: value === null ? null : String(value), from: originOf(name, given) });
  }

  /** Tells a key whose value comes from elsewhere. */
  tellFrom(name: string, value: string, from: string): void {
    this.rows.push({ name, value, from });
  }
}

function originOf(name: string, given: readonly (Given<unknown> | undefined)[]): string {
  const block = name.slice(0, name.lastIndexOf('.') + 1);
  const lines = new Map<number, string[]>();
  for (const { path, place } of given.filter((each) => each !== undefined)) {
    const others = lines.get(place.line) ?? [];
    if (path !== name) others.push(path.startsWith(block) ? path.slice(block.length) : path);
    lines.set(place.line, others);
  }
  if (lines.size === 0) return 'default';
  return [...lines]
    .map(([line, others]) => `line ${line}${others.length === 0 ? '' : `: ${others.join(', ')}`}`)
    .join('; ');
}
