import { describe, expect, it } from 'vitest';
import { WaitingLine } from '../../../src/federation/ingest/waiting-line.ts';

interface Said {
  readonly type: string;
  readonly name: string;
}

const said = (name: string): Said => ({ type: name.replace(/\d+$/, ''), name });

/** A waiting line that may not pass some types, and the names of the messages that were taken. */
function setUp() {
  const shut = new Set<string>();
  const taken: string[] = [];
  let onTake = ({ name }: Said): void => void taken.push(name);
  const line = new WaitingLine<Said>({
    mayTake: ({ type }) => !shut.has('all') && !shut.has(type),
    take: (message) => onTake(message),
  });
  return {
    line,
    shut,
    taken,
    add: (...names: string[]) => names.forEach((name) => line.add(said(name))),
    whenTaking: (run: (message: Said) => void) => {
      onTake = run;
    },
  };
}

describe('waiting line', () => {
  it('waiting line - a message that may pass is taken at once', () => {
    const { add, taken } = setUp();
    add('batch1', 'clock1', 'batch2');
    expect(taken).toEqual(['batch1', 'clock1', 'batch2']);
  });

  it('waiting line - no message overtakes a waiting message, except the counts of shed messages', () => {
    const { line, shut, add, taken } = setUp();
    shut.add('batch');
    add('clock1', 'batch1', 'clock2', 'shed1', 'attach1');
    expect(taken).toEqual(['clock1', 'shed1']);
    line.drain();
    expect(taken).toEqual(['clock1', 'shed1']);
    shut.clear();
    line.drain();
    add('batch2');
    expect(taken).toEqual(['clock1', 'shed1', 'batch1', 'clock2', 'attach1', 'batch2']);
  });

  it('waiting line - of successive clock readings only the last waits, in the place of the first', () => {
    const { line, shut, add, taken } = setUp();
    shut.add('all');
    add('clock1', 'clock2', 'batch1', 'clock3', 'clock4', 'clock5', 'attach1', 'clock6');
    shut.clear();
    line.drain();
    expect(taken).toEqual(['clock2', 'batch1', 'clock5', 'attach1', 'clock6']);
  });

  it('waiting line - a message that is put back is taken next, before all waiting messages', () => {
    const { line, shut, add, taken, whenTaking } = setUp();
    shut.add('all');
    add('attach1', 'batch1');
    shut.clear();
    whenTaking((message) => {
      line.putBack(message);
      shut.add('all');
    });
    line.drain();
    whenTaking(({ name }) => taken.push(name));
    add('batch2');
    expect(taken).toEqual([]);
    shut.clear();
    line.drain();
    expect(taken).toEqual(['attach1', 'batch1', 'batch2']);
  });

  it('waiting line - a commit that succeeds while the line is drained keeps the order', () => {
    const { line, shut, add, taken, whenTaking } = setUp();
    shut.add('all');
    add('batch1', 'batch2', 'batch3');
    shut.clear();
    whenTaking(({ name }) => {
      taken.push(name);
      line.drain();
    });
    line.drain();
    expect(taken).toEqual(['batch1', 'batch2', 'batch3']);
  });
});
