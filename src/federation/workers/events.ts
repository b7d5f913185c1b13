// Reads a page of the log of events. A filter, and the number of events, read every row, of which there are at most
// EVENTS_MAX (10 ms for 100,000).

import {
  type EventKind,
  type EventPage,
  type EventQuery,
  type FederationEvent,
  PAGE_EVENTS,
} from '../domain/events.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

interface Row {
  readonly id: number;
  readonly at_ms: number;
  readonly kind: EventKind;
  readonly node_id: string | null;
  readonly from_state: NodeState | null;
  readonly cause: string | null;
  readonly count: number | null;
  readonly detail: string | null;
}

const COLUMNS = 'id, at_ms, kind, node_id, from_state, cause, count, detail';
const WHERE = `(@kinds IS NULL OR instr(@kinds, ',' || kind || ',') > 0) AND (@nodeId IS NULL OR node_id = @nodeId)
  AND (@fromMs IS NULL OR at_ms >= @fromMs) AND (@toMs IS NULL OR at_ms < @toMs)`;

/** Answers a query of the log; a page beyond the last has no events. */
export function readEvents(database: ReadDatabase, query: EventQuery): EventPage {
  const { kinds, nodeId, fromMs, toMs, page } = query;
  const filter = { kinds: kinds.length === 0 ? null : `,${kinds.join(',')},`, nodeId, fromMs, toMs };
  return database.transaction(() => {
    const total = Number(
      statement<[typeof filter], number>(database, `SELECT count(*) FROM events WHERE ${WHERE}`)
        .pluck()
        .get(filter),
    );
    const rows = statement<[typeof filter & { limit: number; offset: number }], Row>(
      database,
      `SELECT ${COLUMNS} FROM events WHERE ${WHERE} ORDER BY id DESC LIMIT @limit OFFSET @offset`,
    ).all({ ...filter, limit: PAGE_EVENTS, offset: (page - 1) * PAGE_EVENTS });
    return { events: rows.map(toEvent), page, pages: Math.ceil(total / PAGE_EVENTS), total };
  })();
}

/** The events after the one with this id, oldest first, at most a page of them. */
export function readEventsAfter(database: ReadDatabase, id: number): readonly FederationEvent[] {
  return statement<[number, number], Row>(
    database,
    `SELECT ${COLUMNS} FROM events WHERE id > ? ORDER BY id LIMIT ?`,
  )
    .all(id, PAGE_EVENTS)
    .map(toEvent);
}

function toEvent(row: Row): FederationEvent {
  const { id, at_ms, kind, node_id, from_state, cause, count, detail } = row;
  return {
    id,
    at: new Date(at_ms).toISOString(),
    kind,
    nodeId: node_id,
    from: from_state,
    cause,
    count,
    detail,
  };
}
