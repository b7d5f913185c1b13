// The bounds of the delivery that several of its files share.

/** Requests under way at once, over all clients. */
export const DELIVERIES_MAX = 32;
/** Bodies in memory at once, in bytes; one longer body is sent alone. */
export const BODIES_UNDER_WAY_BYTES_MAX = 67_108_864;
/** What an entry counts beside its body in `OUTBOX_MAX_MIB`, in bytes: its place in memory, and its rows. */
export const ENTRY_BYTES = 2_048;
/** Dead letters that one request replays. */
export const REPLAYED_MAX = 10_000;
