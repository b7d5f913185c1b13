// Migration 1: the tables of mining in compact form, and over them the readable views (docs/mining.md#storage). Frozen
// once released: a change of the schema is a new file.

import { VERDICTS } from '../../domain/facts.ts';
import { digitsOf } from '../unsigned.ts';

// Only integer arithmetic: seconds as a float would round some milliseconds up.
const TIME = (ms: string) =>
  `strftime('%Y-%m-%dT%H:%M:%S', (${ms}) / 1000, 'unixepoch') || printf('.%03dZ', (${ms}) % 1000)`;
const VERDICT = (code: string) =>
  `CASE ${code} ${VERDICTS.map((verdict, index) => `WHEN ${index} THEN '${verdict}'`).join(' ')} END`;
const STATE = (code: string) =>
  `CASE ${code} WHEN 0 THEN 'online' WHEN 1 THEN 'stale' WHEN 2 THEN 'offline' END`;

/** SQL of migration 1. */
export const mining = `
CREATE TABLE settings_kept(name TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE accounts(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id TEXT NOT NULL UNIQUE,
  first_ms INTEGER NOT NULL,
  refusal TEXT,                        -- the upstream's text until it accepts the account again
  refused_ms INTEGER
);

CREATE TABLE machines(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  machine_id TEXT NOT NULL UNIQUE,
  address TEXT NOT NULL,
  first_ms INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL,
  heard_observed_ms INTEGER NOT NULL,  -- observed clock when it was last seen
  polls INTEGER NOT NULL,
  state INTEGER,                       -- 0 online, 1 stale, 2 offline; NULL: no actor has judged it yet
  transitions INTEGER NOT NULL         -- recorded so far, trimmed ones included
);

CREATE TABLE transitions(
  machine INTEGER NOT NULL,
  number INTEGER NOT NULL,             -- 1, 2, 3 … per machine
  at_ms INTEGER NOT NULL,
  observed_ms INTEGER NOT NULL,
  from_state INTEGER,
  to_state INTEGER NOT NULL,
  cause TEXT NOT NULL,
  PRIMARY KEY (machine, number)
) WITHOUT ROWID;

CREATE TABLE pairs(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  machine INTEGER NOT NULL,
  account INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  submitted_ms INTEGER NOT NULL,
  UNIQUE (machine, account)
);
CREATE INDEX pairs_by_account ON pairs(account);

-- u64 columns have the top bit flipped, so that they sort: height, base_target, target_quality and all raw qualities.
CREATE TABLE blocks(
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  block_hash TEXT NOT NULL,
  height INTEGER NOT NULL,
  base_target INTEGER,
  upstream TEXT,
  first_ms INTEGER NOT NULL,
  best_raw_quality INTEGER,
  best_poc_time INTEGER,
  best_pair INTEGER,
  UNIQUE (block_hash, height)
);

-- The best submission of a pair for a block.
CREATE TABLE submission_rows(
  id INTEGER PRIMARY KEY,              -- block number × 2^24 + pair number
  raw_quality INTEGER NOT NULL,
  poc_time INTEGER NOT NULL,           -- seconds; -1: unknown
  verdict INTEGER NOT NULL,            -- + 16 if the proof counts: it holds, or the operator checks none
  after_ms INTEGER NOT NULL            -- after the block's first_ms
);
-- What comes after the best, while the proof of the best is not known to hold.
CREATE TABLE rival_rows(
  id INTEGER NOT NULL,
  raw_quality INTEGER NOT NULL,
  poc_time INTEGER NOT NULL,
  verdict INTEGER NOT NULL,
  after_ms INTEGER NOT NULL,
  PRIMARY KEY (id, raw_quality)
) WITHOUT ROWID;

-- How many submissions of a pair came to a verdict in an hour. outcome: the verdict, 15 for a proof that holds, or
-- 14 beside the verdict of a submission that the upstream refused.
CREATE TABLE outcome_hours(
  hour INTEGER NOT NULL, pair INTEGER NOT NULL, outcome INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (hour, pair, outcome)
) WITHOUT ROWID;

CREATE TABLE capacity_samples(
  at_ms INTEGER PRIMARY KEY,
  capacity_tib REAL NOT NULL, machines INTEGER NOT NULL, accounts INTEGER NOT NULL, base_target INTEGER
);

CREATE TABLE informations(
  upstream TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL, is_active INTEGER NOT NULL,
  generation_signature TEXT NOT NULL, base_target INTEGER NOT NULL, height INTEGER NOT NULL,
  block_hash TEXT NOT NULL, target_quality INTEGER,
  minimum_compression INTEGER NOT NULL, target_compression INTEGER NOT NULL, text TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE entries(
  id INTEGER PRIMARY KEY,
  upstream TEXT NOT NULL, mode TEXT NOT NULL, block_hash TEXT NOT NULL,
  submitted_hash TEXT NOT NULL, height INTEGER NOT NULL, generation_signature TEXT NOT NULL,
  base_target INTEGER NOT NULL, account_id TEXT NOT NULL, seed TEXT NOT NULL, nonce INTEGER NOT NULL,
  compression INTEGER NOT NULL, raw_quality INTEGER NOT NULL,
  machine_id TEXT NOT NULL, address TEXT NOT NULL, received_ms INTEGER NOT NULL, poc_time INTEGER NOT NULL,
  state TEXT NOT NULL
);

CREATE VIEW submissions AS SELECT
  s.id AS id, a.account_id AS account_id, m.machine_id AS machine_id,
  ${digitsOf('b.height')} AS height, b.block_hash AS block_hash,
  ${digitsOf('s.raw_quality')} AS raw_quality, nullif(s.poc_time, -1) AS poc_time,
  ${VERDICT('(s.verdict & 15)')} AS verdict,
  ${TIME('b.first_ms + s.after_ms')} AS timestamp
FROM submission_rows s
JOIN blocks b ON b.number = s.id >> 24
JOIN pairs p ON p.number = s.id & 0xffffff
JOIN accounts a ON a.number = p.account
JOIN machines m ON m.number = p.machine;

CREATE VIEW rounds AS SELECT
  b.number AS id, ${digitsOf('b.height')} AS height, b.block_hash AS block_hash,
  CASE WHEN b.base_target IS NOT NULL THEN ${digitsOf('b.base_target')} END AS base_target,
  b.upstream AS upstream, ${TIME('b.first_ms')} AS started_at,
  CASE WHEN b.best_pair IS NOT NULL THEN ${digitsOf('b.best_raw_quality')} END AS best_raw_quality,
  nullif(b.best_poc_time, -1) AS best_poc_time, a.account_id AS best_account_id, m.machine_id AS best_machine_id
FROM blocks b
LEFT JOIN pairs p ON p.number = b.best_pair
LEFT JOIN accounts a ON a.number = p.account
LEFT JOIN machines m ON m.number = p.machine;

CREATE VIEW miners AS SELECT
  m.number AS id, m.machine_id AS machine_id, m.address AS address,
  ${TIME('m.first_ms')} AS first_seen_at, ${TIME('m.seen_ms')} AS last_seen_at,
  m.polls AS polls, ${STATE('m.state')} AS state
FROM machines m;

CREATE VIEW miner_transitions AS SELECT
  m.machine_id AS machine_id, ${TIME('t.at_ms')} AS at,
  ${STATE('t.from_state')} AS from_state, ${STATE('t.to_state')} AS to_state, t.cause AS cause
FROM transitions t JOIN machines m ON m.number = t.machine;

CREATE VIEW queue AS SELECT
  id, upstream, mode, state, block_hash, ${digitsOf('height')} AS height, account_id, machine_id,
  ${digitsOf('nonce')} AS nonce, ${digitsOf('raw_quality')} AS raw_quality, poc_time,
  ${TIME('received_ms')} AS received_at
FROM entries;
`;
