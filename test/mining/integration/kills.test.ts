// kill -9 at any moment of one block: between check, commit, delivery and verdict, with an upstream that is well, away or
// loses its answers. `MINING_KILLS` sets the number of kills, `MINING_SEED` the seed.

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { SimSubmission } from '../../../src/mining/simulator/sim-submission.ts';
import type { UpstreamSim } from '../../../src/mining/simulator/upstream-sim.ts';
import {
  flatFile,
  improving,
  type MiningPlace,
  type MiningProgram,
  miningPlace,
  startMining,
  startUpstream,
  TestMiner,
} from '../../support/mining.ts';
import { until } from '../../support/until.ts';

const KILLS = Number(process.env['MINING_KILLS'] ?? 1);
const SEED = Number(process.env['MINING_SEED'] ?? 7);
const ACCOUNTS = 4;

/** From 0 to 1, the same for the same seed. */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface World {
  readonly upstream: UpstreamSim;
  readonly place: MiningPlace;
  readonly file: ReturnType<typeof flatFile>;
  readonly chance: () => number;
  /** What was answered with success, by account: the best raw quality. */
  readonly answered: Map<string, bigint>;
  /** Sent again by the upstream's fault or after a kill. */
  readonly left: SimSubmission[][];
}

/** Sends every account's submissions one after the other until they are through or the program ends. */
async function mine({ left, answered }: World, program: MiningProgram): Promise<void> {
  await Promise.all(
    left.map(async (submissions) => {
      const miner = new TestMiner(program.miners);
      for (let next = submissions[0]; next !== undefined; next = submissions[0]) {
        const { status, result, error } = await miner.submit(next);
        if (status === null && program.process.signalCode !== null) return;
        expect(error).toBeUndefined();
        if (result === undefined) continue;
        const { accountId, rawQuality } = next;
        const best = answered.get(accountId);
        if (best === undefined || rawQuality < best) answered.set(accountId, rawQuality);
        submissions.shift();
      }
    }),
  );
}

/** One life of the program, ended by kill -9. Returns whether answers of the upstream were lost in it. */
async function liveAndDie(world: World, kill: number): Promise<boolean> {
  const { upstream, place, file, chance } = world;
  // In its first life the program must come to know a block, which it then keeps over its restarts.
  const fault = (['none', 'lost', 'away', 'away at first'] as const)[
    Math.floor(chance() * (kill === 0 ? 2 : 4))
  ];
  if (fault === 'away' || fault === 'away at first') await upstream.refuse();
  if (fault === 'lost') upstream.loseAnswers();
  const program = await startMining(place, file);
  const mining = mine(world, program);
  if (kill === 0) await until('the first delivery', () => upstream.received.length > 0);
  await sleep(chance() * 150);
  if (fault === 'away at first') await upstream.comeBack();
  await sleep(chance() * 250);
  program.process.kill('SIGKILL');
  await program.exit;
  await mining;
  await upstream.comeBack();
  upstream.clearFaults();
  return fault === 'lost';
}

/** The raw qualities that the upstream received since a number of submissions. */
function receivedSince({ received }: UpstreamSim, since: number): readonly (bigint | undefined)[] {
  return received.slice(since).map(({ submission }) => submission?.rawQuality);
}

async function setUp(mode: 'pool' | 'wallet'): Promise<World> {
  const upstream = await startUpstream({ prover: null });
  const place = await miningPlace(`kills-${mode}`);
  const { upstream: options, ...rest } = flatFile(place, upstream.port);
  const file = { ...rest, upstream: { ...(options as object), submission_mode: mode } };
  const each = 2 + KILLS;
  const left = Array.from({ length: ACCOUNTS }, (_none, at) => [
    ...improving(`kills ${mode} ${at}`, upstream.block, Math.min(each, 8)),
  ]);
  return { upstream, place, file, chance: chances(SEED), answered: new Map(), left };
}

describe('mining kills', () => {
  it.each(['pool', 'wallet'] as const)(
    'mining kills - %s: what was answered with success is delivered in its block, once in a life, and never after it',
    async (mode) => {
      const world = await setUp(mode);
      const { upstream, place, file, answered } = world;
      for (let kill = 0; kill < KILLS; kill++) {
        const before = upstream.received.length;
        const isLost = await liveAndDie(world, kill);
        const received = receivedSince(upstream, before);
        if (!isLost) expect(new Set(received).size).toBe(received.length);
      }
      const last = await startMining(place, file);
      await mine(world, last);
      expect(answered.size).toBe(ACCOUNTS);
      const wanted = Array.from(answered.values());
      const bests = mode === 'pool' ? wanted : [wanted.reduce((one, other) => (one < other ? one : other))];
      await until('the best of each', () => {
        const delivered = new Set(upstream.accepted.map(({ rawQuality }) => rawQuality));
        return bests.every((rawQuality) => delivered.has(rawQuality));
      });

      // What waits when the block passes in an absence is not delivered for it.
      await upstream.refuse();
      const [late] = improving(`kills late ${mode}`, upstream.block, 1);
      if (late === undefined) throw new Error('no submission');
      expect((await new TestMiner(last.miners).submit(late)).result).toBeDefined();
      last.process.kill('SIGKILL');
      await last.exit;
      const block = upstream.nextBlock();
      await upstream.comeBack();
      const again = await startMining(place, file);
      const [next] = improving(`kills late ${mode}`, block, 1);
      if (next === undefined) throw new Error('no submission');
      const miner = new TestMiner(again.miners);
      await until('the new block', async () => (await miner.submit(next)).result);
      await until('its delivery', () => upstream.accepted.at(-1)?.rawQuality === next.rawQuality);
      expect(upstream.accepted.some(({ rawQuality }) => rawQuality === late.rawQuality)).toBe(false);
    },
  );
});
