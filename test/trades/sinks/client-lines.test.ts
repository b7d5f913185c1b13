import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientLines, type Line } from '../../../src/trades/sinks/client-lines.ts';
import { ManualTime } from '../../support/manual-time.ts';

function setUp() {
  const time = new ManualTime();
  let due = 0;
  const lines = new ClientLines({ clock: time, timers: time, isDue: () => void (due += 1) });
  let nextId = 1;
  return {
    lines,
    pass: (ms: number) => time.advance(ms, async () => undefined),
    due: () => due,
    add(clientId: string, wait: Parameters<ClientLines['add']>[2] = null): number {
      const id = nextId++;
      lines.add(clientId, { id, digest: `d${id}`, bodyBytes: 1, sinceMs: id, attempts: 0 }, wait);
      return id;
    },
    /** Takes the line whose turn it is. */
    take(): Line {
      const line = lines.peek();
      if (line === null) throw new Error('no line is ready');
      lines.take(line);
      return line;
    },
  };
}

const own = (waitMs: number) => ({ waitMs, mayComeForward: true });
const asked = (waitMs: number) => ({ waitMs, mayComeForward: false });

describe('client lines', () => {
  it('client lines - law: each client in order, one at a time, whatever happens between', async () => {
    const step = fc.record({
      what: fc.constantFrom('add', 'begin', 'fail', 'end', 'pass', 'forward'),
      client: fc.nat(3),
      ms: fc.nat(2000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 200 }), async (steps) => {
        const { lines, pass, add, take } = setUp();
        const added = new Map<string, number[]>();
        const ended = new Map<string, number[]>();
        const underWay: Line[] = [];
        const note = (of: Map<string, number[]>, client: string, id: number) =>
          of.set(client, [...(of.get(client) ?? []), id]);
        const end = (line: Line) => {
          note(ended, line.clientId, line.entries.peek()?.id ?? 0);
          lines.shift(line);
        };
        for (const { what, client, ms } of steps) {
          if (what === 'add') note(added, `c${client}`, add(`c${client}`));
          if (what === 'pass') await pass(ms);
          if (what === 'forward') lines.comeForward(() => ms);
          if (what === 'begin' && lines.peek() !== null) {
            const line = take();
            expect(underWay).not.toContain(line);
            underWay.push(line);
          }
          const line = what === 'fail' || what === 'end' ? underWay.shift() : undefined;
          if (line !== undefined && what === 'fail') lines.wait(line, ms % 2 === 0 ? own(ms) : asked(ms));
          if (line !== undefined && what === 'end') end(line);
        }
        for (const line of underWay) end(line);
        await pass(2000);
        while (lines.peek() !== null) end(take());
        expect(ended).toEqual(added);
        expect(lines.oldestMs).toBeNull();
      }),
    );
  });

  it('client lines - a client that has many takes its turn behind each other client', () => {
    const { lines, add, take } = setUp();
    for (const client of ['a', 'a', 'a', 'b', 'c']) add(client);
    const order: string[] = [];
    while (lines.peek() !== null) {
      const line = take();
      order.push(line.clientId);
      lines.shift(line);
    }
    expect(order).toEqual(['a', 'b', 'c', 'a', 'a']);
  });

  it('client lines - a line that waits by itself comes forward, never back, and not if it was told to wait', async () => {
    const { lines, pass, add, due } = setUp();
    add('long', own(300_000));
    add('short', own(500));
    add('told', asked(300_000));
    lines.comeForward(() => 1_000);
    await pass(500);
    expect([due(), lines.peek()?.clientId]).toEqual([1, 'short']);
    await pass(500);
    expect(due()).toBe(2);
    await pass(298_999);
    expect(due()).toBe(2);
    await pass(1);
    expect(due()).toBe(3);
  });

  it('client lines - the oldest entry, and no wait after a stop', async () => {
    const { lines, pass, add, due } = setUp();
    expect(lines.oldestMs).toBeNull();
    add('a', own(10));
    add('b');
    expect(lines.oldestMs).toBe(1);
    lines.stop();
    await pass(1_000);
    expect(due()).toBe(0);
  });
});
