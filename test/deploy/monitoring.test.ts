// The shipped Prometheus and Grafana files against the real program and a real Prometheus.

import { spawn, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { createMetrics as createAgentMetrics } from '../../src/agent/metrics/metrics.ts';
import { createMetrics as createFederationMetrics } from '../../src/federation/metrics/metrics.ts';
import { createMetrics } from '../../src/mining/metrics/metrics.ts';
import { createMetrics as createTradesMetrics } from '../../src/trades/metrics/metrics.ts';
import { startServer as startAgentServer } from '../agent/http/parts.ts';
import { VIEW as AGENT_VIEW } from '../agent/http/view.ts';
import { CLUSTER } from '../federation/http/cluster.ts';
import { startServer as startFederationServer } from '../federation/http/parts.ts';
import { NOTHING } from '../federation/metrics/nothing.ts';
import { startServer } from '../mining/http/parts.ts';
import { STATISTICS, VIEW } from '../mining/http/view.ts';
import { freePort } from '../support/free-port.ts';
import { heartbeat, taskCompleted } from '../support/messages.ts';
import { connectTo, launch, testFolder } from '../support/program.ts';
import { NO_BACKUP } from '../support/no-backup.ts';
import { until } from '../support/until.ts';
import { startServer as startTradesServer } from '../trades/http/parts.ts';
import { VIEW as TRADES_VIEW } from '../trades/http/view.ts';

const ROOT = new URL('../../', import.meta.url);
const ALERTS = fileURLToPath(new URL('deploy/alerts.yml', ROOT));

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

interface Rules {
  readonly groups: readonly {
    readonly name: string;
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}
interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const { groups } = parse(read('deploy/alerts.yml')) as Rules;
const rules = groups.flatMap((group) => group.rules);

/** The rules of a program; those of all programs are in the group `truebit-programs`. */
function rulesOf(program: string) {
  const group = groups.find(({ name }) => name === `truebit-${program}`);
  if (group === undefined) throw new Error(`no group truebit-${program}`);
  return group.rules;
}

/** The annotations of all dashboards that ask Prometheus. */
function annotationsOfAll(): readonly string[] {
  const files = globSync('deploy/grafana/dashboards/*.json', { cwd: fileURLToPath(ROOT) });
  return files.flatMap((file) => {
    const { annotations } = JSON.parse(read(file)) as {
      annotations: { list: readonly { readonly expr?: string }[] };
    };
    return annotations.list.flatMap(({ expr }) => expr ?? []);
  });
}

/** A query of a dashboard as Grafana sends it, with steps that fit a Prometheus that has just started. */
function filledIn(expr: string): string {
  return expr
    .replaceAll('$__rate_interval', '10s')
    .replaceAll('$instance', '.*')
    .replaceAll('$period', '1h')
    .replaceAll(':5m]', ':1s]');
}

/** The queries of a dashboard, each with the title of its panel. */
function queriesOf(dashboard: string) {
  const { panels } = JSON.parse(read(`deploy/grafana/dashboards/${dashboard}.json`)) as {
    panels: readonly Panel[];
  };
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
}

function program(name: string): string {
  const path = process.env[name];
  if (path === undefined) throw new Error(`${name} is not set: npm test sets it`);
  return path;
}

/**
 * A real Prometheus that scrapes `target` every second by the shipped configuration, in which it stands as `shipped`;
 * resolves with its API.
 */
async function startPrometheus(folder: string, shipped: string, target: string) {
  const port = await freePort();
  const configuration = read('deploy/prometheus.yml')
    .replace(`'${shipped}'`, `'${target}'`)
    .replace('- alerts.yml', `- ${JSON.stringify(ALERTS)}`)
    .replaceAll('15s', '1s');
  expect(configuration).toContain(`'${target}'`);
  expect(configuration).toContain(`- "${ALERTS}"`);
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, configuration);
  const child = spawn(
    program('PROMETHEUS_BIN'),
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  const gone = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return (await response.json()) as { status: string; data: Record<string, unknown[]> };
  };
  await until('prometheus', () => get('/api/v1/rules').catch(() => null));
  return {
    get,
    /** The series that a query returns now. */
    query: async (expr: string) =>
      (await get(`/api/v1/query?query=${encodeURIComponent(expr)}`)).data['result'] ?? [],
  };
}

describe('monitoring', () => {
  it('monitoring - promtool accepts the configuration, and its tests of the alerts pass', () => {
    const promtool = (...args: readonly string[]) =>
      spawnSync(program('PROMTOOL_BIN'), args, { cwd: fileURLToPath(ROOT), encoding: 'utf8' });
    const config = promtool('check', 'config', 'deploy/prometheus.yml');
    expect([config.status, config.stderr]).toEqual([0, '']);
    const tested = promtool(
      'test',
      'rules',
      'test/deploy/alerts.test.yml',
      'test/deploy/alerts-days.test.yml',
    );
    expect([tested.status, tested.stderr]).toEqual([0, '']);
  });

  it('monitoring - every query of the dashboard and every series of the alerts finds data', async () => {
    const own = await testFolder('monitoring');
    const aggregator = launch({ ...own.env, PUBLISH_INTERVAL: '1000' });
    await aggregator.ready();
    const prometheus = await startPrometheus(
      own.folder,
      'aggregator:8080',
      new URL(await aggregator.url()).host,
    );

    const monitor = await connectTo(own.natsUrl);
    let task = 0;
    const sending = setInterval(() => {
      for (const { subject, payload } of [heartbeat('node-0001'), taskCompleted(task++, true)]) {
        monitor.publish(subject, payload);
      }
    }, 100);
    onTestFinished(() => clearInterval(sending));
    await until('a rate', async () => {
      const [first] = await prometheus.query(
        'sum(rate(aggregator_messages_total{outcome="applied"}[10s])) > 0',
      );
      return first !== undefined;
    });

    await expectData(
      prometheus,
      [...queriesOf('aggregator'), ...queriesOf('federation')],
      // The other jobs of the configuration have no program here.
      [
        ...rulesOf('aggregator').filter(({ expr }) => !expr.includes('absent(')),
        ...rulesOf('programs').filter(({ alert }) => alert === 'TruebitMemoryHigh'),
      ],
    );

    for (const expr of annotationsOfAll()) {
      const { status } = await prometheus.get(`/api/v1/query?query=${encodeURIComponent(filledIn(expr))}`);
      expect(status, expr).toBe('success');
    }

    // Prometheus has evaluated the rules: none has an error, and no alert fires.
    const evaluated = await until('the rules', async () => {
      const { data } = await prometheus.get('/api/v1/rules');
      const groups = data['groups'] as { rules: { name: string; health: string; state: string }[] }[];
      const list = groups.flatMap((group) => group.rules);
      return list.every(({ health }) => health !== 'unknown') ? list : null;
    });
    expect(evaluated.map(({ name, health }) => `${name} ${health}`).toSorted()).toEqual(
      rules.map(({ alert }) => `${alert} ok`).toSorted(),
    );
    expect(evaluated.filter(({ state }) => state === 'firing')).toEqual([]);
  });

  it('monitoring - the same holds for the dashboard and the alerts of a cluster', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'monitoring-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const metrics = createFederationMetrics({
      ...NOTHING,
      cluster: () => ({ ...CLUSTER, isPublisher: true }),
    });
    onTestFinished(() => metrics.stop());
    const url = await startFederationServer({
      metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    });
    const prometheus = await startPrometheus(folder, 'aggregator:8080', new URL(url).host);
    await expectData(prometheus, queriesOf('cluster'), rulesOf('cluster'), 10);
  });

  it('monitoring - the same holds for the dashboard and the alerts of the mining proxy', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'monitoring-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const metrics = createMetrics({
      view: () => VIEW,
      statistics: () => STATISTICS,
      lastBackup: NO_BACKUP,
      feed: () => ({ clients: 0, dropped: 0, refused: 0 }),
      wallMs: (monotonicMs) => performance.timeOrigin + monotonicMs,
    });
    onTestFinished(() => metrics.stop());
    const url = await startServer({
      metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    });
    const prometheus = await startPrometheus(folder, 'mining:8081', new URL(url).host);
    await expectData(prometheus, queriesOf('mining'), rulesOf('mining'));
  });

  it('monitoring - the same holds for the dashboard and the alerts of trades', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'monitoring-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const metrics = createTradesMetrics({
      view: () => TRADES_VIEW,
      lastBackup: NO_BACKUP,
      feed: () => ({ clients: 0, dropped: 0, refused: 0 }),
      wallMs: (monotonicMs) => performance.timeOrigin + monotonicMs,
    });
    onTestFinished(() => metrics.stop());
    const url = await startTradesServer({
      metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    });
    const prometheus = await startPrometheus(folder, 'trades:5000', new URL(url).host);
    await expectData(prometheus, queriesOf('trades'), rulesOf('trades'));
  });

  it('monitoring - the same holds for the dashboard and the alerts of the agent', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'monitoring-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const metrics = createAgentMetrics({
      view: () => AGENT_VIEW,
      feed: () => ({ clients: 0, dropped: 0, refused: 0 }),
      nowMs: () => Date.now(),
      wallMs: (monotonicMs) => performance.timeOrigin + monotonicMs,
    });
    onTestFinished(() => metrics.stop());
    const url = await startAgentServer({
      metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    });
    const prometheus = await startPrometheus(folder, 'agent:8090', new URL(url).host);
    await expectData(prometheus, queriesOf('agent'), rulesOf('agent'));
  });
});

/** Every query and every series that a rule reads finds data. */
async function expectData(
  prometheus: Awaited<ReturnType<typeof startPrometheus>>,
  shown: ReturnType<typeof queriesOf>,
  judged: Rules['groups'][number]['rules'],
  shownMin = 30,
): Promise<void> {
  expect(shown.length).toBeGreaterThanOrEqual(shownMin);
  // A late scrape leaves a second without data.
  for (const { title, expr } of shown) {
    // Panels leave out what did not happen yet, as a first backup.
    const query = filledIn(expr).replaceAll(' > 0)', ')');
    await until(`${title}: ${query}`, async () => (await prometheus.query(query)).length > 0);
  }
  for (const { alert, expr } of judged) {
    const selectors = expr.match(/\b(up|aggregator_\w+|agent_\w+|process_\w+)(\{[^}]*\})?/g) ?? [];
    expect(selectors, alert).not.toEqual([]);
    for (const selector of selectors)
      await until(`${alert}: ${selector}`, async () => (await prometheus.query(selector)).length > 0);
  }
}
