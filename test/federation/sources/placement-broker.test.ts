// The broker's own routing, which a later agent will use: it must be the splitter's.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import { partitionOf } from '../../../src/federation/domain/placement.ts';
import { startNatsServer } from '../../support/nats-server.ts';

describe('placement and the broker', () => {
  it('a mapping with {{partition}} sends a node where the rule does', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'aggregator-placement-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const configurationFile = join(folder, 'nats.conf');
    writeFileSync(configurationFile, 'mappings = { "in.*": "out.{{partition(8,1)}}.{{wildcard(1)}}" }\n');
    const server = await startNatsServer({ configurationFile });
    onTestFinished(() => server.stop());
    const connection = await connect({ servers: server.url });
    onTestFinished(() => connection.close());
    const ids = [
      'node-1',
      'nödé',
      '🦊',
      'A_b-9',
      ...Array.from({ length: 200 }, (_none, index) => `n${index ** 3}`),
    ];
    const heard = new Map<string, number>();
    connection.subscribe('out.>', {
      callback: (_error, { subject }) => {
        const [, partition, id] = subject.split('.');
        heard.set(id ?? '', Number(partition));
      },
    });
    await connection.flush();
    for (const id of ids) connection.publish(`in.${id}`);
    await connection.flush();
    expect(heard).toEqual(
      new Map(ids.map((id) => [id, partitionOf(Buffer.from(JSON.stringify({ nodeId: id })), 1, 8)])),
    );
  });
});
