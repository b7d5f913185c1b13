// Writes a database as the earlier aggregator leaves it, with every oddity that such files have, by seed; and says what must
// become of it, written down a second time.

import Sqlite from 'better-sqlite3';
import { createRandom } from '../../src/lib/random.ts';

export interface EarlierOptions {
  readonly tasks: number;
  readonly seed: number;
  /** The newest sighting in the file. */
  readonly endMs: number;
  /** Without the columns that older files do not have. */
  readonly isOld?: boolean;
}

const DAY_MS = 86_400_000;
const TASKS = `CREATE TABLE aggregated_tasks (id INTEGER PRIMARY KEY AUTOINCREMENT, task_id_hash TEXT UNIQUE NOT NULL,
  first_seen_at TEXT, last_seen_at TEXT, chain_id TEXT, task_type TEXT, status TEXT DEFAULT 'received', success INTEGER,
  execution_time_bucket TEXT, gas_used_bucket TEXT, cached INTEGER, reporting_nodes INTEGER DEFAULT 1,
  created_at TEXT DEFAULT (datetime('now')))`;
const INVOICES = `CREATE TABLE aggregated_invoices (id INTEGER PRIMARY KEY AUTOINCREMENT, invoice_id_hash TEXT UNIQUE NOT NULL,
  task_id_hash TEXT, first_seen_at TEXT, last_seen_at TEXT, chain_id TEXT, steps_computed_bucket TEXT,
  memory_used_bucket TEXT, operation TEXT, reporting_nodes INTEGER DEFAULT 1, created_at TEXT DEFAULT (datetime('now')))`;
const nodesTable = (isOld: boolean) => `CREATE TABLE active_nodes (id INTEGER PRIMARY KEY AUTOINCREMENT,
  node_id TEXT UNIQUE NOT NULL, first_seen_at TEXT, last_seen_at TEXT, status TEXT DEFAULT 'online', total_tasks_bucket TEXT,
  active_tasks_bucket TEXT, ${isOld ? '' : 'continent_bucket TEXT, location_bucket TEXT, '}heartbeat_count INTEGER DEFAULT 0,
  created_at TEXT DEFAULT (datetime('now')))`;
const HISTORY = `CREATE TABLE network_stats_history (id INTEGER PRIMARY KEY AUTOINCREMENT, recorded_at TEXT, active_nodes INTEGER,
  total_nodes INTEGER, total_tasks INTEGER, completed_tasks INTEGER, failed_tasks INTEGER, cached_tasks INTEGER,
  total_invoices INTEGER, success_rate REAL, cache_hit_rate REAL, created_at TEXT DEFAULT (datetime('now')))`;
const OTHERS = `CREATE TABLE tru_burns (id INTEGER PRIMARY KEY, tx_hash TEXT UNIQUE, amount TEXT);
  CREATE TABLE tru_burn_sync_state (id INTEGER PRIMARY KEY, last_block INTEGER);
  CREATE INDEX idx_tru_burns_amount ON tru_burns(amount);
  INSERT INTO tru_burns VALUES (1, '0xaa', '12.5'), (7, '0xbb', NULL);
  INSERT INTO tru_burn_sync_state VALUES (1, 19000000)`;
const INDEXES = `CREATE INDEX idx_tasks_last_seen ON aggregated_tasks(last_seen_at);
  CREATE INDEX idx_tasks_status ON aggregated_tasks(status);
  CREATE INDEX idx_invoices_task ON aggregated_invoices(task_id_hash);
  CREATE VIEW failed_task_ids AS SELECT task_id_hash FROM aggregated_tasks WHERE status = 'failed'`;

/** A task as the public view must show it. */
export interface ExpectedTask {
  task_id_hash: string;
  first_seen_at: string;
  last_seen_at: string;
  chain_id: string | null;
  task_type: string | null;
  status: string;
  success: number | null;
  execution_time_bucket: string | null;
  gas_used_bucket: string | null;
  cached: number | null;
  reporting_nodes: number;
}

