// Decides whether a receiver is told a notice: by the kind of the event, and by the names of nodes with `*`.

import type { Notice } from './notice.ts';

/** What a receiver chose. */
export interface Choice {
  /** Names of nodes, with `*` for any characters. */
  readonly nodes: readonly string[];
  /** Kinds of events. */
  readonly events: readonly string[];
}

/** True if the receiver is told the notice. */
export function isChosen({ nodes, events }: Choice, { kind, node, onlyWith }: Notice): boolean {
  if (!events.includes(kind) || (onlyWith !== null && !events.includes(onlyWith))) return false;
  return node === null || nodes.some((pattern) => matches(pattern, node));
}

/** True if the whole name matches the pattern. The time grows with the length of the name, never faster. */
export function matches(pattern: string, name: string): boolean {
  const [start = '', ...others] = pattern.split('*');
  const end = others.pop();
  if (end === undefined) return name === pattern;
  if (!name.startsWith(start) || name.length < start.length + end.length || !name.endsWith(end)) return false;
  let at = start.length;
  for (const part of others) {
    const found = name.indexOf(part, at);
    if (found === -1 || found + part.length > name.length - end.length) return false;
    at = found + part.length;
  }
  return true;
}
