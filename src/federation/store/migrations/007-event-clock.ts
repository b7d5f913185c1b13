// Migration: when a node was heard last on the event clock (src/federation/domain/event-clock.ts). That decides which node
// makes room for another, and whether a key spoke for it last.

export const eventClock = `
ALTER TABLE nodes ADD COLUMN heard_ms INTEGER NOT NULL DEFAULT 0;
UPDATE nodes SET heard_ms = last_ms;
`;
