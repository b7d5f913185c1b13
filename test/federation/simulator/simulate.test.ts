import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/lib/errors.ts';
import type { SimulationOptions } from '../../../src/federation/simulator/options.ts';
import { createPlan } from '../../../src/federation/simulator/plan.ts';
import type { PublishedStatistics } from '../../../src/federation/simulator/publication.ts';
import { reportJson, reportLines } from '../../../src/federation/simulator/report.ts';
import { runSimulation } from '../../../src/federation/simulator/run.ts';
import { sendPlan } from '../../../src/federation/simulator/sender.ts';
import type { PlannedMessage } from '../../../src/federation/simulator/statement.ts';
import type { FakeBehaviour } from './fake-aggregator.ts';
import { createFakeAggregator } from './fake-aggregator.ts';

const OPTIONS: SimulationOptions = {
  nodes: 20,
  ratePerMinute: 30,
  durationMs: 30_000,
  seed: 1,
  duplicates: 0.3,
  disagree: 0.05,
  servers: [],
  user: null,
  password: null,
  httpUrl: '',
  isHttpOurs: false,
  patienceMs: 45_000,
  isJson: false,
};

function createWorld(behaviour: FakeBehaviour = {}) {
  const fake = createFakeAggregator(behaviour);
  let runs = 0;
  return {
    fake,
    async run(options: Partial<SimulationOptions> = {}, isTerminal = false) {
      let text = '';
      let json: Record<string, unknown> = {};
      runs += 1;
      const code = await runSimulation(
        { ...OPTIONS, ...options },
        {
          aggregator: fake.aggregator,
          connectSimulator: async () => fake.broker,
          clock: fake.clock,
          wait: fake.wait,
          output: { isTerminal, write: (part) => void (text += part) },
          report(result) {
            text += `${reportLines(result).join('\n')}\n`;
            json = JSON.parse(reportJson(result)) as Record<string, unknown>;
          },
          nonce: `run ${runs}`,
        },
      );
      return { code, text, json };
    },
  };
}

function alter(change: (data: Record<string, number>) => Record<string, number>) {
  return (data: PublishedStatistics) => ({ ...data, ...change(data as Record<string, number>) });
}

