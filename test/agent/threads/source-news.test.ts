import { expect, test } from 'vitest';
import type { SourceStatus } from '../../../src/agent/domain/source-facts.ts';
import { ReaderLog } from '../../../src/agent/threads/reader-log.ts';
import { sourceNews } from '../../../src/agent/threads/source-news.ts';

const THERE = { isReadable: true };
const GONE = { isReadable: false, looksFor: ['a.json', 'b*.json'] };

function status(
  problems: SourceStatus['problems'],
  names: readonly string[] = [],
  more: Partial<SourceStatus> = {},
): SourceStatus {
  return {
    source: 'events',
    isWanted: true,
    looksFor: [],
    isReadable: true,
    files: names.map((name) => ({
      source: 'events',
      name,
      state: 'damaged',
      bytes: 9,
      bytesBehind: 0,
      offset: 7,
    })),
    bytesBehind: 0,
    problems,
    ...more,
  };
}

test.each([
  ['nothing new', status({ damaged: 1 }), status({ damaged: 1 }), []],
  [
    'the first problem',
    null,
    status({ damaged: 1 }, ['a.json']),
    ['events: a.json at byte 7 damaged: reading stopped there, and goes on when the file changes'],
  ],
  [
    'many files',
    status({ damaged: 1 }),
    status({ damaged: 5 }, ['a', 'b', 'c', 'd', 'e']),
    [
      'events: a at byte 7, b at byte 7, c at byte 7 and 2 more damaged: reading stopped there, and goes on when the file changes',
    ],
  ],
  [
    'a problem without a file',
    status({}),
    status({ too_long: 3 }),
    ['events: lines or records that are too long were skipped, and reading goes on'],
  ],
  [
    'a file that is missing at the start',
    null,
    status({}, [], GONE),
    ['events: no file a.json or b*.json is there; waiting for one (check AGENT_EVENTS and its mount)'],
  ],
  [
    'a file that is gone',
    status({}, [], THERE),
    status({}, [], GONE),
    ['events: no file a.json or b*.json is there; waiting for one (check AGENT_EVENTS and its mount)'],
  ],
  ['a file that is still missing', status({}, [], GONE), status({}, [], GONE), []],
  ['a file that is there at the start', null, status({}, [], THERE), []],
  ['a file that is there again', status({}, [], GONE), status({}, [], THERE), ['events: can be read']],
  ['a source that nobody wants', null, status({}, [], { ...GONE, isWanted: false }), []],
  [
    'a file that cannot be read is not called missing',
    null,
    status({ unreadable: 1 }, ['a.json'], GONE),
    ['events: cannot be read: give this user the right to read it'],
  ],
  ['a kind that is not known here', status({}), status({ other_kind: 1 }), ['events: other_kind']],
])('sourceNews - %s', (_, before, now, sentences) => {
  expect(sourceNews(before, now).map(({ sentence }) => sentence)).toEqual(sentences);
});

test('ReaderLog - one line per cause and minute', () => {
  let nowMs = 0;
  const lines: string[] = [];
  const log = new ReaderLog({ monotonicMs: () => nowMs }, (level, sentence) =>
    lines.push(`${level} ${sentence}`),
  );
  for (nowMs = 0; nowMs < 120_000; nowMs += 100) {
    log.say('warn', `at ${nowMs}`, 'cause');
    log.say('info', 'another');
  }
  expect(lines).toEqual(['warn at 0', 'info another', 'warn at 60000', 'info another']);
});

test('ReaderLog - forgets the oldest cause above its limit', () => {
  const lines: string[] = [];
  const log = new ReaderLog({ monotonicMs: () => 0 }, (_, sentence) => lines.push(sentence));
  for (let cause = 0; cause <= 1_000; cause++) log.say('info', `cause ${cause}`);
  log.say('info', 'cause 0');
  log.say('info', 'cause 1000');
  expect(lines).toHaveLength(1_002);
});

test('ReaderLog - tells whether a line was written, so that it can come later', () => {
  let nowMs = 0;
  const log = new ReaderLog({ monotonicMs: () => nowMs }, () => undefined);
  expect(log.say('warn', 'first', 'cause')).toBe(true);
  expect(log.say('warn', 'second', 'cause')).toBe(false);
  nowMs = 60_000;
  expect(log.say('warn', 'second', 'cause')).toBe(true);
});
