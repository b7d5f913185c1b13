// Each alert rule by itself: its name, its texts, its page, its test, and the metrics that it reads.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { exposedMetrics, metricsOf } from './exposed-metrics.ts';

const ROOT = new URL('../../', import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
  };
}
interface Group {
  readonly name: string;
  readonly rules: readonly Rule[];
}

const { groups } = parse(read('deploy/alerts.yml')) as { groups: readonly Group[] };
const rules = groups.flatMap((group) => group.rules);

/** The beginning of the names of a group; the group of all programs has no word of its own. */
const PREFIXES: Readonly<Record<string, RegExp>> = {
  'truebit-aggregator': /^TruebitAggregator[A-Z]/,
  'truebit-cluster': /^TruebitCluster[A-Z]/,
  'truebit-mining': /^TruebitMining[A-Z]/,
  'truebit-trades': /^TruebitTrades[A-Z]/,
  'truebit-agent': /^TruebitAgent[A-Z]/,
  'truebit-programs': /^Truebit[A-Z]/,
};

/** These join conditions of different units, so that a number would say nothing. */
const SEVERAL_UNITS = ['TruebitMiningProofsLate', 'TruebitMiningOpenFiles'];

/** True if the rule compares a state, whose value is always the same. */
function isState({ expr }: Rule): boolean {
  return /== [01]\b|\bunless\b|^absent\(/.test(expr);
}

/** Where the pages are: the repository that package.json names. */
function pagesUrl(): string {
  const { repository } = JSON.parse(read('package.json')) as { repository?: string | { url: string } };
  const named = typeof repository === 'string' ? repository : repository?.url;
  const url = named ?? 'https://github.com/truebit-aggregator/truebit-aggregator';
  return `${url
    .replace(/^git\+/, '')
    .replace(/\.git$/, '')
    .replace(/^github:/, 'https://github.com/')}/blob/main`;
}

describe('alert rules', () => {
  it.each(groups)(
    'alert rules - $name: every name begins with the product and the program',
    ({ name, rules: own }) => {
      for (const { alert } of own) expect(alert).toMatch(PREFIXES[name] ?? /never/);
    },
  );

  it('alert rules - no two have one name', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });

  it.each(rules)('alert rules - $alert has a severity, texts and a page', (rule) => {
    expect(['critical', 'warning']).toContain(rule.labels.severity);
    expect(rule.annotations.summary).toMatch(/\{\{ \$(labels|value)/);
    expect(rule.annotations.description).toMatch(/\.$/);
    expect(rule.annotations.runbook_url).toBe(`${pagesUrl()}/docs/alerts.md#${rule.alert.toLowerCase()}`);
  });

  it('alert rules - each tells its value, unless the value is a state', () => {
    const silent = rules.filter(
      (rule) => !isState(rule) && !JSON.stringify(rule.annotations).includes('{{ $value'),
    );
    expect(silent.map(({ alert }) => alert)).toEqual(SEVERAL_UNITS);
  });

  it('alert rules - docs/alerts.md explains each in the order of the rules, and no other', () => {
    const page = read('docs/alerts.md');
    const sections = page.split(/^### /m).slice(1);
    expect(sections.map((section) => section.split('\n')[0])).toEqual(rules.map(({ alert }) => alert));
    for (const [index, section] of sections.entries()) {
      expect(section).toContain(`Severity: ${rules[index]?.labels.severity}.\n\n**Do:** `);
    }
  });

  it('alert rules - each has a test in which it fires', () => {
    const tests = read('test/deploy/alerts.test.yml') + read('test/deploy/alerts-days.test.yml');
    for (const { alert } of rules) {
      // The test expects at least one alert.
      expect(tests, alert).toMatch(new RegExp(`alertname: ${alert}\n\\s+exp_alerts:\n\\s+- exp_labels`));
    }
  });

  it('alert rules - each reads only metrics that a program has', async () => {
    const exposed = await exposedMetrics();
    for (const { alert, expr } of rules) {
      const unknown = metricsOf(expr).filter((name) => !exposed.has(name));
      expect(unknown, alert).toEqual([]);
    }
  });

  it('alert rules - each job of the configuration has a rule for a target that is away, and one for none', () => {
    const { scrape_configs: jobs } = parse(read('deploy/prometheus.yml')) as {
      scrape_configs: readonly { readonly job_name: string }[];
    };
    for (const { job_name: job } of jobs) {
      const own = groups.find(({ name }) => name === job)?.rules.map(({ expr }) => expr) ?? [];
      expect(
        own.some((expr) => expr.startsWith(`up{job="${job}"} == 0`)),
        job,
      ).toBe(true);
      expect(
        own.some((expr) => expr.startsWith(`absent(up{job="${job}"})`)),
        job,
      ).toBe(true);
    }
  });
});
