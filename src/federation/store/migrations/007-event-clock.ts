// Migration 7: when a node was last heard on the event clock (src/federation/domain/event-clock.ts). This decides which
// node is evicted for another, and whether a key signed the node's last message.

/** SQL of migration 7. */
export const eventClock = `
ALTER TABLE nodes ADD COLUMN heard_ms INTEGER NOT NULL DEFAULT 0;
UPDATE nodes SET heard_ms = last_ms;
`;
