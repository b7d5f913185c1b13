import { describe, expect, it } from 'vitest';
import {
  COUNT_NAMES,
  DISTRIBUTION_NAMES,
  NODE_COUNT_NAMES,
} from '../../../src/agent/domain/network-statistics.ts';
import {
  EXECUTION_TIMES,
  GAS_AMOUNTS,
  MEMORY_SIZES,
  STEP_COUNTS,
} from '../../../src/federation/domain/vocabulary.ts';
import { expectNothingInline, expectTextOnly, loadedFrom } from '../../support/page-files.ts';
import { startServer } from './parts.ts';

const METRICS = [...COUNT_NAMES, ...NODE_COUNT_NAMES, ...DISTRIBUTION_NAMES, 'successRate', 'cacheHitRate'];

describe('agent page files', () => {
  it('has one element for every member of the statistics', async () => {
    const body = await (await fetch(`${await startServer()}/`)).text();
    const named = [...body.matchAll(/data-metric="(\w+)"/g)].map(([, name]) => name ?? '');
    expect(named.toSorted()).toEqual(METRICS.toSorted());
  });

  it('has the labels of the vocabularies in their order', async () => {
    const source = await (await fetch(`${await startServer()}/assets/vocabulary.js`)).text();
    const { VOCABULARIES } = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as {
      VOCABULARIES: unknown;
    };
    expect(VOCABULARIES).toEqual({
      executionTimeDistribution: EXECUTION_TIMES,
      gasUsageDistribution: GAS_AMOUNTS,
      stepsComputedDistribution: STEP_COUNTS,
      memoryUsedDistribution: MEMORY_SIZES,
    });
  });

  it('loads only files of this server, and nothing inline', async () => {
    const url = await startServer();
    expect(await loadedFrom(url)).toEqual(
      expect.arrayContaining(['/assets/page.css', '/assets/agent.css', '/assets/network-feed.js']),
    );
    await expectNothingInline(url);
  });

  it('writes values from messages and files as text only', async () => {
    await expectTextOnly(await startServer());
  });
});
