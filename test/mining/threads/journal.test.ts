import { describe, expect, it } from 'vitest';
import type { Fact } from '../../../src/mining/domain/facts.ts';
import { WriterJournal } from '../../../src/mining/threads/journal.ts';
import type { FactsMessage } from '../../../src/mining/threads/messages.ts';

const gone = (id: number): Fact => ({ type: 'entriesGone', ids: [id] });
const seen: Fact = { type: 'seen', atMs: 1, machineId: 'm', address: 'a', polls: 1 };

function setUp(waitingMax?: number) {
  const sent: FactsMessage[] = [];
  const journal = new WriterJournal(
    { send: (message) => void sent.push(message), observedMs: () => 7 },
    waitingMax,
  );
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
      { type: 'facts', sequence: 1, facts: first, observedMs: 7, isAwaited: true },
      { type: 'facts', sequence: 2, facts: second, observedMs: 7, isAwaited: false },
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

  it('journal - beyond half of its room polls are dropped, beyond all of it whoever waits is refused', async () => {
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
