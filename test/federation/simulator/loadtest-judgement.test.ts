import { describe, expect, it } from 'vitest';
import type { Counters } from '../../../src/federation/simulator/counters.ts';
import type { Outage } from '../../../src/federation/simulator/fleet.ts';
import { compareLoadAccount } from '../../../src/federation/simulator/load-account.ts';
import type { Demands, ProfileOptions } from '../../../src/federation/simulator/load-plan.ts';
import { commitLatency, isDrift, judgeOutage } from '../../../src/federation/simulator/load-result.ts';
import { expectedOf, headersFor } from '../../../src/federation/simulator/load-run.ts';
import { PROFILES } from '../../../src/federation/simulator/profiles.ts';
import { createSigner, unknownSigner } from '../../../src/federation/simulator/signature.ts';
import { type MessageType, SUBJECT_OF } from '../../../src/federation/simulator/vocabulary.ts';

const OPTIONS: ProfileOptions = {
  nodes: 10,
  ratePerMinute: 60,
  durationMs: 20_000,
  seed: 1,
  nonce: 'judgement',
  startAtMs: 0,
  hasLongCut: false,
  hasRestartCommand: false,
  foreignSigner: null,
};
const LIMITS = { ratePerMinute: 0, rateBurst: 0, globalPerSecond: 0, newNodesPerMinute: 20, maxNodes: 0 };
const STEADY = PROFILES.duplicates.plan(OPTIONS, LIMITS).demands;
const NOTHING_AGAIN: ReadonlyMap<string, number> = new Map();

/** The counters of an aggregator that did exactly what these demands say. */
function obeying(demands: Demands): Counters {
  const outcomes: Record<string, number> = {};
  const received: Record<string, number> = {};
  for (const type of Object.keys(SUBJECT_OF) as MessageType[]) {
    const subject = SUBJECT_OF[type];
    const { applied, duplicate } = demands.expected.messages[type];
    outcomes[`${subject} applied`] = applied;
    outcomes[`${subject} duplicate`] = duplicate;
    received[subject] = applied + duplicate;
  }
  for (const [key, count] of demands.refused) {
    const name = `${key.split(' ')[0]} rejected`;
    outcomes[name] = (outcomes[name] ?? 0) + count;
  }
  return {
    received,
    outcomes,
    rejected: Object.fromEntries(demands.refused),
    lost: 0,
    inFlight: 0,
    pending: 0,
    toOffline: 0,
    publishToCommit: { bounds: [], cumulative: [] },
    startedAtSeconds: 1,
  };
}

/** The counters with one outcome changed. */
function changed(counters: Counters, changes: Readonly<Record<string, number>>): Counters {
  const outcomes = { ...counters.outcomes };
  for (const [key, by] of Object.entries(changes)) outcomes[key] = (outcomes[key] ?? 0) + by;
  return { ...counters, outcomes };
}

const COMPLETED = SUBJECT_OF.task_completed;
const BEAT = SUBJECT_OF.heartbeat;
const JOINED = SUBJECT_OF.node_joined;

