// Reads NOTIFY_FILE: the receivers that are told of events (docs/notifications.md). All mistakes are listed at once, with
// line and column, and without addresses.

import { dirname, resolve } from 'node:path';
import { rowsOf, under } from '../../config/definition.ts';
import { type Findings, readSettingsFile } from '../../config/settings-file.ts';
import type { FileTable, FileValues } from '../../config/file-values.ts';
import { arrangeReceivers, receiverKeys } from '../../notify/receiver-keys.ts';
import type { ReceiverConfig } from '../../notify/receivers.ts';
import { readUrlFile, whoElse } from '../../notify/url-file.ts';
import { EVENT_KINDS, type EventKind } from '../domain/events.ts';

/** The events of a receiver that chooses none: the aggregator's own troubles and their ends. */
export const OWN_TROUBLES: readonly EventKind[] = [
  'not_ready',
  'ready',
  'broker_away',
  'broker_back',
  'lost',
  'shed',
  'quarantined',
  'drift',
];
/** Further events of a receiver that chooses nodes and no events. */
const NODE_TROUBLES: readonly EventKind[] = ['node_offline', 'node_online'];

const KEYS = under(
  'receivers[].',
  receiverKeys({
    events: EVENT_KINDS,
    noun: 'nodes',
    eventsUnset: "the aggregator's own troubles and, if it has nodes, `node_offline` and `node_online`",
    nodesUnset: 'none',
  }),
);

/** Every key of the file, in the order of the documentation; a test compares docs/notifications.md with it. */
export const NOTIFY_KEY_ROWS = rowsOf(KEYS);

/** The receivers of a file, and sentences about what is perhaps not intended. */
export interface NotifyFile {
  readonly receivers: readonly ReceiverConfig[];
  readonly warnings: readonly string[];
}

/** Reads and checks the file; none without a path. Errors: `settings_invalid` with every mistake. */
export function readNotifyFile(path: string | null): NotifyFile {
  if (path === null) return { receivers: [], warnings: [] };
  const arrange = (values: FileValues<FileTable>, findings: Findings) => {
    const receivers = arrangeReceivers({
      values,
      findings,
      list: 'receivers',
      readUrl: (file) => readUrlFile(resolve(dirname(path), file)),
      nodesUnset: 'none',
      eventsUnset: (hasNodes) => (hasNodes ? [...OWN_TROUBLES, ...NODE_TROUBLES] : OWN_TROUBLES),
      isOfNode: (event) => event.startsWith('node_'),
    });
    const hasAddress = receivers.some((_, index) => !values.lacks('receivers[].url', index));
    const others = hasAddress ? whoElse(path) : null;
    if (others !== null) findings.warn(null, others);
    if (values.count('receivers') === 0) findings.warn(null, 'receivers: there are none, so nobody is told');
    return receivers;
  };
  const { settings, warnings } = readSettingsFile({ table: KEYS, arrange }, path);
  return { receivers: settings, warnings: warnings.map((warning) => `${path}: ${warning}`) };
}

/** What the file means, a line for each receiver, without addresses. */
export function notifyLines(receivers: readonly ReceiverConfig[]): readonly string[] {
  return receivers.map(({ name, form, nodes, events, minIntervalMs }) => {
    const whom = nodes.length === 0 ? 'no nodes' : `nodes ${nodes.join(', ').replace(/^\*$/, 'all')}`;
    const pace = minIntervalMs === 0 ? 'each on its own' : `at most once in ${minIntervalMs / 1_000} s`;
    return `notifications: ${name} (${form}), ${whom}, ${pace}: ${events.join(', ')}`;
  });
}
