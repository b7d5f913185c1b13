// Migration 8: what the event clock (src/federation/domain/event-clock.ts) showed when a key was created and when it
// was revoked. Messages are judged by these times. A key without a row is judged by its wall times.

/** SQL of migration 8. */
export const keyMoments = `
CREATE TABLE api_key_moments(
  key INTEGER PRIMARY KEY,             -- api_keys.id
  created_event_ms REAL NOT NULL,
  revoked_event_ms REAL                -- NULL: not revoked
);
`;
