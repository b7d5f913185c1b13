import { describe, expect, it } from 'vitest';
import { FactJournal } from '../../src/store/fact-journal.ts';
import type { FactsMessage } from '../../src/store/fact-messages.ts';

interface Told {
  readonly type: 'gone' | 'seen';
  readonly id: number;
}

const gone = (id: number): Told => ({ type: 'gone', id });
const seen: Told = { type: 'seen', id: 0 };

function setUp(waitingMax = 100) {
  const sent: FactsMessage<Told>[] = [];
  const journal = new FactJournal<Told>({
    waitingMax,
    isDroppable: ({ type }) => type === 'seen',
    send: (message) => void sent.push(message),
    nowMs: () => 7.5,
  });
  return { journal, sent };
}

describe('the journal', () => {
  it('journal - facts of one turn leave as one message, in the order told', async () => {
    const { journal, sent } = setUp();
    journal.note([gone(1)]);
    const committed = journal.commit([gone(2)]);
    journal.note([gone(3)]);
    expect(sent).toEqual([]);
    journal.flush();
    journal.note([gone(4)]);
    journal.flush();
    const [first, second] = [[gone(1), gone(2), gone(3)], [gone(4)]];
    expect(sent).toEqual([
      { type: 'facts', sequence: 1, facts: first, toldAtMs: 7, isAwaited: true },
      { type: 'facts', sequence: 2, facts: second, toldAtMs: 7, isAwaited: false },
    ]);
    expect(journal.waiting).toBe(4);
    journal.committed(1);
    await committed;
    expect(journal.waiting).toBe(1);
  });

  it('journal - whoever waits is told only when the message is committed', async () => {
    const { journal } = setUp();
    let isDone = false;
    const committed = journal.commit([gone(1)]).then(() => (isDone = true));
    journal.flush();
    journal.committed(0);
    await Promise.resolve();
    expect(isDone).toBe(false);
    journal.committed(1);
    await committed;
  });

  it('journal - beyond half of its room facts that may be are dropped, beyond all of it whoever waits is refused', async () => {
    const { journal, sent } = setUp(4);
    journal.note([gone(1), gone(2), seen]);
    expect([journal.waiting, journal.dropped]).toEqual([2, 1]);
    journal.note([gone(3)]);
    await expect(journal.commit([gone(4), gone(5)])).rejects.toMatchObject({ code: 'too_many' });
    journal.note([gone(6), gone(7)]);
    expect([journal.waiting, journal.dropped]).toEqual([3, 5]);
    journal.flush();
    expect(sent.flatMap(({ facts }) => facts)).toEqual([gone(1), gone(2), gone(3)]);
    journal.committed(1);
    journal.note([seen]);
    expect([journal.waiting, journal.dropped]).toEqual([1, 5]);
    journal.flush();
  });
});
