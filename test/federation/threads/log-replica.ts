// The ingest loop of one process with the real door and writer on a real file, which can be killed and started again; and
// what its database holds, without what depends on the moment at which a message is read.

import { IngestLoop } from '../../../src/federation/threads/ingest-loop.ts';
import type {
  IngestToMain,
  IngestToSource,
  SourceToIngest,
} from '../../../src/federation/threads/messages.ts';
import type { ReplicaPosition, StoredCommand } from '../../../src/federation/domain/cluster.ts';
import type { Limits } from '../../../src/federation/domain/limits.ts';
import { WriterOnDisk } from '../ingest/writer-on-disk.ts';
import { NO_LIMITS } from '../store/events.ts';
import { batchOfEntries, entriesOf, type LogRound } from './log-of-rounds.ts';

type Entries = ReturnType<typeof entriesOf>;

/** What happens to the disk or the process with one batch. */
export type Fault = 'none' | 'refused' | 'failed' | 'killed' | 'killed uncommitted';

const HOUR_MS = 3_600_000;

export class LogReplica {
  readonly main: IngestToMain[] = [];
  readonly source: IngestToSource[] = [];
  own: WriterOnDisk;
  loop: IngestLoop;
  readonly #path: string;
  readonly #limits: Limits;
  #heard: (message: SourceToIngest) => void = () => undefined;

  constructor(path: string, limits: Limits = NO_LIMITS) {
    this.#path = path;
    this.#limits = limits;
    [this.own, this.loop] = this.#open();
  }

  /** The process dies, with all that is not committed, and another one starts. */
  restart(): void {
    this.own.close();
    [this.own, this.loop] = this.#open();
  }

  close(): void {
    this.own.close();
  }

  say(message: SourceToIngest): void {
    this.#heard(message);
  }

  /** Attaches to a log that ends here; returns the next sequence to read by the position. */
  attachLog(lastSeq: number, created = '2026-01-01T00:00:00Z', firstSeq = 1): number {
    this.say({ type: 'attachLog', log: { name: 'TRUEBIT_LOG_0', created, firstSeq, lastSeq } });
    const answer = this.source.at(-1);
    if (answer?.type !== 'position' || answer.seq === null) throw new Error('no position');
    return answer.seq;
  }

  /** Takes all commands that the stream holds; returns those that the database knows beside. */
  command(entries: readonly StoredCommand[], isAll = true): readonly StoredCommand[] {
    this.say({ type: 'commands', entries, isAll });
    this.settle();
    const answer = this.source.findLast(({ type }) => type === 'missingCommands');
    return answer?.type === 'missingCommands' ? answer.entries : [];
  }

  /** Takes one batch of rounds whose first stands at `logSeq`. */
  read(rounds: readonly LogRound[], logSeq: number): void {
    this.batch(entriesOf(rounds, logSeq));
  }

  /** Takes one batch. With a fault: a commit that is refused for a while, one that fails once, or the end of the process. */
  batch(entries: Entries, fault: Fault = 'none'): void {
    const { own } = this;
    if (fault === 'refused' || fault === 'killed uncommitted') own.disk.refuse('busy');
    if (fault === 'failed') own.disk.refuse('value');
    this.say({ type: 'batch', batch: batchOfEntries(entries) });
    if (fault === 'killed' || fault === 'killed uncommitted') {
      this.restart();
      return;
    }
    own.disk.heal();
    this.settle();
  }

  /** Lets the committer repeat what failed. */
  settle(): void {
    for (let turns = 0; turns < 100; turns++) {
      if (this.loop.flush()) return;
      this.own.time.runUntil(this.own.time.nowMs + 1000);
      this.own.disk.heal();
    }
    throw new Error(`it is not stored: ${JSON.stringify(this.main.findLast(({ type }) => type === 'log'))}`);
  }

  get position(): ReplicaPosition {
    this.loop.report();
    const last = this.main.findLast(({ type }) => type === 'snapshot');
    if (last?.type !== 'snapshot' || last.position === null) throw new Error('no position');
    return last.position;
  }

  get holes() {
    return this.source.filter((message) => message.type === 'hole');
  }

  #open(): [WriterOnDisk, IngestLoop] {
    const own = new WriterOnDisk(this.#path, this.#limits);
    const loop = new IngestLoop(
      {
        path: own.path,
        commitSoonMs: 250,
        snapshotIntervalMs: HOUR_MS,
        housekeepingRestMs: HOUR_MS,
        seams: {},
      },
      {
        ...own.parts,
        identity: { salt: '', statisticsKey: { x: '', d: '' } },
        disk: { room: () => own.disk.room, sizeBytes: () => 0 },
        timers: own.time,
        beforeCommit: () => undefined,
        send: (message) => void this.main.push(message),
      },
    );
    loop.connect({
      postMessage: (message) => void this.source.push(message),
      on: (_event, heard) => (this.#heard = heard),
      close: () => undefined,
    });
    void loop.start();
    return [own, loop];
  }
}

const ROWS = [
  'SELECT id, hash, first_ms, last_after_ms, chain, type, outcome, reporters FROM tasks ORDER BY id',
  'SELECT id, hash, task_hash, first_ms, last_after_ms, chain, operation, steps, memory, reporters FROM invoices ORDER BY id',
  `SELECT number, node_id, first_ms, last_ms, life_ms, left_ms, heard_ms, signed_ms, heartbeats, limit_due_ms, total_tasks,
     active_tasks, continent, location FROM nodes ORDER BY number`,
  'SELECT * FROM labels ORDER BY dimension, label_id',
  'SELECT * FROM rollup_minutes',
  'SELECT * FROM rollup_totals',
  'SELECT * FROM pruned_totals',
  `SELECT stream, incarnation, first_seq, last_seq, last_ms, applied, duplicate, rejected, rate_limited, quarantined,
     ignored, lost, elsewhere FROM ingest_position ORDER BY stream, incarnation`,
  'SELECT seq, subject, code, at FROM quarantine ORDER BY rowid',
  'SELECT outcome, total FROM missing_messages',
  'SELECT * FROM api_keys ORDER BY id',
  'SELECT * FROM api_key_limits ORDER BY key',
  'SELECT * FROM api_key_moments ORDER BY key',
  'SELECT * FROM blocked_nodes ORDER BY node_id',
  `SELECT name, value FROM settings_kept
     WHERE name IN ('limit_global_due_ms', 'limit_new_nodes_due_ms', 'next_node_number', 'nodes_digest') ORDER BY name`,
  `SELECT value ->> 'lastMs', value ->> 'nowMs', value ->> 'skippedMs' FROM settings_kept WHERE name = 'event_clock'`,
];
const CLUSTER_ROWS = [
  'SELECT * FROM log_sources ORDER BY stream',
  'SELECT id, at_ms, applied FROM commands ORDER BY id',
];

/** All rows that two processes share that have read the same. */
export function rowsOf(
  { own: { database } }: { readonly own: Pick<WriterOnDisk, 'database'> },
  isReplica = false,
): unknown {
  return [...ROWS, ...(isReplica ? CLUSTER_ROWS : [])].map((sql) => database.prepare(sql).raw().all());
}