describe('simulate', () => {
  it('simulate - an aggregator that counts correctly gives exit 0, also in a second run on the same database', async () => {
    const world = createWorld();
    const first = await world.run();
    expect(first.text).toMatch(/statistics: all \d+ fields equal\n$/);
    expect(first.code).toBe(0);
    const second = await world.run();
    expect(second.text).toContain('waiting for the next publication');
    expect(second.text).toMatch(/statistics: all \d+ fields equal\n$/);
    expect(second.code).toBe(0);
  });

  it('simulate - the report shows sent, applied, duplicate, rejected, lost and both quantiles', async () => {
    const { text } = await createWorld().run();
    for (const word of ['sent', 'applied', 'duplicate', 'rejected', 'lost']) {
      expect(text).toMatch(new RegExp(`^  ${word} +[\\d,]+$`, 'm'));
    }
    expect(text).toMatch(/publish to commit p50 +100 ms/);
    expect(text).toMatch(/publish to commit p99 +9\d\d ms/);
  });

  it('simulate - the report as JSON has the same content', async () => {
    const { code, json } = await createWorld().run();
    expect(code).toBe(0);
    expect(json).toMatchObject({ isEqual: true, differences: [], messageDifferences: [], shown: true });
    expect(json['messages']).toMatchObject({
      received: json['sent'],
      rejected: 0,
      lost: 0,
      isEveryOneAccounted: true,
      publishToCommitSeconds: { p50: expect.closeTo(0.1) as unknown },
    });
    const lost = await createWorld({ loses: (number) => number === 100 }).run();
    expect(lost.json).toMatchObject({ isEqual: false, messages: { lost: 1 } });
    expect(lost.code).toBe(1);
  });

  it.each<[string, FakeBehaviour, RegExp]>([
    ['a lost message', { loses: (number) => number === 100 }, /^ {2}lost +1$/m],
    [
      'a wrong count in one period',
      {
        publishes: (data, period) =>
          period === '7d'
            ? alter((d) => ({ failedTasks: (d['failedTasks'] ?? 0) + (d['totalTasks'] === 0 ? 0 : 1) }))(data)
            : data,
      },
      /^7d\.failedTasks: expected \d+, published \d+$/m,
    ],
    [
      'a rate that looks better than it is',
      { publishes: alter((d) => ({ successRate: (d['successRate'] ?? 0) + 0.1 })) },
      /^all\.successRate: expected/m,
    ],
    [
      'an API that shows something else',
      { shows: alter((d) => ({ onlineNodes: (d['onlineNodes'] ?? 0) + 1 })) },
      /^all\.onlineNodes \(HTTP\): expected/m,
    ],
  ])('simulate - %s gives exit 1 and is reported', async (_, behaviour, line) => {
    const { code, text } = await createWorld(behaviour).run();
    expect(text).toMatch(line);
    expect(code).toBe(1);
  });

  it('simulate - a restart during the run resets counters, but not statistics', async () => {
    const { code, text } = await createWorld({ restartsAfter: 150 }).run();
    expect(text).toContain('The aggregator restarted during the run');
    expect(text).toMatch(/statistics: all \d+ fields equal\n$/);
    expect(code).toBe(0);
  });

  it('simulate - messages of other senders are reported, and their effect counts as a difference', async () => {
    const world = createWorld();
    const stranger = createPlan({ ...OPTIONS, nodes: 3, nonce: 'stranger', startAtMs: 0 }).messages;
    const { publish } = world.fake.broker;
    let sent = 0;
    world.fake.broker.publish = (subject, payload) => {
      publish(subject, payload);
      const other = stranger[sent];
      sent += 1;
      if (other !== undefined) publish(other.subject, other.payload);
    };
    const { code, text } = await world.run();
    expect(text).toContain(`others published ${stranger.length} messages meanwhile`);
    expect(text).toMatch(/^all\.totalNodes: expected 20, published 23$/m);
    expect(code).toBe(1);
  });

  it('simulate - limits below the load and an aggregator that is not ready are refused before any message is sent', async () => {
    for (const [behaviour, word] of [
      [{ limits: { ratePerMinute: 10, rateBurst: 5 } }, 'RATE_LIMIT_PER_MINUTE'],
      [{ limits: { maxNodes: 19 } }, 'MAX_NODES'],
      [{ notReady: 'broker: not connected' }, 'broker: not connected'],
    ] as const) {
      const world = createWorld(behaviour);
      const refusal = await world.run().catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(CodedError);
      expect(refusal).toMatchObject({ code: 'usage', message: expect.stringContaining(word) });
      expect(world.fake.delivered()).toBe(0);
    }
  });

  it('simulate - a broker that disappears during the run is not taken for a refusal', async () => {
    const world = createWorld();
    world.fake.broker.flush = async () => {
      if (world.fake.delivered() > 50) throw new CodedError('usage', 'gone');
    };
    const failure = await world.run().catch((error: unknown) => error);
    expect(failure).not.toBeInstanceOf(CodedError);
    expect(failure).toMatchObject({ message: expect.stringContaining('gone') });
  });

  it('simulate - progress is rewritten in place on a terminal, and printed every ten seconds elsewhere', async () => {
    const terminal = await createWorld().run({}, true);
    expect(terminal.text.split('\r').length).toBeGreaterThan(25);
    const plain = await createWorld().run();
    expect(plain.text).not.toContain('\r');
    expect(plain.text.match(/^simulate: sending$/gm)).toHaveLength(1);
    expect(plain.text.match(/^simulate: sending \d+ of 30 s, /gm)).toHaveLength(3);
  });
});

describe('sender', () => {
  it('sender - a late sender catches up in order, at no more than four times the pace', async () => {
    const { messages } = createPlan({ ...OPTIONS, nonce: 'late', startAtMs: 0 });
    let nowMs = 0;
    let stalled = false;
    const sent: { message: string; atMs: number }[] = [];
    await sendPlan(messages, {
      outlet: {
        publish: (subject, payload) => sent.push({ message: `${subject} ${payload}`, atMs: nowMs }),
        async flush() {
          if (nowMs > 10_000 && !stalled) nowMs += 5000;
          if (nowMs > 10_000) stalled = true;
        },
      },
      clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
      wait: async (ms) => void (nowMs += ms),
      onProgress: () => undefined,
    });
    expect(sent.map(({ message }) => message)).toEqual(
      messages.map(({ subject, payload }) => `${subject} ${payload}`),
    );
    const gaps = (index: number, list: readonly PlannedMessage[]) =>
      (list[index]?.atMs ?? 0) - (list[0]?.atMs ?? 0);
    expect(gaps(messages.length - 1, messages)).toBeLessThan(nowMs + 100);
    const afterStall = sent.filter(({ atMs }) => atMs > 15_000 && atMs <= 15_500).length;
    const usual = sent.filter(({ atMs }) => atMs > 5000 && atMs <= 5500).length;
    expect(afterStall).toBeGreaterThan(usual);
    sent.forEach(({ atMs }, index) => expect(atMs + 50).toBeGreaterThanOrEqual(messages[index]?.atMs ?? 0));
    // Two messages of the plan a second apart are never sent in one batch, however late.
    messages.forEach((message, index) => {
      const later = messages.findIndex((other) => other.atMs >= message.atMs + 1000);
      if (later !== -1) expect(sent[later]?.atMs).toBeGreaterThan(sent[index]?.atMs ?? 0);
    });
  });
});
