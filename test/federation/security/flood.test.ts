// An identity flood against the real program: invented ids use up only the budget for new nodes. The million in a
// minute is `npm run bench -- flood`.

import { describe, expect, it } from 'vitest';
import type { Aggregator } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import { counted, shown } from '../../support/federation.ts';
import { flood, realNodes, untilNewNodeIsLetIn } from '../../support/flood.ts';
import { connectTo, launch, testFolder } from '../../support/program.ts';
import { rowsOf, valueOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

const INVENTED = 20_000;
const REAL = 20;
const PER_MINUTE = 600;

/** Waits until the real nodes are known: afterwards their ids do not count as new. */
function known(program: Aggregator): Promise<unknown> {
  return until('the real nodes', async () => (await program.metric('aggregator_nodes', 'online')) >= REAL);
}

describe('identity flood', () => {
  it('identity flood - the budget is spent, real nodes and their tasks count exactly, and then a new node is admitted', async () => {
    const own = await testFolder('flood');
    const program = launch({
      ...own.env,
      RATE_LIMIT_PER_MINUTE: '6000',
      RATE_LIMIT_BURST: '1000',
      NEW_NODES_PER_MINUTE: String(PER_MINUTE),
    });
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    const real = realNodes(connection, REAL, 100);
    await known(program);
    const startedMs = performance.now();
    await flood(own.natsUrl, INVENTED, 50_000);
    await real.stop();
    await counted(program, real.sent + INVENTED);
    const minutes = (performance.now() - startedMs) / 60_000;

    await shown(program, { totalTasks: real.tasks, completedTasks: real.tasks, failedTasks: 0 });
    const invented = Number(
      valueOf(own.databasePath, "SELECT count(*) FROM nodes WHERE node_id LIKE 'invented-%'"),
    );
    // The rest of the burst, and the share of a minute that passes meanwhile; not one more.
    expect(invented).toBeGreaterThan(PER_MINUTE / 2);
    expect(invented).toBeLessThanOrEqual(PER_MINUTE * (1 + minutes) + 1);
    expect(
      rowsOf(
        own.databasePath,
        "SELECT count(*) AS nodes, sum(heartbeats) AS beats FROM nodes WHERE node_id LIKE 'node-real-%'",
      ),
    ).toEqual([{ nodes: REAL, beats: real.tasks }]);
    // Every message of a real node was admitted, and every message of an invented node beyond the budget was refused.
    expect(await program.metric('aggregator_messages_total', 'outcome="rate_limited"')).toBe(
      INVENTED - invented,
    );
    await expectConserved(program, own.databasePath);

    expect(await untilNewNodeIsLetIn(program, connection)).toBeLessThan(60_000);
    expect(await program.stop()).toBe(0);
  });

  it('identity flood - at MAX_NODES invented nodes are refused, and no live node is evicted for them', async () => {
    const own = await testFolder('flood-full');
    const nodesMax = 500;
    const program = launch({ ...own.env, MAX_NODES: String(nodesMax) });
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    const real = realNodes(connection, REAL, 100);
    await known(program);
    await flood(own.natsUrl, INVENTED, 50_000);
    await real.stop();
    await counted(program, real.sent + INVENTED);
    await shown(program, { totalTasks: real.tasks, totalNodes: nodesMax });
    const alive = "SELECT count(*) FROM nodes WHERE node_id LIKE 'node-real-%'";
    expect(valueOf(own.databasePath, alive)).toBe(REAL);
    expect(valueOf(own.databasePath, 'SELECT count(*) FROM nodes')).toBe(nodesMax);
    await expectConserved(program, own.databasePath);
    expect(await program.stop()).toBe(0);
  });
});
