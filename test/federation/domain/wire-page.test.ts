// docs/federation.md against the program: the decoder takes its examples, and the encoders make its examples.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Decoder } from '../../../src/federation/domain/decode.ts';
import {
  isApiKey,
  keyHashOf,
  keyIdOf,
  secretOf,
  signMessage,
} from '../../../src/federation/domain/message-signature.ts';
import { openSalt } from '../../../src/federation/domain/sealed-salt.ts';
import { percent } from '../../../src/federation/domain/statistics.ts';
import {
  ACTIVE_TASKS,
  CONTINENTS,
  EXECUTION_TIMES,
  GAS_AMOUNTS,
  MEMORY_SIZES,
  MESSAGE_TYPES,
  REJECT_REASONS,
  STEP_COUNTS,
  SUBJECTS,
  TOTAL_TASKS,
} from '../../../src/federation/domain/vocabulary.ts';
import { FORBIDDEN_MEMBERS } from '../../../src/federation/domain/privacy.ts';
import { NO_STATISTICS } from '../../../src/federation/http/no-statistics.ts';
import { answerJoin } from '../../../src/federation/sinks/join-answer.ts';
import { statisticsMessage } from '../../../src/federation/sinks/payload.ts';
import { KeyBook } from '../../../src/federation/domain/api-keys.ts';
import { thumbprint } from '../../../src/lib/ed25519.ts';

const PAGE = readFileSync(new URL('../../../docs/federation.md', import.meta.url), 'utf8');

type Members = Readonly<Record<string, unknown>>;

/** Of the page: each JSON example under its heading, in order. */
const EXAMPLES = PAGE.split(/^#+ /m).flatMap((section) => {
  const heading = section.split('\n', 1)[0] ?? '';
  const blocks = [...section.matchAll(/^```json\n(.*?)^```$/gms)].map(([, text = '']) => text);
  return blocks.map((text) => ({ heading, text, example: JSON.parse(text) as Members }));
});

function examplesOf(heading: string): readonly Members[] {
  const found = EXAMPLES.filter((row) => row.heading === heading).map(({ example }) => example);
  if (found.length === 0) throw new Error(`the page has no example under ${heading}`);
  return found;
}

