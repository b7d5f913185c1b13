// The states of the agent's connection to the broker, what its actor is told, and what it decides. Plain data; the rules
// are the actor's (actors/connection.ts).

/**
 * `away`: waits before the next attempt. `dialling`: an attempt is under way. `joining`: connected, and the request to
 * join has not ended; presence may leave, and facts wait, because the reply says how many may leave in a minute. `up`:
 * everything may leave. `stopped`: no attempt is made any more.
 */
export const CONNECTION_STATES = ['away', 'dialling', 'joining', 'up', 'stopped'] as const;
/** One of {@link CONNECTION_STATES}. */
export type ConnectionState = (typeof CONNECTION_STATES)[number];

/**
 * `closed`: messages may leave. `open`: too many sends failed in a row, and nothing leaves. `trying`: one heartbeat
 * leaves, and what becomes of it decides.
 */
export const BREAKER_STATES = ['closed', 'open', 'trying'] as const;
/** One of {@link BREAKER_STATES}. */
export type BreakerState = (typeof BREAKER_STATES)[number];

/** What happened. `random` is from 0 (included) to 1 (excluded). */
export type ConnectionSignal =
  /** The program starts. */
  | { readonly type: 'start' }
  /** The wait before the next attempt is over. */
  | { readonly type: 'due' }
  | { readonly type: 'connected' }
  /** The attempt failed. */
  | { readonly type: 'unreachable'; readonly random: number }
  /** The connection ended, and not by our own will. */
  | { readonly type: 'lost'; readonly random: number }
  /** The request to join has ended, whatever became of it. */
  | { readonly type: 'joined' }
  /** The broker confirmed what was sent. */
  | { readonly type: 'sent' }
  /** The client refused to publish, or the broker did not confirm in time. A lost connection is no such failure. */
  | { readonly type: 'unsent'; readonly random: number }
  /** The time for which the breaker is open is over. */
  | { readonly type: 'rested' }
  | { readonly type: 'stop' };

/** What is to be done. */
export type ConnectionCommand =
  /** Say `due` after this time. */
  | { readonly type: 'wait'; readonly ms: number }
  /** Make one attempt. */
  | { readonly type: 'dial' }
  /** Send a heartbeat, the first time since the start `node_joined` before it. */
  | { readonly type: 'beat' }
  /** Ask to join. */
  | { readonly type: 'join' }
  /** Send nothing, and say `rested` after this time. */
  | { readonly type: 'rest'; readonly ms: number }
  /** Close the connection. */
  | { readonly type: 'close' };

/** The actor of the connection, as the sinks see it. */
export interface ConnectionJudge {
  readonly state: ConnectionState;
  readonly breaker: BreakerState;
  /** Sends that failed in a row. */
  readonly failures: number;
  /** Tells it what happened; returns its decisions, in order. */
  tell(signal: ConnectionSignal): readonly ConnectionCommand[];
}
