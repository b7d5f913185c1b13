// A process that takes one batch from its standard input through the real door and writer, lets go of it as the ingest
// thread does, and writes a snapshot of its heap to standard output. It never sees a payload as anything but bytes.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { getHeapSnapshot } from 'node:v8';
import { BatchFiller, createBatch, readBatch } from '../../src/federation/sources/batch.ts';
import { Door } from '../../src/federation/ingest/door.ts';
import { Ledger } from '../../src/federation/ingest/ledger.ts';
import { openFederationWriter } from '../../src/federation/store/federation-database.ts';
import { FederationWriter } from '../../src/federation/store/writer.ts';

const HEADER_BYTES = 5;
const NOW_MS = Date.UTC(2026, 0, 15);
const KEPT = '{"version":"1.0","type":"node_joined","nodeId":"node-that-is-kept","data":{}}';

const folder = mkdtempSync(join(tmpdir(), 'aggregator-batch-'));
const writer = new FederationWriter(
  openFederationWriter(join(folder, 'aggregator.db')),
  {
    limits: { ratePerMinute: 0, rateBurst: 0, globalPerSecond: 0, newNodesPerMinute: 0, maxNodes: 0 },
    generationSize: 1000,
    transitionsPerNodeMax: 10,
  },
  'aggregator-test',
);
const ledger = new Ledger();
const door = new Door(
  {
    ledger,
    authenticate: () => null,
    apply: (signal, moment) => writer.apply(signal, moment),
    take: (seq, atMs) => writer.position.take(seq, atMs),
    count: (outcome) => writer.position.count(outcome),
  },
  60_000,
);

function takeBatch(): void {
  const input = readFileSync(0);
  const filler = new BatchFiller(createBatch(100_000, 64_000_000));
  const add = (subject: number, payload: Uint8Array) =>
    filler.add({ subject, payload, atMs: NOW_MS, seq: null, observedMs: 0 });
  for (let at = 0; at < input.length; ) {
    const length = input.readUInt32LE(at + 1);
    add(input.readUInt8(at), input.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length));
    at += HEADER_BYTES + length;
  }
  add(4, Buffer.from(KEPT));
  readBatch(filler.batch, (message) => void door.enter(message, NOW_MS));
  writer.commit(NOW_MS, 0);
  ledger.committed(NOW_MS, 0);
}

takeBatch();
globalThis.gc?.();
await pipeline(getHeapSnapshot(), process.stdout);
writer.close();
rmSync(folder, { recursive: true });