/** The cells of the table under a heading, row by row, without the head. */
function tableUnder(heading: string): readonly (readonly string[])[] {
  const section = PAGE.split(/^#+ /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const words = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);

describe('the wire page', () => {
  it('the wire page - a test in this file reads every example', () => {
    const read = [...MESSAGE_TYPES, 'network_stats', 'network_stats_period', 'Signed messages', 'Joining'];
    expect(new Set(EXAMPLES.map(({ heading }) => heading))).toEqual(new Set(read));
  });

  it.each(EXAMPLES.filter(({ heading }) => (MESSAGE_TYPES as readonly string[]).includes(heading)))(
    'the wire page - the decoder takes the example of $heading, and knows its labels',
    ({ heading, text }) => {
      const decoder = new Decoder();
      const signal = decoder.decode(
        MESSAGE_TYPES.indexOf(heading as (typeof MESSAGE_TYPES)[number]),
        Buffer.from(text),
      );
      expect(signal).toMatchObject({ type: heading });
      expect(decoder.unknownLabels.reduce((sum, count) => sum + count, 0)).toBe(0);
    },
  );

  it.each(['network_stats', 'network_stats_period'])(
    'the wire page - the example of %s equals the published message',
    (heading) => {
      for (const example of examplesOf(heading)) {
        const period = example['period'] as 'all';
        const data = example['data'] as typeof NO_STATISTICS;
        const timestamp = Date.parse(String(example['timestamp']));
        const { subject, payload } = statisticsMessage(
          period,
          data,
          timestamp,
          String(example['aggregatorId']),
        );
        expect(payload).toBe(JSON.stringify(example));
        expect(subject).toBe(
          heading === 'network_stats' ? 'truebit.stats.aggregated' : `truebit.stats.period.${period}`,
        );
      }
    },
  );

  it.each(['network_stats', 'network_stats_period'])(
    'the wire page - the numbers in %s are consistent',
    (heading) => {
      for (const example of examplesOf(heading)) {
        const data = example['data'] as typeof NO_STATISTICS;
        expect(Object.keys(data)).toEqual(Object.keys(NO_STATISTICS));
        const finished = data.completedTasks + data.failedTasks;
        const sum = (distribution: Readonly<Record<string, number>>) =>
          Object.values(distribution).reduce((total, count) => total + count, 0);
        expect([sum(data.executionTimeDistribution), sum(data.gasUsageDistribution)]).toEqual([
          finished,
          finished,
        ]);
        expect([sum(data.stepsComputedDistribution), sum(data.memoryUsedDistribution)]).toEqual([
          data.totalInvoices,
          data.totalInvoices,
        ]);
        expect([sum(data.chainDistribution), sum(data.taskTypeDistribution)]).toEqual([
          data.totalTasks,
          data.totalTasks,
        ]);
        expect(data.successRate).toBe(percent(data.completedTasks, finished));
        expect(data.cacheHitRate).toBe(percent(data.cachedTasks, finished));
        expect(data.activeNodes).toBe(data.onlineNodes + data.staleNodes);
        expect(data.totalNodes).toBe(data.activeNodes + data.offlineNodes);
        expect([sum(data.continentDistribution), sum(data.locationDistribution)]).toEqual([
          data.activeNodes,
          data.activeNodes,
        ]);
        for (const [name, labels] of [
          ['executionTimeDistribution', EXECUTION_TIMES],
          ['gasUsageDistribution', GAS_AMOUNTS],
          ['stepsComputedDistribution', STEP_COUNTS],
          ['memoryUsedDistribution', MEMORY_SIZES],
        ] as const)
          expect(Object.keys(data[name]).filter((label) => label !== 'unknown')).toEqual(labels);
      }
    },
  );

  it('the wire page - its example key gives its example signature', () => {
    const [example = {}] = examplesOf('Signed messages');
    const key = String(example['key']);
    const hash = keyHashOf(key);
    expect(isApiKey(key)).toBe(true);
    expect(example['keyHash']).toBe(hash);
    const payload = String(example['payload']);
    expect(example['headers']).toEqual({
      'Truebit-Key-Id': keyIdOf(hash),
      'Truebit-Signature': signMessage(secretOf(hash), String(example['subject']), Buffer.from(payload)),
    });
    expect(
      new Decoder().decode(SUBJECTS.indexOf('truebit.nodes.joined'), Buffer.from(payload)),
    ).toMatchObject({
      type: 'node_joined',
    });
  });

  it('the wire page - its join replies have the members of real replies, and its sealed salt opens', () => {
    const [open = {}, sealed = {}, refused = {}] = examplesOf('Joining');
    const statsKey = open['statsKey'] as never;
    const aggregatorId = String(open['aggregatorId']);
    const salt = String(open['federationSalt']);
    const ratePerMinute = Number(open['ratePerMinute']);
    const context = { isRequired: false, aggregatorId, salt, statsKey, keys: new KeyBook([]), ratePerMinute };
    const request = { payload: Buffer.from(''), credential: null, replyTo: '_INBOX.a' };
    expect(JSON.parse(answerJoin(request, context, 10).reply ?? '')).toEqual(open);
    const required = answerJoin(request, { ...context, isRequired: true }, 10);
    expect(JSON.parse(required.reply ?? '')).toEqual(refused);
    const { sealedSalt, ...rest } = sealed;
    const { federationSalt: _public, ...others } = open;
    expect(rest).toEqual(others);
    const [signed = {}] = examplesOf('Signed messages');
    expect(openSalt(String(sealedSalt), Buffer.from(String(signed['keyHash']), 'hex'), aggregatorId)).toBe(
      salt,
    );
    const { x, kid } = open['statsKey'] as { x: string; kid: string };
    expect(kid).toBe(thumbprint(x));
  });

  it('the wire page - its subjects, reasons and vocabularies equal those of the program', () => {
    const inputs = tableUnder('Subjects').slice(0, SUBJECTS.length);
    expect(inputs.map(([subject = '', , type = '']) => [words(subject)[0], words(type)[0]])).toEqual(
      SUBJECTS.map((subject, index) => [subject, MESSAGE_TYPES[index]]),
    );
    const reasons = tableUnder('Refused messages').map(([reason = '']) => words(reason)[0]);
    // Two reasons are listed twice, because the decoder checks two of their causes later.
    expect([...new Set(reasons)]).toEqual(REJECT_REASONS);
    const labels = tableUnder('Closed labels');
    expect(labels.map(([, cell = '']) => words(cell))).toEqual([
      EXECUTION_TIMES,
      GAS_AMOUNTS,
      MEMORY_SIZES,
      ACTIVE_TASKS,
      TOTAL_TASKS,
      CONTINENTS,
    ]);
    const line = PAGE.split('\n').find((text) => text.startsWith('These member names refuse')) ?? '';
    expect(words(line).slice(1)).toEqual(FORBIDDEN_MEMBERS);
  });
});
