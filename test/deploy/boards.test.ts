// The shipped Grafana boards as files: what every panel must have, and the metrics that its queries read. Grafana itself
// is not run. test/deploy/monitoring.test.ts asks a real Prometheus the queries.

import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exposedMetrics, metricsOf } from './exposed-metrics.ts';

const ROOT = new URL('../../', import.meta.url);

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly mappings?: readonly unknown[];
      readonly thresholds?: unknown;
    };
    readonly overrides: readonly unknown[];
  };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}
interface Board {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly panels: readonly Panel[];
  readonly links: readonly {
    readonly type: string;
    readonly tags: readonly string[];
    readonly url: string;
  }[];
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr?: string }[] };
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}

const BOARDS = globSync('deploy/grafana/dashboards/*.json', { cwd: ROOT.pathname })
  .toSorted()
  .map((file) => ({
    name: basename(file, '.json'),
    board: JSON.parse(readFileSync(new URL(file, ROOT), 'utf8')) as Board,
  }));

const panelsOf = (board: Board) => board.panels.filter(({ type }) => type !== 'row');
const queriesOf = (panel: Panel) => (panel.targets ?? []).map(({ expr }) => expr);

/** The kinds of quantities that a unit of Grafana is for. */
const KINDS: Readonly<Record<string, string>> = {
  s: 'seconds',
  bytes: 'bytes',
  Bps: 'bytes a second',
  percentunit: 'share',
  cps: 'a second',
  cpm: 'a minute',
  short: 'count',
};

/** What a query returns, as far as the names of its metrics and its functions say it. */
function kindOf(expression: string): string {
  const [first = ''] = metricsOf(expression);
  if (first.endsWith('_ratio')) return 'share';
  if (/\} \/ |\) \/ /.test(expression)) return 'share';
  if (/\b60 \* |\* 60$/.test(expression) || first.endsWith('_per_minute')) return 'a minute';
  // The time of the processor a second is a number of processors.
  if (/^process_cpu_seconds|^nodejs_eventloop_active_seconds/.test(first)) return 'count';
  if (/histogram_quantile/.test(expression) || first.endsWith('_seconds')) return 'seconds';
  const isRate = /\brate\b/.test(expression);
  if (/_bytes(_behind|_total)?$/.test(first)) return isRate ? 'bytes a second' : 'bytes';
  return isRate ? 'a second' : 'count';
}

describe('boards', () => {
  it('boards - they are these, each with an address of its own', () => {
    expect(BOARDS.map(({ name, board }) => [name, board.uid])).toEqual(
      ['agent', 'aggregator', 'cluster', 'federation', 'mining', 'trades'].map((name) => [
        name,
        `truebit-${name}`,
      ]),
    );
  });

  describe.each(BOARDS)('$name', ({ board }) => {
    it('boards - every panel has a title, a description, a unit and queries', () => {
      for (const { title, description, fieldConfig, targets = [] } of panelsOf(board)) {
        expect(title).not.toBe('');
        expect(description, title).toMatch(/^[A-Z\d].*[.)]$|^[a-z].*\.$/s);
        expect(fieldConfig?.defaults.unit, title).toBeTypeOf('string');
        expect(targets.length, title).toBeGreaterThan(0);
        expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
      }
    });

    it('boards - an axis has one unit, and it is that of every query', () => {
      for (const panel of panelsOf(board)) {
        if (panel.type === 'state-timeline') continue;
        const unit = panel.fieldConfig?.defaults.unit ?? '';
        expect(panel.fieldConfig?.overrides, panel.title).toEqual([]);
        // A state as a number has words instead of a unit.
        if (unit === 'none') expect(panel.fieldConfig?.defaults.mappings, panel.title).toBeDefined();
        else
          for (const query of queriesOf(panel))
            expect(kindOf(query), `${panel.title}: ${query}`).toBe(KINDS[unit]);
      }
    });

    it('boards - states have words, and numbers of now have thresholds', () => {
      const wordless = panelsOf(board).filter(
        ({ type, fieldConfig }) => type === 'state-timeline' && fieldConfig?.defaults.mappings?.length !== 1,
      );
      const unjudged = panelsOf(board).filter(
        ({ type, fieldConfig }) => type === 'stat' && fieldConfig?.defaults.thresholds === undefined,
      );
      expect([...wordless, ...unjudged].map(({ title }) => title)).toEqual([]);
    });

    it('boards - every query reads metrics that a program has', async () => {
      const exposed = await exposedMetrics();
      for (const panel of panelsOf(board)) {
        for (const query of queriesOf(panel)) {
          const names = metricsOf(query);
          expect(names, panel.title).not.toEqual([]);
          expect(
            names.filter((name) => !exposed.has(name)),
            panel.title,
          ).toEqual([]);
        }
      }
    });

    it('boards - restarts and alerts are marked, and the other boards are a click away', () => {
      expect(board.tags).toContain('truebit');
      expect(board.annotations.list.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['Restarts', 'Alerts']),
      );
      expect(board.links).toContainEqual(expect.objectContaining({ type: 'dashboards', tags: ['truebit'] }));
      expect(board.templating.list.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['datasource', 'instance']),
      );
    });

    it('boards - no two panels lie on each other, and none is wider than the board', () => {
      const taken = new Set<string>();
      for (const { title, gridPos } of board.panels) {
        expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect(taken.has(`${x} ${y}`), title).toBe(false);
            taken.add(`${x} ${y}`);
          }
        }
      }
      expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    });
  });

  it('boards - the aggregator and the federation never add what two instances both count', () => {
    const boards = BOARDS.filter(({ name }) => ['aggregator', 'federation'].includes(name));
    const queries = boards.flatMap(({ board }) => panelsOf(board).flatMap(queriesOf));
    expect(queries.length).toBeGreaterThan(60);
    expect(queries.filter((query) => /\bsum\b(?! by \([^)]*instance)/.test(query))).toEqual([]);
  });
});
