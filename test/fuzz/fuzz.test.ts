// The fuzzer with a small budget and a fixed seed, so that `npm test` gives the same result each time; `npm run fuzz`
// goes on with other seeds for as long as it is told to.

import { describe, expect, it, onTestFinished } from 'vitest';
import { controlTarget } from '../../fuzz/control.ts';
import { httpTarget } from '../../fuzz/http.ts';
import { messagesTarget } from '../../fuzz/messages.ts';
import { growthPerMinute, runFuzz } from '../../fuzz/run.ts';
import { settingsTarget } from '../../fuzz/settings.ts';
import { FuzzFailure, type FuzzTarget } from '../../fuzz/target.ts';

const BUDGET_MS = 20_000;

describe('fuzz', () => {
  it.each([
    ['messages', messagesTarget, 20_000],
    ['settings', settingsTarget, 1500],
    ['http', httpTarget, 600],
    ['control', controlTarget, 2000],
  ] as const)('fuzz - %s: nothing breaks, and every input is counted', async (name, make, inputsMax) => {
    const target: FuzzTarget = await make();
    onTestFinished(async () => {
      await target.close();
    });
    const { inputs } = await runFuzz([target], { seed: 1, budgetMs: BUDGET_MS, inputsMax });
    const counted = Object.values(target.outcomes).reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(inputs.get(name));
    // A slow machine may not finish all inputs.
    expect(counted).toBeGreaterThan(inputsMax / 20);
    // Some inputs are refused, and some accepted.
    expect(Object.values(target.outcomes).filter((count) => count > counted / 100).length).toBeGreaterThan(1);
  });

  it('fuzz - a failure is reported with its cause and with the command that repeats it', async () => {
    let fed = 0;
    const target: FuzzTarget = {
      name: 'brittle',
      sliceInputs: 10,
      outcomes: {},
      feed(random) {
        fed++;
        if (random.below(100) === 7) throw new FuzzFailure('seven');
      },
      settle() {},
      close() {},
    };
    const run = (inputsMax: number) => runFuzz([target], { seed: 42, budgetMs: BUDGET_MS, inputsMax });
    const error = await run(100_000).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ cause: { message: 'seven' } });
    const [, inputs] = /--seed 42 --target brittle --inputs (\d+)$/.exec((error as Error).message) ?? [];
    expect(Number(inputs)).toBe(fed);
    await expect(run(Number(inputs))).rejects.toMatchObject({ cause: { message: 'seven' } });
    await expect(run(Number(inputs) - 1)).resolves.toBeDefined();
  });

  it('fuzz - growth is computed from the later two thirds of a run', () => {
    const memory = Array.from({ length: 30 }, (_, index) => ({
      atMs: index * 2000,
      held: index < 10 ? index * 1e9 : 1e9 + index * 1000,
      resident: 5e8,
    }));
    expect(growthPerMinute(memory, ({ held }) => held)).toBeCloseTo(30_000);
    expect(growthPerMinute(memory, ({ resident }) => resident)).toBe(0);
    expect(growthPerMinute([], ({ resident }) => resident)).toBe(0);
  });
});
