// The shipped Prometheus and Grafana files against the real program and a real Prometheus.

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../support/free-port.ts';
import { heartbeat, taskCompleted } from '../support/messages.ts';
import { connectTo, launch, testFolder } from '../support/program.ts';
import { until } from '../support/until.ts';

const ROOT = new URL('../../', import.meta.url);
const ALERTS = fileURLToPath(new URL('deploy/alerts.yml', ROOT));

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}
interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const rules = (parse(read('deploy/alerts.yml')) as Rules).groups.flatMap((group) => group.rules);
const { panels } = JSON.parse(read('deploy/grafana/dashboards/aggregator.json')) as {
  panels: readonly Panel[];
};

function program(name: string): string {
  const path = process.env[name];
  if (path === undefined) throw new Error(`${name} is not set: npm test sets it`);
  return path;
}

/** A real Prometheus that scrapes `target` every second by the shipped configuration; resolves with its API. */
async function startPrometheus(folder: string, target: string) {
  const port = await freePort();
  const configuration = read('deploy/prometheus.yml')
    .replace("'aggregator:8080'", `'${target}'`)
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
    return (await response.json()) as { data: Record<string, unknown[]> };
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
    const tested = promtool('test', 'rules', 'test/deploy/alerts.test.yml');
    expect([tested.status, tested.stderr]).toEqual([0, '']);
  });

  it('monitoring - every alert has a test in which it fires, and an explanation in docs/operations.md', () => {
    const tests = read('test/deploy/alerts.test.yml');
    const operations = read('docs/operations.md');
    expect(rules.length).toBeGreaterThan(8);
    for (const { alert } of rules) {
      // The test expects at least one alert.
      expect(tests, alert).toMatch(new RegExp(`alertname: ${alert}\n\\s+exp_alerts:\n\\s+- exp_labels`));
      expect(operations, alert).toContain(`| \`${alert}\` |`);
    }
  });

  it('monitoring - every query of the dashboard and every series of the alerts finds data', async () => {
    const own = await testFolder('monitoring');
    const aggregator = launch({ ...own.env, PUBLISH_INTERVAL: '1000' });
    await aggregator.ready();
    const prometheus = await startPrometheus(own.folder, new URL(await aggregator.url()).host);

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

    const shown = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
    expect(shown.length).toBeGreaterThan(30);
    // A late scrape leaves a second without data.
    for (const { title, expr } of shown) {
      const query = expr.replaceAll('$__rate_interval', '10s').replaceAll('$instance', '.*');
      await until(`${title}: ${query}`, async () => (await prometheus.query(query)).length > 0);
    }
    for (const { alert, expr } of rules) {
      const selectors = expr.match(/\b(up|aggregator_\w+|process_\w+)(\{[^}]*\})?/g) ?? [];
      expect(selectors, alert).not.toEqual([]);
      for (const selector of selectors)
        await until(`${alert}: ${selector}`, async () => (await prometheus.query(selector)).length > 0);
    }

    // Prometheus has evaluated the rules: none has an error, and no alert fires.
    const evaluated = await until('the rules', async () => {
      const { data } = await prometheus.get('/api/v1/rules');
      const list = (data['groups'] as { rules: { name: string; health: string; state: string }[] }[])[0]
        ?.rules;
      return list?.every(({ health }) => health !== 'unknown') === true ? list : null;
    });
    expect(evaluated.map(({ name, health }) => [name, health])).toEqual(
      rules.map(({ alert }) => [alert, 'ok']),
    );
    expect(evaluated.filter(({ state }) => state === 'firing')).toEqual([]);
  });
});
