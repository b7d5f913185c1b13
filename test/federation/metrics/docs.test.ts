import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AGENT_ERRORS } from '../../../src/agent/http/schemas.ts';
import { HTTP_ERRORS } from '../../../src/http/answers.ts';
import { CLUSTER_BACKUP_ERRORS } from '../../../src/federation/http/cluster-backup.ts';
import { NOTIFICATION_ERRORS } from '../../../src/federation/http/notifications.ts';
import { PARAMETER_CODES } from '../../../src/federation/http/parameters.ts';
import { ENCLAVE_ERRORS } from '../../../src/trades/http/enclave-parameters.ts';
import { TRADES_ERRORS } from '../../../src/trades/http/parameters.ts';
import { createMetrics } from '../../../src/federation/metrics/metrics.ts';
import {
  metricsOfPage,
  metricsOfText,
  metricsPage,
  quotedWords,
  tableRows,
} from '../../support/metric-docs.ts';
import { CLUSTER } from '../http/cluster.ts';
import { NOTHING } from './nothing.ts';
import { SPLITTERS } from './splitters.ts';
import { TICK } from './tick.ts';

function read(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
}

describe('docs/metrics.md - against the program', () => {
  it('has every metric with its type and labels, and no other', async () => {
    const metrics = createMetrics({
      ...NOTHING,
      cluster: () => CLUSTER,
      splitters: () => SPLITTERS,
      tick: () => TICK,
    });
    const text = await metrics.text();
    metrics.stop();
    const actual = metricsOfText(text);
    expect(metricsOfPage(metricsPage('federation'))).toEqual(actual);
    expect(actual.length).toBeGreaterThan(30);
  });

  it('explains every metric', () => {
    for (const [name, , , meaning] of tableRows(metricsPage('federation')))
      expect(meaning, name).toMatch(/\.$/);
  });
});

describe('docs/errors.md - against the program', () => {
  const [program = '', http = ''] = read('docs/errors.md').split('## Codes of answers over HTTP');

  it('has every code of the program with its remedy, in order, and no other', () => {
    const source = /export type ErrorCode =([^;]*);/.exec(read('src/lib/errors.ts'))?.[1] ?? '';
    const codes = [...source.matchAll(/'([a-z_]+)'/g)].map((match) => match[1]);
    expect(codes.length).toBeGreaterThan(10);
    expect(tableRows(program).map(([code]) => quotedWords(code)[0])).toEqual(codes);
    for (const [code, meaning, remedy] of tableRows(program)) {
      expect(meaning, code).not.toBe('');
      expect(remedy, code).not.toBe('');
    }
  });

  it('has every code of HTTP with its status, and no other', () => {
    const documented = tableRows(http).map(([code, status]) => [quotedWords(code)[0], Number(status)]);
    const parameters = Object.fromEntries(PARAMETER_CODES.map((code) => [code, 400]));
    expect(Object.fromEntries(documented)).toEqual({
      ...HTTP_ERRORS,
      ...parameters,
      ...CLUSTER_BACKUP_ERRORS,
      ...NOTIFICATION_ERRORS,
      ...TRADES_ERRORS,
      ...ENCLAVE_ERRORS,
      ...AGENT_ERRORS,
    });
  });
});
