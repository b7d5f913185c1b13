// A desk in hand-made surroundings: the test decides when commits and checks end, what the upstreams' blocks are, and
// what becomes of deliveries. Time is moved by hand.

import type { SubmitAnswer } from '../../../src/mining/domain/answer.ts';
import type { Entry, Fact, Verdict } from '../../../src/mining/domain/facts.ts';
import type { KnownBlock } from '../../../src/mining/domain/information.ts';
import type { ProofClaim, ProofOrigin, ProofOutcome } from '../../../src/mining/domain/proof-check.ts';
import type { Submission } from '../../../src/mining/domain/submission.ts';
import { Desk } from '../../../src/mining/ingest/desk.ts';
import type { DeskDelivery, DeskOptions } from '../../../src/mining/ingest/desk-parts.ts';
import { block, peer, submission } from '../domain/mining-blocks.ts';
import { ManualTime } from '../../support/manual-time.ts';

export const flush = () => new Promise((resolve) => setImmediate(resolve));

/** One check that waits for its end. */
export interface Check {
  readonly claim: ProofClaim;
  readonly origin: ProofOrigin;
  end(outcome: ProofOutcome): Promise<unknown>;
}

/** Proofs with an even nonce hold; the raw quality of the others is 999. */
export const truth = ({ nonce }: Pick<Submission, 'nonce'>): ProofOutcome =>
  nonce % 2n === 0n ? { type: 'holds' } : { type: 'fails', computed: 999n };

export interface DeskBench {
  readonly desk: Desk;
  readonly time: ManualTime;
  readonly checks: Check[];
  /** Everything told, in order; a commit when it was asked for. */
  readonly facts: Fact[];
  readonly offered: Entry[];
  readonly withdrawn: Entry[];
  readonly remembered: Entry[];
  readonly state: {
    blocks: KnownBlock[];
    /** The name of the active upstream. */
    active: string;
    isConfirmed: boolean;
    refreshes: number;
    onRefresh: () => Promise<void>;
    /** False: commits wait for `commitAll`. */
    commitsAtOnce: boolean;
    refusesCommits: boolean;
    /** False: checks wait for their `end`. */
    checksAtOnce: boolean;
    overBudget: string[];
    /** That of all upstreams. */
    delivery: DeskDelivery | undefined;
    /** The blocks that it was told last. */
    told: readonly string[];
  };
  /** What a change of the settings makes. */
  newDelivery(): DeskDelivery;
  submit(change?: Partial<Submission>, address?: string): Promise<SubmitAnswer>;
  pass(ms: number): Promise<void>;
  commitAll(): Promise<unknown>;
  /** Sets the blocks, and tells the desk. */
  blocksAre(...blocks: KnownBlock[]): Promise<unknown>;
  /** What a restart would find. */
  stored(): readonly Entry[];
  verdicts(): readonly string[];
}

export function deskBench(
  options: Partial<DeskOptions> & { blocks?: KnownBlock[]; stored?: readonly Entry[] } = {},
): DeskBench {
  const time = new ManualTime();
  const checks: Check[] = [];
  const facts: Fact[] = [];
  const offered: Entry[] = [];
  const withdrawn: Entry[] = [];
  const remembered: Entry[] = [];
  const commits: (() => void)[] = [];
  const state: DeskBench['state'] = {
    blocks: options.blocks ?? [block()],
    active: 'first',
    isConfirmed: true,
    refreshes: 0,
    onRefresh: async () => undefined,
    commitsAtOnce: true,
    refusesCommits: false,
    checksAtOnce: true,
    overBudget: [],
    delivery: undefined,
    told: [],
  };
  const newDelivery = (): DeskDelivery => ({
    offer: (entry) => void offered.push(entry),
    withdraw: (entry) => void withdrawn.push(entry),
    remember: (entry) => void remembered.push(entry),
    blocksAre: (hashes) => void (state.told = hashes),
  });
  state.delivery = newDelivery();
  const activeOf = () =>
    state.blocks.find(({ upstream, age }) => upstream === state.active && age === 'current') ?? null;
  const { verify = 'best', blockTimeSecs = 120, firstEntryId = 1 } = options;
  const desk = new Desk(
    { verify, blockTimeSecs, firstEntryId },
    {
      journal: {
        commit(told) {
          if (state.refusesCommits) return Promise.reject(new Error('too many'));
          facts.push(...told);
          if (state.commitsAtOnce) return Promise.resolve();
          return new Promise((resolve) => void commits.push(resolve));
        },
        note: (told) => void facts.push(...told),
      },
      checker: {
        check: (claim, origin) =>
          new Promise((resolve) => {
            const end = (outcome: ProofOutcome) => {
              resolve(outcome);
              return flush();
            };
            checks.push({ claim, origin, end });
            if (state.checksAtOnce) resolve(truth(claim));
          }),
        withdraw: (claim) => {
          for (const check of checks)
            if (check.claim.nonce === claim.nonce) void check.end({ type: 'dropped' });
        },
        isOverBudget: (address) => state.overBudget.includes(address),
        keepBlocks: () => undefined,
      },
      blocks: {
        find: (hash) =>
          state.blocks.find(
            ({ upstream, information }) => upstream === state.active && information.blockHash === hash,
          ) ??
          state.blocks.find(({ information }) => information.blockHash === hash) ??
          null,
        get active() {
          return activeOf();
        },
        get isActiveConfirmed() {
          return state.isConfirmed;
        },
        get all() {
          return state.blocks;
        },
        refresh() {
          state.refreshes++;
          return state.onRefresh();
        },
      },
      deliveryOf: (upstream) => (upstream === 'gone' ? undefined : state.delivery),
      clock: time,
      timers: time,
    },
  );
  desk.restore(options.stored ?? []);
  const pass = (ms: number) => time.advance(ms, flush);
  return {
    desk,
    time,
    checks,
    facts,
    offered,
    withdrawn,
    remembered,
    newDelivery,
    state,
    submit: (change = {}, address = '10.0.0.1') =>
      desk.submit(submission({ nonce: 2n, ...change }), peer(address)),
    pass,
    commitAll() {
      for (const done of commits.splice(0)) done();
      return flush();
    },
    blocksAre(...blocks) {
      state.blocks = blocks;
      desk.blocksChanged();
      return flush();
    },
    stored() {
      const entries = new Map<number, Entry>((options.stored ?? []).map((entry) => [entry.id, entry]));
      for (const fact of facts) {
        if (fact.type === 'entry') entries.set(fact.entry.id, fact.entry);
        if (fact.type === 'entriesGone') for (const id of fact.ids) entries.delete(id);
      }
      return Array.from(entries.values()).toSorted((one, other) => one.id - other.id);
    },
    verdicts: () =>
      facts.flatMap((fact): string[] =>
        fact.type === 'submitted' || fact.type === 'judged'
          ? [`${fact.rawQuality} ${fact.verdict satisfies Verdict}`]
          : [],
      ),
  };
}
