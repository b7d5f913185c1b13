// Migration 3: marks which rows come from the earlier aggregator's database, and how many messages it had counted for
// each. Who sent those is unknown. The public number of reporters is the greater of that count and the number of known
// reporters. Frozen once released.

const EXECUTION_TIME = `CASE (outcome / 18) % 9 WHEN 0 THEN '<100ms' WHEN 1 THEN '100-500ms' WHEN 2 THEN '500ms-1s'
    WHEN 3 THEN '1-5s' WHEN 4 THEN '5-10s' WHEN 5 THEN '10-30s' WHEN 6 THEN '30s-1m' WHEN 7 THEN '>1m' END`;
const AMOUNT = (
  index: string,
) => `CASE ${index} WHEN 0 THEN '<100K' WHEN 1 THEN '100K-1M' WHEN 2 THEN '1M-10M'
    WHEN 3 THEN '10M-100M' WHEN 4 THEN '>100M' END`;
const MEMORY_SIZE = `CASE memory WHEN 0 THEN '<64MB' WHEN 1 THEN '64-256MB' WHEN 2 THEN '256MB-1GB' WHEN 3 THEN '>1GB' END`;
const TIME = (ms: string) =>
  `strftime('%Y-%m-%dT%H:%M:%S', (${ms}) / 1000, 'unixepoch') || printf('.%03dZ', (${ms}) % 1000)`;
const LABEL = (dimension: number, column: string) => `CASE typeof(${column}) WHEN 'integer' THEN
    (SELECT label FROM labels WHERE dimension = ${dimension} AND label_id = ${column}) ELSE ${column} END`;
const REPORTING_NODES = (
  kind: number,
  table: string,
) => `max(length(reporters) / 4, coalesce((SELECT adopted.reporting_nodes FROM adopted
    WHERE adopted.kind = ${kind} AND adopted.id = ${table}.id), 0))`;

/** SQL of migration 3. */
export const adopted = `
CREATE TABLE adopted(
  kind INTEGER NOT NULL,               -- 0 task, 1 invoice, 2 node
  id INTEGER NOT NULL,                 -- of the row in tasks or invoices, or the number of the node
  reporting_nodes INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;

DROP VIEW aggregated_tasks;
DROP VIEW aggregated_invoices;

CREATE VIEW aggregated_tasks AS SELECT
  id, lower(hex(hash)) AS task_id_hash,
  ${TIME('first_ms')} AS first_seen_at,
  ${TIME('first_ms + last_after_ms')} AS last_seen_at,
  ${LABEL(4, 'chain')} AS chain_id,
  ${LABEL(5, 'type')} AS task_type,
  CASE WHEN outcome IS NULL THEN 'received' WHEN outcome < 162 THEN 'completed' ELSE 'failed' END AS status,
  CASE WHEN outcome < 162 THEN 1 WHEN outcome >= 162 THEN 0 END AS success,
  ${EXECUTION_TIME} AS execution_time_bucket,
  ${AMOUNT('(outcome / 3) % 6')} AS gas_used_bucket,
  CASE outcome % 3 WHEN 0 THEN 1 WHEN 1 THEN 0 END AS cached,
  ${REPORTING_NODES(0, 'tasks')} AS reporting_nodes,
  ${TIME('first_ms + created_after_ms')} AS created_at
FROM tasks;

CREATE VIEW aggregated_invoices AS SELECT
  id, lower(hex(hash)) AS invoice_id_hash,
  CASE WHEN task_hash IS NOT NULL THEN lower(hex(task_hash)) END AS task_id_hash,
  ${TIME('first_ms')} AS first_seen_at,
  ${TIME('first_ms + last_after_ms')} AS last_seen_at,
  ${LABEL(4, 'chain')} AS chain_id,
  ${AMOUNT('steps')} AS steps_computed_bucket,
  ${MEMORY_SIZE} AS memory_used_bucket,
  ${LABEL(10, 'operation')} AS operation,
  ${REPORTING_NODES(1, 'invoices')} AS reporting_nodes,
  ${TIME('first_ms + created_after_ms')} AS created_at
FROM invoices;
`;
