// The words of mining's page for what the program counts: every verdict and every outcome of a proof has its own, so that
// none is shown by its bare name.

import { expect, it } from 'vitest';
import { VERDICTS } from '../../../src/mining/domain/facts.ts';
import { PROOF_OUTCOMES } from '../../../src/mining/domain/view.ts';

const { default: texts } = (await import(
  new URL('../../../src/mining/http/page/texts-en.js', import.meta.url).href
)) as { readonly default: Readonly<Record<string, unknown>> };

it.each([
  ...VERDICTS.map((verdict) => `work.verdict.${verdict}`),
  ...PROOF_OUTCOMES.map((outcome) => `work.proof.${outcome}`),
])('page - words of mining - %s', (key) => {
  expect(texts).toHaveProperty([key]);
});
