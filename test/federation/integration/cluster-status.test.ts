// `cluster status` against HTTP servers that say what replicas say.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ClusterStatus } from '../../../src/federation/domain/cluster-status.ts';
import { clusterState } from '../../../src/federation/http/cluster-state.ts';
import { runCommand } from '../../support/command.ts';
import { CLUSTER } from '../http/cluster.ts';

const env = { PATH: process.env['PATH'] ?? '' };
const status = (...args: string[]) => runCommand(['cluster', 'status', ...args], env);

async function serve(cluster: ClusterStatus | null): Promise<string> {
  const body = JSON.stringify({ at: 'now', cluster: clusterState(cluster) });
  const server = createServer((_request, response) => response.end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The same cluster with all replicas ready. */
const READY: ClusterStatus = {
  ...CLUSTER,
  replicas: CLUSTER.replicas.map((sight) => ({ ...sight, place: { ...sight.place, isReady: true } })),
};

describe('cluster status', () => {
  it('cluster status - the screen names publisher, active, replicas, shards and brokers, and what is wrong', async () => {
    const url = await serve(CLUSTER);
    const { code, stdout } = await status('--http', `${url}, http://127.0.0.1:9/`);
    expect(code).toBe(1);
    expect(stdout).toBe(
      [
        'cluster    prod, partition 0',
        'publisher  two',
        'active     one',
        'replica    one 0.1.0: ready, 900 applied, log 70, 2 rounds skipped because something before them was missing',
        'replica    two 0.1.0: NOT ready, 900 applied, log 70, 2 rounds skipped because something before them was missing',
        'shard      TRUEBIT_INGEST_1: applied up to 800, 0.1 s behind, split by two',
        'shard      TRUEBIT_INGEST_2: applied up to 0, 0.0 s behind, split by NOBODY',
        'broker     broker-1 2.15.3, connected, leads TRUEBIT_LOG_0',
        'broker     broker-2, AWAY, leads no stream',
        'no answer  http://127.0.0.1:9/ is no replica, or is not reached',
        '',
      ].join('\n'),
    );
  });

  it('cluster status - a cluster that is well is exit code 0, also as JSON', async () => {
    const url = await serve(READY);
    const [text, json] = await Promise.all([status('--http', url), status('--http', url, '--json')]);
    expect([text.code, json.code]).toEqual([0, 0]);
    expect(JSON.parse(json.stdout)).toMatchObject({ [url]: { name: 'prod', replicas: [{}, {}] } });
  });

  it('cluster status - wrong usage, and nothing that answers as a replica', async () => {
    const alone = await serve(null);
    const outcomes = await Promise.all([
      status('--http', 'localhost:8080'),
      status('--http', 'http://127.0.0.1:9'),
      status('--http', alone),
      status('--dir', '/nowhere'),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual([2, 2, 2, 2]);
    expect(outcomes[2]?.stderr).toMatch(/^No replica of a cluster answers at .*\[no_answer\]\n$/);
    expect(outcomes[3]?.stderr).toMatch(/no cluster was started in \/nowhere: .*\[no_answer\]\n$/);
  });
});
