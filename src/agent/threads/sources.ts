// Makes the readers of the node's files from the settings, logs first: metrics are known before the completions that need
// them. It reads nothing.

import type { SourceReader } from '../domain/source-facts.ts';
import { EventFiles } from '../sources/event-files.ts';
import { LogFiles } from '../sources/log-files.ts';
import type { SourceParts } from './reader-work.ts';

/** The readers of one thread. */
export function makeSources({ data, positions, keys }: SourceParts): readonly SourceReader[] {
  const { events, logs, logTimeZone, rescanIntervalMs } = data;
  const keyOf = (text: string) => keys.of('file', text).toString('hex');
  return [
    new LogFiles({ globs: logs, timeZone: logTimeZone, positions, keyOf }),
    new EventFiles({ globs: events, positions, keyOf, rescanIntervalMs }),
  ];
}
