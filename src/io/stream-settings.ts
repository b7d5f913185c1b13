// How a stream that the broker has differs from the one that we want. Pure: it asks no broker and changes nothing.
// Not compared, because nothing that we do depends on them: compression, replicas, placement, metadata, the description,
// direct access, limits of consumers other than their number.

import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { nanos } from 'nats';

/** The stream we want; times in ms, sizes in bytes. */
export interface WantedStream {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly duplicateWindowMs: number;
  /**
   * Whether the broker tells publishers that a message is stored. It does so at any subject that the publisher names, with
   * the broker's own rights: `{"stream":…,"seq":…}` at `$JS.API.STREAM.PURGE.…` empties the stream.
   */
  readonly acknowledges: boolean;
}

/** A property of a stream that is not as wanted. */
export interface Difference {
  readonly field: Field;
  readonly have: string;
  readonly want: string;
}

export type Config = ReturnType<typeof wantedConfig>;
/** Properties that our stream does not have. */
const UNWANTED = ['mirror', 'republish', 'subject_transform'] as const;
export type Field = keyof Config | (typeof UNWANTED)[number];

/** The whole configuration, with nothing in it that we leave to the broker. */
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
    max_msgs_per_subject: -1,
    max_msg_size: -1,
    max_consumers: -1,
    // A window may not be longer than the age: it comes behind it.
    duplicate_window: nanos(wanted.duplicateWindowMs),
    no_ack: !wanted.acknowledges,
    sealed: false,
    deny_delete: false,
    deny_purge: false,
    // With it, a header of any publisher empties the stream.
    allow_rollup_hdrs: false,
    sources: [],
  } satisfies Partial<StreamConfig>;
}

/** One reads, one that was left may still be there, one counts, and one is left for a second aggregator or an operator. */
const CONSUMERS_MIN = 4;

/** Where `config` is not as wanted, in the order of {@link wantedConfig}. */
export function differences(config: Partial<StreamConfig>, wanted: Config): Difference[] {
  const fields = [...(Object.keys(wanted) as (keyof Config)[]), ...UNWANTED];
  return fields.flatMap((field) => {
    const wish = wantOf(wanted, field);
    if (field === 'max_consumers' && hasRoom(config.max_consumers)) return [];
    const [have, want] = [textOf(field, config[field], wish), textOf(field, wish, wish)];
    return have === want ? [] : [{ field, have, want }];
  });
}

function hasRoom(consumersMax: number | undefined): boolean {
  return consumersMax === undefined || consumersMax <= 0 || consumersMax >= CONSUMERS_MIN;
}

/** The value to ask for; undefined: none. */
export function wantOf(wanted: Config, field: Field): unknown {
  const values: Partial<Record<Field, unknown>> = wanted;
  return values[field];
}

/** Nothing that a node publishes is stored while one of these is not as wanted. */
export function keepsMessagesOut({ field }: Difference): boolean {
  return field === 'subjects' || field === 'sealed' || field === 'mirror' || field === 'subject_transform';
}

/** Longest text of one value: a list of sources may be long. */
const VALUE_LENGTH_MAX = 120;

/** `value` as text, where what we want of this property is `want`. */
function textOf(field: Field, value: unknown, want: unknown): string {
  if (typeof want === 'boolean') return String(value === true);
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return 'none';
  if (field === 'subjects' && Array.isArray(value)) return value.map(String).toSorted().join(' ');
  if (typeof value === 'number')
    return field === 'max_age' || field === 'duplicate_window' ? `${value / 1e6} ms` : String(value);
  return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, VALUE_LENGTH_MAX);
}
