// Compares a stream at the broker with the wanted one. Pure: it contacts no broker and changes nothing. It does not
// compare properties on which the program does not depend: compression, placement, metadata, the description, direct
// access, and limits of consumers other than their number. It compares the number of replicas only if one is wanted.

import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { nanos } from 'nats';

/** The wanted stream; times in ms, sizes in bytes. */
export interface WantedStream {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly duplicateWindowMs: number;
  /**
   * Whether the broker acknowledges a stored message to its publisher. It sends the acknowledgement to any subject that
   * the publisher names, with the broker's own rights: `{"stream":…,"seq":…}` at `$JS.API.STREAM.PURGE.…` empties the
   * stream.
   */
  readonly acknowledges: boolean;
  /** Maximum number of messages kept of each subject; by default no limit. */
  readonly messagesPerSubject?: number;
  /** Maximum size of a message with its headers; by default no limit. */
  readonly messageBytes?: number;
  /** True if nobody may purge the stream; by default false. */
  readonly deniesPurge?: boolean;
  /** Where the broker publishes each message again that it has stored; by default nowhere. */
  readonly republish?: { readonly src: string; readonly dest: string };
  /** Number of servers that keep the stream; by default the broker's choice. */
  readonly replicas?: number;
  /** The server that keeps the stream has all these tags; used only when the stream is made. */
  readonly serverTags?: readonly string[];
}

/** A property of a stream that differs from the wanted value. */
export interface Difference {
  readonly field: Field;
  readonly have: string;
  readonly want: string;
}

/** The whole wanted configuration. */
export type Config = ReturnType<typeof wantedConfig>;
/** Properties that the wanted stream does not have. */
const UNWANTED = ['mirror', 'republish', 'subject_transform'] as const;
/** The name of a property that is compared. */
export type Field = keyof Config | (typeof UNWANTED)[number];

/** Makes the whole configuration; it leaves no compared property to the broker's default. */
export function wantedConfig(wanted: WantedStream) {
  return {
    subjects: [...wanted.subjects],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    discard_new_per_subject: false,
    max_age: nanos(wanted.maxAgeMs),
    max_bytes: wanted.maxBytes,
    max_msgs: -1,
    max_msgs_per_subject: wanted.messagesPerSubject ?? -1,
    max_msg_size: wanted.messageBytes ?? -1,
    max_consumers: -1,
    // The broker requires that the window is not longer than the age, so it comes after it.
    duplicate_window: nanos(wanted.duplicateWindowMs),
    no_ack: !wanted.acknowledges,
    sealed: false,
    deny_delete: false,
    deny_purge: wanted.deniesPurge ?? false,
    // If allowed, a header of any publisher could empty the stream.
    allow_rollup_hdrs: false,
    sources: [],
    ...(wanted.republish === undefined ? {} : { republish: { ...wanted.republish } }),
    ...(wanted.replicas === undefined ? {} : { num_replicas: wanted.replicas }),
  } satisfies Partial<StreamConfig>;
}

/**
 * Minimum number of consumers: one reads, one from an earlier run may remain, one counts, and one is for a second
 * aggregator or an operator.
 */
const CONSUMERS_MIN = 4;

/** Returns the differences, in the order of {@link wantedConfig}. */
export function differences(config: Partial<StreamConfig>, wanted: Config): Difference[] {
  const fields = new Set<Field>([...(Object.keys(wanted) as (keyof Config)[]), ...UNWANTED]);
  return [...fields].flatMap((field) => {
    const wish = wantOf(wanted, field);
    if (field === 'max_consumers' && hasRoom(config.max_consumers)) return [];
    const [have, want] = [textOf(field, config[field], wish), textOf(field, wish, wish)];
    return have === want ? [] : [{ field, have, want }];
  });
}

function hasRoom(consumersMax: number | undefined): boolean {
  return consumersMax === undefined || consumersMax <= 0 || consumersMax >= CONSUMERS_MIN;
}

/** The wanted value of a property; undefined if the property is unwanted. */
export function wantOf(wanted: Config, field: Field): unknown {
  const values: Partial<Record<Field, unknown>> = wanted;
  return values[field];
}

/** True if the stream stores nothing that a node publishes while this property differs. */
export function keepsMessagesOut({ field }: Difference): boolean {
  return field === 'subjects' || field === 'sealed' || field === 'mirror' || field === 'subject_transform';
}

/** The placement of a stream that must lie on a server with tags; nothing for another. */
export function placementOf({ serverTags }: WantedStream): Partial<Pick<StreamConfig, 'placement'>> {
  return serverTags === undefined ? {} : { placement: { cluster: '', tags: [...serverTags] } };
}

/** Maximum length of one value as text, because a list of sources may be long. */
const VALUE_LENGTH_MAX = 120;

/** Returns `value` as text; `want` is the wanted value of the same property. */
function textOf(field: Field, value: unknown, want: unknown): string {
  if (typeof want === 'boolean') return String(value === true);
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return 'none';
  if (field === 'subjects' && Array.isArray(value)) return value.map(String).toSorted().join(' ');
  if (typeof value === 'number')
    return field === 'max_age' || field === 'duplicate_window' ? `${value / 1e6} ms` : String(value);
  return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, VALUE_LENGTH_MAX);
}