describe('loadtest account', () => {
  it.each(['steady', 'duplicates', 'malformed', 'reconnect-storm'] as const)(
    'loadtest account - of %s, an aggregator that does as demanded has no difference',
    (name) => {
      const { demands } = PROFILES[name].plan(OPTIONS, LIMITS);
      expect(compareLoadAccount(obeying(demands), demands, NOTHING_AGAIN)).toEqual([]);
    },
  );

  it.each<[string, Readonly<Record<string, number>>, readonly string[]]>([
    ['a message too few', { [`${COMPLETED} applied`]: -1 }, [`${COMPLETED} applied`]],
    ['a duplicate too many', { [`${COMPLETED} duplicate`]: 1 }, [`${COMPLETED} duplicate`]],
    [
      'a duplicate that was applied',
      { [`${COMPLETED} duplicate`]: -1, [`${COMPLETED} applied`]: 1 },
      [`${COMPLETED} applied`, `${COMPLETED} duplicate`],
    ],
    ['a message that was limited', { [`${BEAT} rate_limited`]: 1 }, [`${BEAT} rate_limited`]],
    ['a message that was shed', { [`${BEAT} shed`]: 1 }, [`${BEAT} shed`]],
    ['a message that was set aside', { [`${BEAT} quarantined`]: 1 }, [`${BEAT} quarantined`]],
    ['a message that was refused', { [`${BEAT} rejected`]: 1 }, [`${BEAT} rejected`]],
  ])('loadtest account - %s is a difference', (_, changes, whats) => {
    const differences = compareLoadAccount(changed(obeying(STEADY), changes), STEADY, NOTHING_AGAIN);
    expect(differences.map(({ what }) => what)).toEqual(whats);
  });

  it('loadtest account - a message counted as lost is a difference', () => {
    const differences = compareLoadAccount({ ...obeying(STEADY), lost: 2 }, STEADY, NOTHING_AGAIN);
    expect(differences).toEqual([{ what: 'lost', expected: '0', found: '2' }]);
  });

  it('loadtest account - of messages sent again at most so many may have come twice, and none may be missing', () => {
    const again = new Map([
      [COMPLETED, 2],
      [BEAT, 1],
    ]);
    const faults = (changes: Readonly<Record<string, number>>) =>
      compareLoadAccount(changed(obeying(STEADY), changes), STEADY, again).map(({ what }) => what);
    expect(faults({})).toEqual([]);
    expect(faults({ [`${COMPLETED} duplicate`]: 2, [`${BEAT} applied`]: 1 })).toEqual([]);
    expect(faults({ [`${COMPLETED} duplicate`]: 3 })).toEqual([`${COMPLETED} duplicate`]);
    expect(faults({ [`${COMPLETED} applied`]: 1 })).toEqual([`${COMPLETED} applied`]);
    expect(faults({ [`${BEAT} applied`]: 2 })).toEqual([`${BEAT} applied`]);
    expect(faults({ [`${BEAT} applied`]: -1 })).toEqual([`${BEAT} applied`]);
    expect(faults({ [`${JOINED} applied`]: 1 })).toEqual([`${JOINED} applied`]);
  });

  it('loadtest account - a refusal for another reason is a difference, although their number is right', () => {
    const { demands } = PROFILES.malformed.plan(OPTIONS, LIMITS);
    const counters = obeying(demands);
    const [key = '', count = 0] = [...demands.refused][0] ?? [];
    const other = `${key.split(' ')[0]} wrong_node`;
    const rejected = { ...counters.rejected, [key]: count - 1, [other]: 1 };
    const whats = compareLoadAccount({ ...counters, rejected }, demands, NOTHING_AGAIN).map(
      ({ what }) => what,
    );
    expect(whats).toEqual([`${key} (reason of refusal)`, `${other} (reason of refusal)`]);
  });

  it('loadtest account - beyond a limit each message is applied, a duplicate or limited, and nothing else', () => {
    const demands: Demands = { ...STEADY, limited: { type: 'any', least: 5, most: 20 }, statistics: 'nodes' };
    const faults = (changes: Readonly<Record<string, number>>) =>
      compareLoadAccount(changed(obeying(demands), changes), demands, NOTHING_AGAIN).map(({ what }) => what);
    const limit = (count: number) => ({
      [`${COMPLETED} applied`]: -count,
      [`${COMPLETED} rate_limited`]: count,
    });
    expect(faults(limit(10))).toEqual([]);
    expect(faults(limit(4))).toEqual(['rate_limited altogether']);
    expect(faults(limit(21))).toEqual(['rate_limited altogether']);
    expect(faults({ ...limit(10), [`${COMPLETED} shed`]: 1 })).toEqual([`${COMPLETED} shed`]);
    expect(faults({ ...limit(10), [`${COMPLETED} applied`]: -11 })).toEqual([
      `${COMPLETED} applied, duplicate and rate_limited`,
    ]);
  });

  it('loadtest account - of a flood, only unknown ids may be limited, and each admitted one is a node more', () => {
    const { demands } = PROFILES['identity-flood'].plan(OPTIONS, LIMITS);
    const { limited } = demands;
    const { least, most, count } = limited?.type === 'newcomers' ? limited : { least: 0, most: 0, count: 0 };
    expect(count).toBe(60);
    const admitting = (admitted: number, more: Readonly<Record<string, number>> = {}) =>
      changed(obeying(demands), {
        [`${JOINED} applied`]: admitted,
        [`${JOINED} rate_limited`]: count - admitted,
        ...more,
      });
    const faults = (counters: Counters) =>
      compareLoadAccount(counters, demands, NOTHING_AGAIN).map(({ what }) => what);
    expect(faults(admitting(count - most))).toEqual([]);
    expect(faults(admitting(count - least))).toEqual([]);
    expect(faults(admitting(count - least + 1))).toEqual([`${JOINED} applied`, `${JOINED} rate_limited`]);
    expect(faults(admitting(count - most - 1))).toEqual([`${JOINED} applied`, `${JOINED} rate_limited`]);
    expect(faults(admitting(count - most, { [`${BEAT} rate_limited`]: 1 }))).toContain(
      `${BEAT} rate_limited`,
    );
    const { totalNodes, onlineNodes } = demands.expected.statistics;
    const wanted = expectedOf(demands, admitting(count - most));
    expect(wanted).toMatchObject({
      totalNodes: totalNodes + count - most,
      onlineNodes: onlineNodes + count - most,
    });
    expect(expectedOf(demands, null)).toBe(demands.expected.statistics);
  });
});

