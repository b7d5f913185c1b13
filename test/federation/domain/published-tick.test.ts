import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  knownTogether,
  NOTHING_PUBLISHED,
  publishedBy,
  readTickHeader,
  readTickRecord,
  rememberTick,
  TICK_HEADER,
  TICK_ORDER,
  TickAssembly,
  type TickHeader,
  type TickRecord,
} from '../../../src/federation/domain/published-tick.ts';
import { statisticsMessage } from '../../../src/federation/sinks/payload.ts';
import { statisticsOf } from '../cluster/counts.ts';

const header = (t: number, publisher = 'a'): TickHeader => ({
  t,
  progress: { 0: t },
  placesAtMs: 1,
  publisher,
});
const record = (seq: number, of: TickHeader, index: number): TickRecord => ({
  seq,
  header: of,
  period: TICK_ORDER[index] ?? 'all',
  aggregatorId: 'agg',
  data: statisticsOf(of.t, of.t).periods.all,
});
/** Messages of ticks, each by one publisher and perhaps cut short, one after another. */
function stream(ticks: readonly { readonly of: TickHeader; readonly count: number }[]): TickRecord[] {
  const records: TickRecord[] = [];
  for (const { of, count } of ticks)
    for (let index = 0; index < count; index++) records.push(record(records.length + 1, of, index));
  return records;
}

describe('ticks of the stream', () => {
  const ticks = fc.array(
    fc.record({
      of: fc.record({ t: fc.integer({ min: 1, max: 4 }), publisher: fc.constantFrom('a', 'b') }),
      count: fc.constantFrom(1, 2, 3, 4, 4, 4),
    }),
    { maxLength: 12 },
  );

  it('ticks of the stream - whole ones are put together, and no others, whoever died in which', () => {
    fc.assert(
      fc.property(ticks, (drawn) => {
        const sent = drawn.map(({ of, count }) => ({ of: header(of.t, of.publisher), count }));
        const assembly = new TickAssembly();
        const whole = stream(sent)
          .map((each) => assembly.add(each))
          .filter((tick) => tick !== null);
        expect(whole.map((tick) => tick.header)).toEqual(
          sent.filter(({ count }) => count === TICK_ORDER.length).map(({ of }) => of),
        );
        for (const { header: of, tick } of whole) {
          expect(tick.nowMs).toBe(of.t);
          for (const data of Object.values(tick.periods)) expect(data.totalTasks).toBe(of.t);
        }
      }),
    );
  });

  it('ticks of the stream - a missing message drops its tick only', () => {
    fc.assert(
      fc.property(fc.nat(11), (lost) => {
        const assembly = new TickAssembly();
        const all = stream([1, 2, 3].map((t) => ({ of: header(t), count: 4 })));
        const whole = all.filter((_each, index) => index !== lost).map((each) => assembly.add(each));
        expect(whole.filter((tick) => tick !== null).map((tick) => tick.header.t)).toEqual(
          [1, 2, 3].filter((t) => t !== Math.floor(lost / 4) + 1),
        );
      }),
    );
  });

  it('ticks of the stream - what the last messages say is what was published', () => {
    expect(publishedBy([], 0)).toEqual(NOTHING_PUBLISHED);
    const whole = stream([{ of: header(5), count: 4 }]);
    const data = statisticsOf(5, 5).periods.all;
    const expected = { t: 5, isWhole: true, progress: { 0: 5 }, all: data, placesAtMs: 1 };
    expect(publishedBy(whole, 4)).toEqual(expected);
    // A message that could not be read stands behind it.
    expect(publishedBy(whole, 5)).toEqual({ ...expected, isWhole: false });
    // The next publisher died after its second message: the others are of the tick before.
    const cut = stream([
      { of: header(5), count: 4 },
      { of: header(6, 'b'), count: 2 },
    ]);
    expect(publishedBy([...cut.slice(2, 4), ...cut.slice(4)], 6)).toMatchObject({
      t: 6,
      isWhole: false,
      progress: { 0: 6 },
      all: { totalTasks: 6 },
    });
  });

  it('ticks of the stream - memory counts when the stream holds less', () => {
    const [all, ...rest] = stream([{ of: header(7), count: 4 }]);
    const assembly = new TickAssembly();
    const whole = [all, ...rest].map((each) => (each === undefined ? null : assembly.add(each))).at(-1);
    if (whole === undefined || whole === null) throw new Error('the tick is whole');
    const remembered = rememberTick(whole);
    expect(knownTogether(NOTHING_PUBLISHED, remembered)).toEqual({ ...remembered, isWhole: false });
    expect(knownTogether(remembered, NOTHING_PUBLISHED)).toEqual(remembered);
    const newer = { ...remembered, t: 8, progress: { 0: 3, 1: 2 } };
    expect(knownTogether(newer, remembered)).toEqual({ ...newer, progress: { 0: 7, 1: 2 } });
  });
});

describe('messages of the stream', () => {
  const message = (payload: string, text: string) => ({
    seq: 1,
    payload,
    header: (name: string) => (name === TICK_HEADER ? text : ''),
  });
  const { payload } = statisticsMessage('1h', statisticsOf(3, 9).periods['1h'], 9, 'agg');
  const text = JSON.stringify(header(9));

  it('messages of the stream - one that was published is read whole', () => {
    expect(readTickRecord(message(payload, text))).toEqual({
      seq: 1,
      header: header(9),
      period: '1h',
      aggregatorId: 'agg',
      data: statisticsOf(3, 9).periods['1h'],
    });
  });

  it.each([
    ['no header', payload, ''],
    ['a header that is no JSON', payload, '{'],
    ['a time as text', payload, text.replace('"t":9', '"t":"9"')],
    ['progress below zero', payload, text.replace('{"0":9}', '{"0":-9}')],
    ['no publisher', payload, text.replace('publisher', 'by')],
    ['no JSON', 'x', text],
    ['an unknown period', payload.replace('"period":"1h"', '"period":"2h"'), text],
    ['a count as text', payload.replace('"totalTasks":3', '"totalTasks":"3"'), text],
    [
      'a distribution that is a list',
      payload.replace('"taskTypeDistribution":{"wasm":3}', '"taskTypeDistribution":[]'),
      text,
    ],
    ['a member less', payload.replace('staleNodes', 'stale'), text],
  ])('messages of the stream - %s is refused', (_name, of, head) => {
    expect(readTickRecord(message(of, head))).toBeNull();
  });

  it('messages of the stream - reading never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.json(), (any, json) => {
        for (const one of [any, json]) {
          expect(readTickHeader(one)).toBeNull();
          expect(readTickRecord(message(one, text))).toBeNull();
        }
      }),
    );
  });
});