export interface Expected {
  readonly tasks: Map<string, ExpectedTask>;
  readonly rows: {
    readonly tasks: number;
    readonly invoices: number;
    readonly nodes: number;
    readonly history: number;
  };
  readonly skippedTasks: number;
  readonly mergedTasks: number;
  readonly invoices: number;
  readonly nodes: number;
  /** Rows of that status, whatever becomes of them. */
  readonly completedBefore: number;
  /** Of those, taken as completed although success is 0. */
  readonly despiteZero: number;
}

const iso = (ms: number) => new Date(ms).toISOString();
const sqlTime = (ms: number) => iso(ms).slice(0, 19).replace('T', ' ');
const TIMES = ['<100ms', '100-500ms', '500ms-1s', '1-5s', '5-10s', '10-30s', '30s-1m', '>1m'];
const GAS = ['<100K', '100K-1M', '1M-10M', '10M-100M', '>100M'];
const known = (labels: readonly string[], label: string | null) =>
  label !== null && labels.includes(label) ? label : null;
const OPEN = new Map<string | null, string | null>([
  ['1', '1'],
  ['137', '137'],
  ['wasm', 'wasm'],
  ['docker', 'docker'],
]);

/** Makes the file; every row is written by the earlier aggregator's own columns. */
export function writeEarlierDatabase(path: string, options: EarlierOptions): Expected {
  const { tasks, seed, endMs, isOld = false } = options;
  const random = createRandom(seed, 'earlier');
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random.next() * values.length)] as T;
  const hex = (digits: number) => {
    let text = '';
    while (text.length < digits) text += random.below(0x1_0000_0000).toString(16).padStart(8, '0');
    return text.slice(0, digits);
  };
  const database = new Sqlite(path);
  database.pragma('journal_mode = WAL');
  database.exec(`${TASKS};${INVOICES};${nodesTable(isOld)};${HISTORY};${OTHERS};${INDEXES}`);
  const expected = new Map<string, ExpectedTask>();
  let skipped = 0;
  let merged = 0;
  let rows = 0;
  let completedBefore = 0;
  let despiteZero = 0;
  const insert = database.prepare(
    `INSERT INTO aggregated_tasks (task_id_hash, first_seen_at, last_seen_at, chain_id, task_type, status, success,
       execution_time_bucket, gas_used_bucket, cached, reporting_nodes, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const task = (hash: string, oddity: string) => {
    // In the order of their ids, roughly, as they came.
    const age = Math.max(0, 1 - rows / Math.max(1, tasks)) * 88 + random.next();
    const firstMs = endMs - Math.floor(age * DAY_MS);
    const lastMs = Math.min(endMs, firstMs + Math.floor(random.next() * DAY_MS));
    let status: string | null = pick(['received', 'completed', 'completed', 'completed', 'failed']);
    let success: number | null = status === 'received' ? null : status === 'failed' ? 0 : 1;
    let chain: string | null = pick(['1', '1', '137', null]);
    let type: string | null = pick(['wasm', 'docker', null, 'unknown']);
    let time: string | null = status === 'received' ? null : pick([...TIMES, 'unknown', null]);
    let gas: string | null = status === 'received' ? null : pick([...GAS, 'unknown', null]);
    let cached: number | null = status === 'received' ? null : pick([0, 1, null]);
    let reporting: number | null = 1 + Math.floor(random.next() * 30);
    let first: string | null = iso(firstMs);
    let last: string | null = iso(lastMs);
    const createdMs = Math.floor(firstMs / 1000) * 1000;
    let [expectedFirstMs, expectedLastMs] = [firstMs, lastMs];
    if (oddity === 'labels') [chain, type, time, gas] = ['chain\u0000', '10.1.2.3', '0-100ms', '100k'];
    if (oddity === 'nulls')
      [chain, type, time, gas, cached, reporting] = [null, null, null, null, null, null];
    if (oddity === 'timeout') [status, success] = ['timeout', null];
    if (oddity === 'completed, success 0') [status, success] = ['completed', 0];
    if (oddity === 'failed, success 1') [status, success] = ['failed', 1];
    if (oddity === 'received, success 0') [status, success] = ['received', 0];
    if (oddity === 'no status') [status, success] = [null, null];
    if (oddity === 'no times') {
      [first, last] = [null, null];
      [expectedFirstMs, expectedLastMs] = [createdMs, createdMs];
    }
    if (oddity === 'times swapped') [first, last] = [last, first];
    insert.run(
      hash,
      first,
      last,
      chain,
      type,
      status,
      success,
      time,
      gas,
      cached,
      reporting,
      sqlTime(createdMs),
    );
    rows++;
    if (status === 'completed') completedBefore++;
    const lower = hash.toLowerCase();
    if (!/^([0-9a-f]{2}){8,32}$/.test(lower)) {
      skipped++;
      return;
    }
    // An absent success was stored as 0.
    if (status === 'completed' && success === 0) despiteZero++;
    const failed = status === 'failed' || (success === 0 && status !== 'completed');
    const isFinished = failed || (status !== null && status !== 'received');
    const row: ExpectedTask = {
      task_id_hash: lower,
      first_seen_at: iso(expectedFirstMs),
      last_seen_at: iso(expectedLastMs),
      chain_id: OPEN.get(chain) ?? null,
      task_type: OPEN.get(type) ?? null,
      status: failed ? 'failed' : isFinished ? 'completed' : 'received',
      success: failed ? 0 : isFinished ? 1 : null,
      execution_time_bucket: isFinished ? known(TIMES, time) : null,
      gas_used_bucket: isFinished ? known(GAS, gas) : null,
      cached: isFinished ? cached : null,
      reporting_nodes: reporting ?? 0,
    };
    const other = expected.get(lower);
    expected.set(lower, other === undefined ? row : mergeExpected(other, row));
    if (other !== undefined) merged++;
  };
  const ODDITIES = [
    'labels',
    'nulls',
    'timeout',
    'completed, success 0',
    'failed, success 1',
    'received, success 0',
    'no status',
    'no times',
    'times swapped',
  ];
  const NO_IDS = ['', 'xyz', 'task-12', '0x', 'abc', hex(66), `${hex(62)}zz`, ` ${hex(64)}`];
  let invoices = 0;
  let nodes = 0;
  database.transaction(() => {
    const again: string[] = [];
    for (let index = 0; index < tasks; index++) {
      const hash = index % 50 === 7 ? hex(16 + 2 * Math.floor(random.next() * 24)) : hex(64);
      const oddity = index % 10 === 3 ? (ODDITIES[((index / 10) % ODDITIES.length) | 0] ?? '') : '';
      if (index % 100 === 5 && /[a-f]/.test(hash)) again.push(hash);
      task(hash, oddity);
    }
    for (const hash of again) task(hash.toUpperCase(), '');
    for (const id of NO_IDS) task(id, '');
    const invoice = database.prepare(
      `INSERT INTO aggregated_invoices (invoice_id_hash, task_id_hash, first_seen_at, last_seen_at, chain_id,
         steps_computed_bucket, memory_used_bucket, operation, reporting_nodes, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    for (let index = 0; index < tasks / 2; index++) {
      const atMs = endMs - Math.floor(random.next() * 89 * DAY_MS);
      const hash = hex(64);
      const steps = pick([...GAS, 'unknown', null, 'many']);
      const memory = pick(['<64MB', '64-256MB', '256MB-1GB', '>1GB', null, '2GB']);
      const values = [iso(atMs), iso(atMs), '1', steps, memory, pick(['compute', null]), 3, sqlTime(atMs)];
      invoice.run(hash, pick([hex(64), null, 'no-hash']), ...values);
      if (index % 500 === 9) invoice.run(hash.toUpperCase(), null, ...values);
      if (index === 1) invoice.run('not hex', null, ...values);
      invoices++;
    }
    const columns = isOld ? '' : ', continent_bucket, location_bucket';
    const node = database.prepare(
      `INSERT INTO active_nodes (node_id, first_seen_at, last_seen_at, status, total_tasks_bucket, active_tasks_bucket,
         heartbeat_count, created_at${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?${isOld ? '' : ', ?, ?'})`,
    );
    for (let index = 0; index < Math.max(20, tasks / 100); index++) {
      // The first ones were heard in the last minutes, half of them saying that they leave.
      const lastMs = index < 10 ? endMs - index * 60_000 : endMs - Math.floor(random.next() * 80 * DAY_MS);
      const place = isOld
        ? []
        : [pick(['EU', 'NA', null, 'XX']), pick(['48.3,11.6', '-0.2,-0.2', null, 'Berlin'])];
      node.run(
        `node-${hex(12)}`,
        iso(lastMs - DAY_MS),
        iso(lastMs),
        index % 2 === 0 ? 'online' : 'offline',
        pick(['50-100', '>1K', null, 'lots']),
        pick(['0', '2-3', null]),
        index,
        sqlTime(lastMs - DAY_MS),
        ...place,
      );
      nodes++;
    }
    for (const id of [
      'ab',
      'node with spaces',
      '0x00112233445566778899aabbccddeeff00112233',
      'a@example.org',
    ])
      node.run(
        id,
        iso(endMs),
        iso(endMs),
        'online',
        null,
        null,
        1,
        sqlTime(endMs),
        ...(isOld ? [] : [null, null]),
      );
    const history = database.prepare(
      `INSERT INTO network_stats_history (recorded_at, active_nodes, total_nodes, total_tasks, completed_tasks, failed_tasks,
         cached_tasks, total_invoices, success_rate, cache_hit_rate, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    for (let hours = 200; hours > 0; hours--) {
      const atMs = endMs - hours * 3_600_000;
      history.run(iso(atMs), 40, 60, tasks - hours, tasks / 2, 10, 5, tasks / 2, 98.27, 22.14, sqlTime(atMs));
    }
    history.run(iso(endMs), null, 60, tasks, null, 10, 5, 20, null, 22.19, null);
    history.run('yesterday', 1, 1, 1, 1, 1, 1, 1, 1, 1, null);
  })();
  const count = (table: string) => Number(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  const counts = {
    tasks: rows,
    invoices: count('aggregated_invoices'),
    nodes: count('active_nodes'),
    history: 202,
  };
  database.close();
  return {
    tasks: expected,
    rows: counts,
    skippedTasks: skipped,
    mergedTasks: merged,
    invoices,
    nodes,
    completedBefore,
    despiteZero,
  };
}

/** Two rows about one task: the least and the greatest times, the better outcome as a whole, the lesser labels. */
function mergeExpected(a: ExpectedTask, b: ExpectedTask): ExpectedTask {
  const better = rank(a) <= rank(b) ? a : b;
  const least = (one: string | null, two: string | null) =>
    one === null ? two : two === null ? one : one < two ? one : two;
  return {
    ...better,
    first_seen_at: a.first_seen_at < b.first_seen_at ? a.first_seen_at : b.first_seen_at,
    last_seen_at: a.last_seen_at > b.last_seen_at ? a.last_seen_at : b.last_seen_at,
    chain_id: least(a.chain_id, b.chain_id),
    task_type: least(a.task_type, b.task_type),
    reporting_nodes: a.reporting_nodes + b.reporting_nodes,
  };
}

function rank(task: ExpectedTask): number {
  if (task.status === 'received') return Number.MAX_SAFE_INTEGER;
  const place = (labels: readonly string[], label: string | null) =>
    label === null ? labels.length : labels.indexOf(label);
  const cached = task.cached === 1 ? 0 : task.cached === 0 ? 1 : 2;
  const failed = task.status === 'failed' ? 1 : 0;
  return (
    ((failed * 10 + place(TIMES, task.execution_time_bucket)) * 10 + place(GAS, task.gas_used_bucket)) * 3 +
    cached
  );
}
