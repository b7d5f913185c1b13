import { describe, expect, it } from 'vitest';
import {
  OUTCOMES,
  type IngestAccounts,
  type Outcome,
  type SourceStatus,
  type WriterStatus,
} from '../../../src/federation/domain/accounting.ts';
import type { ApiKey } from '../../../src/federation/domain/api-keys.ts';
import { NONE_MISSING, withFound } from '../../../src/federation/domain/missing.ts';
import type { TickStatistics } from '../../../src/federation/domain/statistics.ts';
import { LABEL_DIMENSIONS, REJECT_REASONS } from '../../../src/federation/domain/vocabulary.ts';
import { NO_STATISTICS } from '../../../src/federation/http/no-statistics.ts';
import { type Elsewhere, type IngestNews, Known } from '../../../src/federation/threads/known.ts';

const STARTED_MS = 1_000;
const INTERVAL_MS = 30_000;

const WELL: Elsewhere = {
  workersUp: true,
  readProblem: null,
  publishProblem: null,
  joinProblem: null,
  logLoss: { lines: 0, problem: null },
  descriptorProblem: null,
  cluster: null,
};

const WRITER: WriterStatus = {
  lagMs: 0,
  databaseProblem: null,
  databaseSizeBytes: 1,
  diskFreeBytes: 2,
  diskSizeBytes: 3,
};

const SOURCE: SourceStatus = {
  mode: 'jetstream',
  connected: true,
  consuming: true,
  catchingUp: false,
  problem: null,
  reconnects: 0,
  pending: 0,
  refusals: 0,
  unreadAgeMs: 0,
  clockOffsetMs: null,
  backlogBytes: 0,
};

const none = [0, 0, 0, 0, 0, 0, 0];
const zero = <K extends string, V>(keys: readonly K[], value: V) =>
  Object.fromEntries(keys.map((key) => [key, value])) as Record<K, V>;

const ACCOUNTS: IngestAccounts = {
  received: [3, 0, 0, 0, 0, 0, 0],
  outcomes: { ...zero<Outcome, readonly number[]>(OUTCOMES, none), applied: [2, 0, 0, 0, 0, 0, 0] },
  rejected: zero(REJECT_REASONS, none),
  inFlight: 1,
  lost: 0,
  unknownLabels: zero(LABEL_DIMENSIONS, 0),
  disagreements: 0,
  futureTimes: 0,
  publishToCommit: { boundsSeconds: [], counts: [], sumSeconds: 0 },
  commit: { boundsSeconds: [], counts: [], sumSeconds: 0 },
};

const KEY: ApiKey = {
  keyId: '0123456789abcdef',
  keyHash: '00'.repeat(32),
  name: 'one',
  nodeId: null,
  permissions: ['publish'],
  ratePerMinute: 0,
  createdAtMs: 0,
  revokedAtMs: null,
  createdEventMs: 0,
  revokedEventMs: null,
};

const OPENED: IngestNews = {
  type: 'opened',
  aggregatorId: 'of the database',
  identity: {
    salt: 'ab'.repeat(32),
    // RFC 8037, appendix A.
    statisticsKey: {
      x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
      d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
    },
  },
  keys: [KEY],
  missing: { ...NONE_MISSING, lost: withFound(NONE_MISSING.lost, 4, 0) },
  observedMs: 7,
  membership: null,
  hasRows: false,
  lastRun: { end: 'none', aliveMs: null, restoredMs: null },
};

const SNAPSHOT: IngestNews = {
  type: 'snapshot',
  accounts: ACCOUNTS,
  status: WRITER,
  observedMs: 9,
  totalNodes: 5,
  trust: { authenticated: 1, claimed: 4 },
  missing: NONE_MISSING,
  position: null,
};

const TICK: TickStatistics = {
  nowMs: Date.UTC(2026, 0, 15),
  periods: { '1h': NO_STATISTICS, '24h': NO_STATISTICS, '7d': NO_STATISTICS, all: NO_STATISTICS },
};

