import { expect, it, onTestFinished } from 'vitest';
import { DemoMiners, DemoUpstream } from '../../../src/mining/simulator/demo.ts';
import { UpstreamSim } from '../../../src/mining/simulator/upstream-sim.ts';
import { quickRawQuality } from '../../support/quick-proof.ts';
import { until } from '../../support/until.ts';

it('demo - three named miners submit true proofs, and wait for a server that is not there yet', async () => {
  const sim = new UpstreamSim({ prover: quickRawQuality });
  onTestFinished(() => sim.stop());
  const { url } = await sim.start();
  await sim.refuse();
  const miners = new DemoMiners(url, { scanMs: 500, nonces: 1 });
  onTestFinished(() => miners.stop());
  await miners.start();
  await sim.comeBack();
  await until('a submission', () => sim.accepted.length >= 1);
  expect(sim.received[0]?.headers['x-miner']).toMatch(/^demo-[123]$/);
  expect(sim.received.every(({ verdict }) => verdict === 'accepted')).toBe(true);
});

it('demo - the pool answers', async () => {
  const upstream = new DemoUpstream();
  onTestFinished(() => upstream.stop());
  const { url } = await upstream.start();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"jsonrpc":"2.0","id":1,"method":"get_mining_info"}',
  });
  expect(await response.text()).toContain('"target_quality":18446744073709551615');
});
