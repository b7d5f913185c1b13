// Migration 9: what a database knows as a replica of a cluster. Each input stream (source) has its own position, its own
// clock and its own watermark, and the commands of operators are kept until the log reaches their place.

/** SQL of migration 9. */
export const cluster = `
ALTER TABLE ingest_position ADD COLUMN elsewhere INTEGER NOT NULL DEFAULT 0 CHECK (elsewhere >= 0); -- sequences of other partitions

CREATE TABLE log_sources(
  stream TEXT NOT NULL, incarnation TEXT NOT NULL,  -- as in ingest_position
  watermark_ms REAL NOT NULL,          -- every message stored before this time is applied; broker's clock, 0: not known
  round_ms REAL NOT NULL,              -- the broker's time of the newest round
  is_away INTEGER NOT NULL CHECK (is_away IN (0, 1)),  -- the newest round says that the stream's server is away
  last_ms REAL NOT NULL,               -- src/federation/domain/event-clock-of-sources.ts; 0: no message yet
  now_ms REAL NOT NULL,
  offset_ms REAL NOT NULL,
  PRIMARY KEY (stream, incarnation)
) STRICT;

CREATE TABLE commands(
  id TEXT PRIMARY KEY,
  previous TEXT,                       -- the id of the entry before; NULL: the first
  replica TEXT NOT NULL,               -- took the command from an operator
  at_ms INTEGER NOT NULL CHECK (at_ms >= 0),
  command TEXT NOT NULL CHECK (json_valid(command)),
  applied INTEGER NOT NULL CHECK (applied IN (0, 1))
) STRICT;
`;
