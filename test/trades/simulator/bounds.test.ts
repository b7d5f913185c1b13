// What a simulated exchange holds at most.

import { expect, it } from 'vitest';
import { createExchangeSim } from '../../../src/trades/simulator/exchange-sim.ts';
import { FaultList } from '../../../src/trades/simulator/fault-list.ts';
import { readFault, readKey, readScenario } from '../../../src/trades/simulator/read-scenario.ts';
import { RequestRecord } from '../../../src/trades/simulator/request-record.ts';

function recorded(record: RequestRecord, path: string, apiKey: string | null = null): void {
  const ordinal = record.open(apiKey);
  record.keep({
    ordinal,
    atMs: 0,
    method: 'GET',
    path,
    query: '',
    apiKey,
    nonce: null,
    weight: 0,
    code: null,
    fault: null,
  });
  record.close(ordinal, apiKey, { status: 200 });
}

it('the record - keeps some 50,000 requests, and counts all', () => {
  const record = new RequestRecord();
  for (let each = 0; each < 51_001; each += 1) recorded(record, '/a');
  expect(record.latest()).toHaveLength(50_000);
  expect(record.latest(51_000)).toHaveLength(1);
  expect(record.counts()).toMatchObject({
    total: 51_001,
    byPath: { '/a': 51_001 },
    byStatus: { 200: 51_001 },
  });
});

it('the record - counts 10,000 paths and keys by name, and further ones together', () => {
  const record = new RequestRecord();
  for (let each = 0; each < 10_002; each += 1) recorded(record, `/${each}`, `key ${each}`);
  const { byPath, byKey } = record.counts();
  expect([Object.keys(byPath).length, byPath['others']]).toEqual([10_001, 2]);
  expect([Object.keys(byKey).length, byKey['others']]).toEqual([10_001, 2]);
});

it('faults - no more than 10,000 wait', () => {
  const list = new FaultList();
  const fault = readFault({ kind: 500 }, 'fault');
  for (let each = 0; each < 10_000; each += 1) list.add(fault);
  expect(() => list.add(fault)).toThrow('No more than 10000 faults can wait.');
});

it('keys - there are no more than 100,000', () => {
  const sim = createExchangeSim(
    'binance',
    readScenario({ accounts: [{ name: 'a', userId: '1' }], keys: [] }),
  );
  const key = readKey({ apiKey: 'k', secret: 's', account: 'a' }, '');
  for (let each = 0; each < 100_000; each += 1) sim.setKey({ ...key, apiKey: `k${each}` });
  expect(() => sim.setKey(key)).toThrow('A simulated exchange has at most 100000 keys.');
  sim.setKey({ ...key, apiKey: 'k0' });
});
