// Run by calendar.test.ts in a process of its own for each time zone: facts spread around one moment of the calendar,
// and the aggregator's results. Prints JSON; no part of it may depend on the zone.

import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Decoder } from '../../../src/federation/domain/decode.ts';
import { SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { readNodePage } from '../../../src/federation/workers/nodes.ts';
import { StatisticsQuery } from '../../../src/federation/workers/statistics.ts';
import { heartbeat, invoiceCreated, taskCompleted, taskReceived } from '../../support/messages.ts';
import { makeFastFolder } from './fast-folder.ts';
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
  const folder = makeFastFolder('calendar');
  const database = openFederationWriter(join(folder, 'aggregator.db'));
  const writer = new FederationWriter(
    database,
    {
      limits: NO_LIMITS,
      generationSize: 100,
      transitionsPerNodeMax: 10,
      placesLog2: 8,
      publishIntervalMs: 30_000,
    },
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
    page: readNodePage(database, {
      state: null,
      search: null,
      sort: 'firstSeen',
      descending: false,
      page: 1,
      stripCells: 0,
    }),
  };
  writer.close();
  rmSync(folder, { recursive: true });
  return result;
}

/** Zones in which a moment of their own calendar gives something else than in UTC; there must be none. */
function everyZone(): unknown {
  const fingerprint = (zone: string, momentMs: number) => {
    process.env['TZ'] = zone;
    return createHash('sha256')
      .update(JSON.stringify(run(momentMs)))
      .digest('hex');
  };
  const inUtc = new Map<number, string>();
  const different: string[] = [];
  let withSummerTime = 0;
  const zones = Intl.supportedValuesOf('timeZone');
  for (const zone of zones) {
    process.env['TZ'] = zone;
    const changeMs = firstChange();
    if (changeMs !== null) withSummerTime++;
    // Without a change: midnight there.
    const momentMs = changeMs ?? new Date(2026, 0, 15).getTime();
    const expected = inUtc.get(momentMs) ?? fingerprint('UTC', momentMs);
    inUtc.set(momentMs, expected);
    if (fingerprint(zone, momentMs) !== expected) different.push(zone);
  }
  return { zones: zones.length, withSummerTime, moments: inUtc.size, different };
}

/** When the clocks of the zone that is set are first changed in 2026, to a minute or two; null if never. */
function firstChange(): number | null {
  const offset = (atMs: number) => new Date(atMs).getTimezoneOffset();
  const startMs = Date.UTC(2026, 0, 1);
  for (let day = 0; day < 365; day++) {
    let fromMs = startMs + day * 86_400_000;
    if (offset(fromMs) === offset(fromMs + 86_400_000)) continue;
    for (let stepMs = 43_200_000; stepMs >= 60_000; stepMs /= 2) {
      if (offset(fromMs) === offset(fromMs + stepMs)) fromMs += stepMs;
    }
    return Math.ceil(fromMs / 60_000) * 60_000;
  }
  return null;
}

const [what = ''] = process.argv.slice(2);
const moments = what.split(',').map(Number);
process.stdout.write(
  JSON.stringify(
    what === 'every-zone'
      ? everyZone()
      : { zoneHours: new Date(moments[0] ?? 0).getHours(), results: moments.map(run) },
  ),
);
