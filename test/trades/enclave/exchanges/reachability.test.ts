import { expect, it } from 'vitest';
import { Reachability, SILENCE_TOLD_MS } from '../../../../src/trades/enclave/exchanges/reachability.ts';

it('reachability - a long silence and its end are said once each, and a short one is not', () => {
  const lines: string[] = [];
  const tell = (sentence: string) => void lines.push(sentence.split(': ')[1] ?? '');
  let nowMs = 0;
  const parts = { log: { info: tell, warn: tell }, clock: { monotonicMs: () => nowMs } };
  const reachability = new Reachability('binance', parts);
  reachability.unanswered();
  nowMs = SILENCE_TOLD_MS - 1;
  reachability.unanswered();
  reachability.answered();
  nowMs = SILENCE_TOLD_MS;
  reachability.unanswered();
  expect(lines).toEqual([]);
  nowMs = 2 * SILENCE_TOLD_MS;
  for (let attempt = 0; attempt < 1_000; attempt++) {
    nowMs += 1_000;
    reachability.unanswered();
  }
  expect(lines).toEqual(['nothing answers']);
  reachability.answered();
  reachability.answered();
  expect(lines).toEqual(['nothing answers', 'it answers again']);
});
