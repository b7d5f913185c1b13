// Reference: an aggregator written in the obvious way, and run as such programs are deployed: over WebSocket, an async
// iterator per subject, a statement prepared, a transaction and a log line for every message. Arguments: broker's
// WebSocket, messages, folder. Output as in empty-consumer.ts.

import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { wsconnect } from 'nats';

interface Message {
  readonly nodeId: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const [url = '', count = '', folder = ''] = process.argv.slice(2);
const database = new Sqlite(join(folder, 'straightforward.db'));
database.pragma('journal_mode = WAL');
database.pragma('synchronous = NORMAL');
database.exec(`
  CREATE TABLE tasks(id INTEGER PRIMARY KEY, hash TEXT UNIQUE, first_seen TEXT, last_seen TEXT, chain TEXT, type TEXT,
    status TEXT, success INTEGER, time_bucket TEXT, gas_bucket TEXT, cached INTEGER, nodes INTEGER DEFAULT 0);
  CREATE TABLE invoices(id INTEGER PRIMARY KEY, hash TEXT UNIQUE, task_hash TEXT, first_seen TEXT, last_seen TEXT, chain TEXT,
    steps TEXT, memory TEXT, operation TEXT, nodes INTEGER DEFAULT 0);
  CREATE TABLE nodes(id INTEGER PRIMARY KEY, node_id TEXT UNIQUE, first_seen TEXT, last_seen TEXT, status TEXT, beats INTEGER DEFAULT 0);
  CREATE INDEX tasks_status ON tasks(status);
  CREATE INDEX tasks_first_seen ON tasks(first_seen);
`);

const STATEMENTS: Readonly<Record<string, string>> = {
  'truebit.tasks.received': `INSERT INTO tasks (hash, first_seen, last_seen, chain, type, status, nodes)
    VALUES (@hash, @now, @now, @chain, @type, 'received', 1)
    ON CONFLICT(hash) DO UPDATE SET last_seen = @now, type = coalesce(type, @type), nodes = nodes + 1`,
  'truebit.tasks.completed': `INSERT INTO tasks (hash, first_seen, last_seen, chain, status, success, time_bucket, gas_bucket, cached, nodes)
    VALUES (@hash, @now, @now, @chain, @status, @success, @time, @gas, @cached, 1)
    ON CONFLICT(hash) DO UPDATE SET last_seen = @now, status = @status, success = @success, time_bucket = @time,
      gas_bucket = @gas, cached = @cached, nodes = nodes + 1`,
  'truebit.invoices.created': `INSERT INTO invoices (hash, task_hash, first_seen, last_seen, chain, steps, memory, operation, nodes)
    VALUES (@hash, @task, @now, @now, @chain, @steps, @memory, @operation, 1)
    ON CONFLICT(hash) DO UPDATE SET last_seen = @now, nodes = nodes + 1`,
  'truebit.heartbeat': `UPDATE nodes SET status = 'online', beats = beats + 1 WHERE node_id = @node`,
};

const connection = await wsconnect({ servers: url });
const decoder = new TextDecoder();
let left = Number(count);

function take(subject: string, message: Message): void {
  const { nodeId, data } = message;
  const now = new Date().toISOString();
  const values = {
    now,
    node: nodeId,
    hash: data['invoiceIdHash'] ?? data['taskIdHash'] ?? null,
    task: data['taskIdHash'] ?? null,
    chain: data['chainId'] ?? null,
    type: data['taskType'] ?? null,
    status: data['status'] ?? null,
    success: data['success'] === true ? 1 : 0,
    time: data['executionTimeBucket'] ?? null,
    gas: data['gasUsedBucket'] ?? null,
    cached: data['cached'] === true ? 1 : 0,
    steps: data['stepsComputedBucket'] ?? null,
    memory: data['memoryUsedBucket'] ?? null,
    operation: data['operation'] ?? null,
  };
  database.transaction(() => {
    database
      .prepare(
        `INSERT INTO nodes (node_id, first_seen, last_seen, status) VALUES (?, ?, ?, 'online')
         ON CONFLICT(node_id) DO UPDATE SET last_seen = excluded.last_seen`,
      )
      .run(nodeId, now, now);
    database.prepare(STATEMENTS[subject] ?? '').run(values);
  })();
  appendFileSync(
    join(folder, 'straightforward.log'),
    `${JSON.stringify({ time: now, level: 'info', subject, nodeId })}\n`,
  );
  if (--left > 0) return;
  console.log(`done ${Date.now()}`);
  process.exit(0);
}

for (const subject of Object.keys(STATEMENTS)) {
  const subscription = connection.subscribe(subject);
  void (async () => {
    for await (const message of subscription)
      take(subject, JSON.parse(decoder.decode(message.data)) as Message);
  })();
}
await connection.flush();
console.log('ready');