function create(aggregatorId: string | null = null): Known {
  return new Known({
    aggregatorId,
    version: '1.2.3',
    startedAtMs: STARTED_MS,
    publishIntervalMs: INTERVAL_MS,
    staleAfterMs: 150_000,
  });
}

const sign = { number: 1, nodeId: 'node-1', lifeAtMs: 1, leftAtMs: 0, heardObservedMs: 0, state: null };

/** Names of the components with a problem. */
function unwell(known: Known, nowMs: number, elsewhere = WELL) {
  const { components } = known.readiness(elsewhere, nowMs);
  return Object.entries(components).flatMap(([name, { ok }]) => (ok ? [] : [name]));
}

describe('known', () => {
  it('known - the state before the first report', () => {
    const known = create('of the settings');
    expect(known).toMatchObject({
      isOpened: false,
      aggregatorId: 'of the settings',
      signer: null,
      accounts: null,
      observedMs: 0,
      isCaughtUp: false,
      missing: NONE_MISSING,
      trust: { authenticated: 0, claimed: 0 },
    });
    expect(() => known.opened).toThrow('The database is not open yet.');
    expect(known.status(STARTED_MS)).toBeNull();
    expect(known.statistics('all')).toBeNull();
    expect(known.lastTick).toBeNull();
    expect(unwell(known, STARTED_MS)).toEqual(['database', 'broker', 'ingest']);
  });

  it.each<[what: string, news: readonly IngestNews[], expected: object]>([
    ['opened', [OPENED], { isOpened: true, aggregatorId: 'of the database', observedMs: 7, accounts: null }],
    ['a commit', [OPENED, { type: 'committed', signs: [sign], gone: [], observedMs: 8 }], { observedMs: 8 }],
    [
      'a snapshot',
      [OPENED, SNAPSHOT],
      { observedMs: 9, accounts: ACCOUNTS, missing: NONE_MISSING, trust: { authenticated: 1, claimed: 4 } },
    ],
    ['keys', [OPENED, { type: 'keys', keys: [] }], { isOpened: true, observedMs: 7 }],
  ])('known - after %s', (_what, news, expected) => {
    const known = create();
    for (const each of news) known.apply(each, STARTED_MS);
    expect(known).toMatchObject(expected);
  });

  it('known - the keys are those of the latest report, and the signer is the key of the database', () => {
    const known = create();
    known.apply(OPENED, STARTED_MS);
    expect(known.keys.all).toEqual([KEY]);
    expect(known.opened.salt).toBe('ab'.repeat(32));
    expect(known.signer?.publicKey).toMatchObject({ x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' });
    known.apply({ type: 'keys', keys: [] }, STARTED_MS);
    expect(known.keys.all).toEqual([]);
  });

  it('known - a database that joined a cluster has its id, its salt and its key from then on', () => {
    const known = create();
    known.apply(OPENED, STARTED_MS);
    // RFC 8032, test 2.
    const statisticsKey = {
      x: 'PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw',
      d: 'TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs',
    };
    const identity = { salt: 'cd'.repeat(32), statisticsKey };
    known.apply({ type: 'joined', identity, aggregatorId: 'of the cluster' }, STARTED_MS);
    expect([known.aggregatorId, known.opened.salt]).toEqual(['of the cluster', identity.salt]);
    expect(known.signer?.publicKey).toMatchObject({ x: statisticsKey.x });
  });

  it('known - it is ready once both threads have reported, and not while one is silent', () => {
    const known = create();
    known.apply(OPENED, STARTED_MS);
    known.apply(SNAPSHOT, STARTED_MS);
    expect(unwell(known, STARTED_MS)).toEqual(['broker', 'ingest']);
    expect(known.applySource({ ...SOURCE, catchingUp: true }, STARTED_MS)).toBe(false);
    expect(known.isCaughtUp).toBe(false);
    expect(known.applySource(SOURCE, STARTED_MS + 1)).toBe(true);
    expect(known.applySource(SOURCE, STARTED_MS + 2)).toBe(false);
    expect(unwell(known, STARTED_MS + 2)).toEqual([]);
    expect(unwell(known, STARTED_MS + 6_000)).toEqual(['ingest']);
    expect(
      unwell(known, STARTED_MS, { ...WELL, workersUp: false, descriptorProblem: 'none is left' }),
    ).toEqual(['workers', 'process']);
  });

  it('known - a tick is due three intervals after the later of the end of catching up and the last tick', () => {
    const known = create();
    const reportAt = (nowMs: number) => {
      known.apply(SNAPSHOT, nowMs);
      known.applySource(SOURCE, nowMs);
      return unwell(known, nowMs);
    };
    const caughtUpMs = STARTED_MS + 10 * INTERVAL_MS;
    expect(reportAt(caughtUpMs)).toEqual([]);
    expect(reportAt(caughtUpMs + 3 * INTERVAL_MS)).toEqual(['tick']);
    known.ticked(TICK, caughtUpMs + INTERVAL_MS);
    expect(reportAt(caughtUpMs + 4 * INTERVAL_MS - 1)).toEqual([]);
    expect(reportAt(caughtUpMs + 4 * INTERVAL_MS)).toEqual(['tick']);
  });

  it('known - the statistics are those of the latest tick, of every period', () => {
    const known = create();
    known.apply(OPENED, STARTED_MS);
    known.ticked(TICK, STARTED_MS);
    expect(known.statistics('7d')).toMatchObject({
      period: '7d',
      aggregatorId: 'of the database',
      timestamp: '2026-01-15T00:00:00.000Z',
    });
    expect(known.statistics('all')).toBe(known.statistics('all'));
    expect(known.lastTick).toBe(TICK);
  });

  it.each([
    { actors: { online: 2, stale: 1, offline: 1 }, nodes: { online: 2, stale: 1, offline: 2 } },
    { actors: { online: 0, stale: 0, offline: 0 }, nodes: { online: 0, stale: 0, offline: 5 } },
    { actors: { online: 6, stale: 0, offline: 0 }, nodes: { online: 6, stale: 0, offline: 0 } },
  ])('known - 5 nodes with rows and actors $actors count as $nodes', ({ actors, nodes }) => {
    const known = create();
    known.apply(SNAPSHOT, STARTED_MS);
    expect(known.nodes(actors)).toEqual(nodes);
  });

  it('known - live values show moments by the wall clock as it is now set', () => {
    const known = create();
    const actors = { online: 1, stale: 0, offline: 0 };
    const wallMs = (atMs: number) => Date.UTC(2026, 0, 1) + atMs;
    const live = () => known.live(WELL, actors, STARTED_MS, wallMs);
    expect(live()).toMatchObject({
      version: '1.2.3',
      startedAt: '2026-01-01T00:00:01.000Z',
      lastHeardAt: null,
      lastTickAt: null,
      messages: { received: 0, conserved: true },
    });
    known.apply(OPENED, STARTED_MS);
    known.apply(SNAPSHOT, STARTED_MS);
    known.apply({ type: 'committed', signs: [], gone: [], observedMs: 8 }, STARTED_MS + 500);
    expect(live()['lastHeardAt']).toBeNull();
    known.apply({ type: 'committed', signs: [sign], gone: [], observedMs: 8 }, STARTED_MS + 1_000);
    known.ticked(TICK, STARTED_MS + 2_000);
    expect(live()).toMatchObject({
      aggregatorId: 'of the database',
      lastHeardAt: '2026-01-01T00:00:02.000Z',
      lastTickAt: '2026-01-01T00:00:03.000Z',
      nodes: { online: 1, stale: 0, offline: 4, active: 1, total: 5 },
      messages: { received: 3, inFlight: 1, conserved: true },
    });
  });
});
