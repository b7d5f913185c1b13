// Run by calendar.test.ts in a process of its own for each time zone: facts spread around one moment of the calendar, and
// what the aggregator makes of them. Prints JSON; nothing in it may depend on the zone.

import { Decoder } from '../../src/domain/federation/decode.ts';
import { SUBJECTS } from '../../src/domain/federation/vocabulary.ts';
import { openWriter } from '../../src/store/database.ts';
import { FederationWriter } from '../../src/store/federation/writer.ts';
import { readNodePage } from '../../src/workers/federation/nodes.ts';
import { StatisticsQuery } from '../../src/workers/federation/statistics.ts';
import { heartbeat, invoiceCreated, taskCompleted, taskReceived } from '../support/messages.ts';
import { FACTS_AGO_MS, NOW_OFFSETS_MS } from './calendar-moments.ts';

const NO_LIMITS = { ratePerMinute: 0, rateBurst: 0, globalPerSecond: 0, newNodesPerMinute: 0, maxNodes: 0 };

const TABLES = [
  'aggregated_tasks',
  'aggregated_invoices',
  'active_nodes',
  'node_transitions',
  'network_stats',
  'network_stats_history',
  'rollup_minutes',
  'rollup_hours',
];

function run(momentMs: number): unknown {
  const database = openWriter(':memory:');
  const writer = new FederationWriter(
    database,
    { limits: NO_LIMITS, generationSize: 100, transitionsPerNodeMax: 10 },
    'calendar',
  );
  const decoder = new Decoder();
  FACTS_AGO_MS.forEach((agoMs, index) => {
    const atMs = momentMs - agoMs;
    const node = `node-${index % 3}`;
    const messages = [
      taskReceived(index, node),
      taskCompleted(index, index % 4 !== 0, node),
      invoiceCreated(index, node),
      heartbeat(node),
    ];
    for (const { subject, payload } of messages) {
      const signal = decoder.decode(
        SUBJECTS.findIndex((name) => name === subject),
        Buffer.from(payload),
      );
      if (typeof signal === 'string') throw new Error(signal);
      writer.apply(signal, { atMs, nowMs: momentMs, observedMs: 0 });
    }
    writer.commit(momentMs, 0);
  });
  writer.transition({
    nodeId: 'node-0',
    atMs: momentMs,
    observedMs: 1,
    from: 'online',
    to: 'stale',
    cause: 'silence',
  });
  writer.commit(momentMs, 1);
  const query = new StatisticsQuery(database);
  const ticks = NOW_OFFSETS_MS.map((offsetMs) => query.run(momentMs + offsetMs));
  for (const tick of ticks) writer.statistics(tick);
  writer.commit(momentMs, 1);
  const all = (table: string) => database.prepare(`SELECT * FROM ${table}`).all();
  const result = {
    tables: Object.fromEntries(TABLES.map((table) => [table, all(table)])),
    ticks,
    page: readNodePage(database, null, 1),
  };
  writer.close();
  return result;
}

const moments = (process.argv[2] ?? '').split(',').map(Number);
process.stdout.write(
  JSON.stringify({ zoneHours: new Date(moments[0] ?? 0).getHours(), results: moments.map(run) }),
);
