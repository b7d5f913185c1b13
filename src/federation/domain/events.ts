// The events of the log: what happened to nodes and to the aggregator, as plain data, and one sentence for each. Every
// event is a change; a state that lasts is told once. This file stores and sends nothing.

import type { NodeState, NodeTransition } from '../../lifecycle/node-state.ts';
import type { ApiKey } from './api-keys.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { countText, type MissingOutcome } from './missing.ts';

/** The kinds of events of the aggregator itself. */
export const OWN_EVENT_KINDS = [
  'started',
  'stopped',
  'not_ready',
  'ready',
  'broker_away',
  'broker_back',
  'lost',
  'shed',
  'quarantined',
  'drift',
  'restored',
  'key_revoked',
] as const;
/** One of {@link OWN_EVENT_KINDS}. */
export type OwnEventKind = (typeof OWN_EVENT_KINDS)[number];
/** The kinds of events. Of those that begin with `node_` the rest is the node's new state. */
export const EVENT_KINDS = [...OWN_EVENT_KINDS, 'node_online', 'node_stale', 'node_offline'] as const;
/** One of {@link EVENT_KINDS}. */
export type EventKind = (typeof EVENT_KINDS)[number];

/** How a run of the program before this start ended: `first` if there was none. */
export const START_DETAILS = ['in_order', 'not_in_order', 'first'] as const;

/** What happened, before the store gave it a number. */
export interface ToldEvent {
  /** UTC text, by this machine's wall clock. */
  readonly at: string;
  readonly kind: EventKind;
  /** Null for events of the aggregator itself. */
  readonly nodeId: string | null;
  /** The node's state before; null if the node was seen for the first time, and for own events. */
  readonly from: NodeState | null;
  /** The cause of the node's change of state: `sign_of_life`, `silence` or `left`; null for own events. */
  readonly cause: string | null;
  /**
   * For `lost`, `shed` and `quarantined` the number of messages, for `drift` the number of differences, for `started` the
   * time in ms since the last sign of life of the program. Null for all others, and if it is not known.
   */
  readonly count: number | null;
  /**
   * For `started` one of {@link START_DETAILS}, or null after a restore; for `not_ready` the reason; for `key_revoked` the
   * name and the id of the key. Null for all others.
   */
  readonly detail: string | null;
}

/** An event of the aggregator itself. */
export type OwnEvent = ToldEvent & { readonly kind: OwnEventKind };

/** An event of the log. `id` is greater than that of every earlier event in the same database. */
export interface FederationEvent extends ToldEvent {
  readonly id: number;
}

const NOTHING = { nodeId: null, from: null, cause: null, count: null, detail: null } as const;

/** An event of the aggregator itself. */
export function ownEvent<K extends EventKind>(
  kind: K,
  atMs: number,
  more: Partial<Pick<ToldEvent, 'count' | 'detail'>> = {},
): ToldEvent & { readonly kind: K } {
  return { at: new Date(atMs).toISOString(), kind, ...NOTHING, ...more };
}

/** The event that a key was revoked. */
export function revokedEvent({ name, keyId }: Pick<ApiKey, 'name' | 'keyId'>, atMs: number): OwnEvent {
  return ownEvent('key_revoked', atMs, { detail: `${name} (${keyId})` });
}

/** The kind of the event that a node came into a state. */
export const NODE_KINDS = { online: 'node_online', stale: 'node_stale', offline: 'node_offline' } as const;

/** The event of a node's change of state, or of the first state that a new node got. */
export function nodeEvent({ nodeId, atMs, from, to, cause }: NodeTransition): ToldEvent {
  return { ...NOTHING, at: new Date(atMs).toISOString(), kind: NODE_KINDS[to], nodeId, from, cause };
}

/** One line of English that says what happened; it does not repeat the time. */
export function eventSentence(event: ToldEvent): string {
  switch (event.kind) {
    case 'started':
      return startSentence(event);
    case 'stopped':
      return 'The aggregator stopped in order.';
    case 'not_ready':
      return `The aggregator is not ready: ${event.detail ?? 'no reason is known'}.`;
    case 'ready':
      return 'The aggregator is ready again.';
    case 'broker_away':
      return 'The aggregator has no connection to the broker.';
    case 'broker_back':
      return 'The aggregator is connected to the broker again.';
    case 'lost':
    case 'shed':
    case 'quarantined':
      return missingSentence(event.kind, event.count ?? 0);
    case 'drift':
      return `The audit found ${counted(event.count ?? 0, 'difference')} between the stored rows and the numbers made from them, which is a defect of the program.`;
    case 'restored':
      return 'The database was replaced by a backup.';
    case 'key_revoked':
      return `The API key ${event.detail ?? ''} was revoked.`;
    case 'node_online':
    case 'node_stale':
    case 'node_offline':
      return nodeSentence(event, event.kind);
    default:
      return unreachable(event.kind);
  }
}

function startSentence({ count, detail }: ToldEvent): string {
  if (detail === 'first') return 'The aggregator started with a new database.';
  if (detail === null) return 'The aggregator started.';
  const inOrder = detail === 'in_order';
  if (count === null)
    return `The aggregator started; the run before ${inOrder ? 'stopped' : 'did not stop'} in order.`;
  const since = durationText(count);
  return inOrder
    ? `The aggregator started, ${since} after it had stopped in order.`
    : `The aggregator started, ${since} after the last sign of life of a run that did not stop in order.`;
}

function missingSentence(outcome: MissingOutcome, messages: number): string {
  return `${countText(outcome, messages)} and missing from the numbers for good.`;
}

function nodeSentence({ nodeId, from, cause }: ToldEvent, kind: `node_${NodeState}`): string {
  const node = `The node ${nodeId ?? ''}`;
  if (from === null && kind === 'node_online') return `${node} was seen for the first time.`;
  const state = kind.slice('node_'.length);
  const seen = from === null ? 'was seen for the first time and is' : 'is';
  if (cause === 'left') return `${node} ${seen} ${state}: it announced that it leaves.`;
  if (cause === 'silence') return `${node} ${seen} ${state}: it has been silent.`;
  return `${node} ${seen} ${state} again: it gave a sign of life.`;
}

const UNITS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1_000, 'second'],
] as const;

/** A duration in its greatest unit, rounded down: `3 minutes`; below a second `less than a second`. */
export function durationText(ms: number): string {
  for (const [unitMs, name] of UNITS) if (ms >= unitMs) return counted(Math.floor(ms / unitMs), name);
  return 'less than a second';
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** Number of events on a page of the log. */
export const PAGE_EVENTS = 100;

/** A query of the log. Null: no such restriction; an empty list of kinds: all. Pages count from 1. */
export interface EventQuery {
  readonly kinds: readonly EventKind[];
  readonly nodeId: string | null;
  /** Events at fromMs ≤ t < toMs, in ms since the epoch. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly page: number;
}

/** A page of the log, newest event first. */
export interface EventPage {
  readonly events: readonly FederationEvent[];
  readonly page: number;
  readonly pages: number;
  readonly total: number;
}
