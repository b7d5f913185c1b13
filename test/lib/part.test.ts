import { describe, expect, it } from 'vitest';
import { type Part, SideBySide, startAt } from '../../src/lib/part.ts';

/** A part whose start and stop last until the test releases them; it records its calls in order. */
function slowPart(name: string, told: string[]) {
  const started = Promise.withResolvers<string>();
  const stopped = Promise.withResolvers<void>();
  const part: Part<string> = {
    async start() {
      told.push(`${name} starts`);
      return started.promise;
    },
    async stop() {
      told.push(`${name} stops`);
      await stopped.promise;
      told.push(`${name} is gone`);
    },
  };
  return { part, started, stopped };
}

function quickPart(name: string, told: string[]): Part<string> {
  const { part, started, stopped } = slowPart(name, told);
  started.resolve(name);
  stopped.resolve();
  return part;
}

const turns = () => new Promise((resolve) => setImmediate(resolve));

describe('parts', () => {
  it('parts - parts on a stack stop one after the other, the last one first', async () => {
    const told: string[] = [];
    const stack = new AsyncDisposableStack();
    expect(await startAt(stack, quickPart('a', told))).toBe('a');
    await startAt(stack, quickPart('b', told));
    await stack.disposeAsync();
    expect(told).toEqual(['a starts', 'b starts', 'b stops', 'b is gone', 'a stops', 'a is gone']);
  });

  it('parts - parts side by side are asked to stop at the same moment, the last one first, and all are waited for', async () => {
    const told: string[] = [];
    const stack = new AsyncDisposableStack();
    await startAt(stack, quickPart('under', told));
    const beside = stack.use(new SideBySide());
    const slow = slowPart('slow', told);
    slow.started.resolve('slow');
    await startAt(beside, slow.part);
    await startAt(beside, quickPart('quick', told));
    told.splice(0);
    const disposed = stack.disposeAsync();
    await turns();
    expect(told).toEqual(['quick stops', 'slow stops', 'quick is gone']);
    slow.stopped.resolve();
    await disposed;
    expect(told.slice(3)).toEqual(['slow is gone', 'under stops', 'under is gone']);
  });

  it.each([
    ['a stack', () => new AsyncDisposableStack()],
    ['a place side by side', () => new SideBySide()],
  ])(
    'parts - a stop in the middle of a start finds the part, and nothing is started after it: %s',
    async (_what, make) => {
      const told: string[] = [];
      const place = make();
      const { part, started, stopped } = slowPart('a', told);
      stopped.resolve();
      const starting = startAt(place, part);
      await place[Symbol.asyncDispose]();
      started.resolve('late');
      await starting;
      await expect(startAt(place, quickPart('b', told))).rejects.toThrow(ReferenceError);
      expect(told).toEqual(['a starts', 'a stops', 'a is gone']);
    },
  );

  it('parts - a part whose start fails is stopped with the others', async () => {
    const told: string[] = [];
    const stack = new AsyncDisposableStack();
    const { part, started, stopped } = slowPart('a', told);
    started.reject(new RangeError('no'));
    stopped.resolve();
    await expect(startAt(stack, part)).rejects.toThrow('no');
    await stack.disposeAsync();
    expect(told).toEqual(['a starts', 'a stops', 'a is gone']);
  });

  it('parts - a part that fails to stop keeps no other from stopping, and its error is thrown', async () => {
    const told: string[] = [];
    const stack = new AsyncDisposableStack();
    await startAt(stack, quickPart('under', told));
    const beside = stack.use(new SideBySide());
    await startAt(beside, quickPart('a', told));
    beside.defer(() => {
      throw new RangeError('stuck');
    });
    const ended = await stack.disposeAsync().catch((error: unknown) => error);
    expect((ended as AggregateError).errors).toEqual([new RangeError('stuck')]);
    expect(told.slice(2)).toEqual(['a stops', 'a is gone', 'under stops', 'under is gone']);
  });
});