describe('loadtest outage', () => {
  const back = (count: number, ms: number) => Array.from({ length: count }, () => ms);
  const spread = (count: number, overMs: number) =>
    Array.from({ length: count }, (_, index) => (index * overMs) / count);
  const PLAIN: Outage = {
    lost: 50,
    backAfterMs: back(50, 900),
    arrivalsMs: spread(50, 1000),
    lostAgain: 0,
    awayMs: 0,
  };
  const LONG: Outage = { ...PLAIN, arrivalsMs: spread(50, 50_000), awayMs: 60_000 };

  it.each<[string, Outage, readonly string[]]>([
    ['all back in time', PLAIN, []],
    ['one back late', { ...PLAIN, backAfterMs: [...back(49, 900), 10_001] }, ['cut 2: slowest return']],
    ['one not back', { ...PLAIN, backAfterMs: back(49, 900) }, ['cut 2: nodes back']],
    ['nothing was lost', { ...PLAIN, lost: 0, backAfterMs: [] }, ['cut 2: connections lost']],
    ['one lost again', { ...PLAIN, lostAgain: 1 }, ['cut 2: connections lost again']],
    ['spread after a long absence', LONG, []],
    [
      'together after a long absence',
      { ...LONG, arrivalsMs: spread(50, 20_000) },
      ['cut 2: arrivals spread over'],
    ],
    [
      'a wave after a long absence',
      { ...LONG, arrivalsMs: [...spread(39, 30_000), ...back(11, 50_000)] },
      ['cut 2: arrivals in one second'],
    ],
    ['a second wave after a long absence', { ...LONG, lostAgain: 20 }, ['cut 2: connections lost again']],
  ])('loadtest outage - %s', (_, outage, whats) => {
    expect(judgeOutage(outage, 2, 10_000).map(({ what }) => what)).toEqual(whats);
  });
});

describe('loadtest node counts', () => {
  it.each([
    ['onlineNodes', 103, 3, true],
    ['onlineNodes', 104, 3, false],
    ['staleNodes', 97, 3, true],
    ['offlineNodes', 96, 3, false],
    ['activeNodes', 101, 0, false],
    ['totalNodes', 101, 3, false],
    ['totalTasks', 101, 3, false],
    ['onlineNodes', NaN, 3, false],
  ])(
    'loadtest node counts - %s %d instead of 100 with %i changed nodes: %s',
    (member, found, changed, drift) => {
      const difference = { period: 'all', member, expected: '100', published: String(found) } as const;
      expect(isDrift(difference, changed)).toBe(drift);
    },
  );
});

describe('loadtest signatures', () => {
  it('loadtest signatures - the example of docs/federation.md is signed as the page says', () => {
    const signer = createSigner('AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8');
    const payload = '{"version":"1.0","type":"node_joined","nodeId":"node-0001"}';
    expect(signer?.('truebit.nodes.joined', Buffer.from(payload))).toEqual({
      'Truebit-Key-Id': 'ea866a757e4c38ba',
      'Truebit-Signature': 'vzwBTlX4seHVb7PM9RmTFSrq4kzOj1d+vEeigB7eYq8=',
    });
    expect(createSigner('too short')).toBeNull();
  });

  it('loadtest signatures - each message has the signature for which it must be taken or refused', () => {
    const signer = (id: string) => () => ({ 'Truebit-Key-Id': id });
    const { messages } = PROFILES.malformed.plan(
      { ...OPTIONS, nodes: 40, foreignSigner: unknownSigner('x') },
      LIMITS,
    );
    const headersOf = headersFor(signer('own'), signer('foreign'), signer('unknown'));
    const unsigned = headersFor(null, null, signer('unknown'));
    const ids = new Set<string>();
    for (const message of messages) {
      const reason = message.content === null ? message.reason : 'none';
      const id = headersOf(message)?.['Truebit-Key-Id'] ?? '';
      ids.add(id);
      expect(id).toBe({ unauthenticated: 'unknown', wrong_node: 'foreign' }[reason as string] ?? 'own');
      expect(unsigned(message)).toEqual(
        reason === 'unauthenticated' ? { 'Truebit-Key-Id': 'unknown' } : null,
      );
    }
    expect(ids).toEqual(new Set(['own', 'unknown', 'foreign']));
  });
});

describe('loadtest latency', () => {
  it.each([
    ['none observed', [0, 0, 0], { p50Ms: null, p99Ms: null, atMostMs: null }],
    ['in the lowest bucket', [4, 4, 4], { p50Ms: 50, p99Ms: 99, atMostMs: 100 }],
    ['above every bound', [0, 0, 4], { p50Ms: null, p99Ms: null, atMostMs: null }],
  ])('loadtest latency - %s', (_, cumulative, latency) => {
    expect(commitLatency({ bounds: [0.1, 1, Infinity], cumulative })).toEqual(latency);
  });
});
