// The accessibility faults that axe-core finds in a page.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** All faults, minor ones too, each with its elements. */
export async function axeFindings(page: Page): Promise<unknown[]> {
  await page.evaluate(AXE);
  const findings = await page.evaluate<readonly Finding[]>('axe.run().then(({ violations }) => violations)');
  return findings.map(({ id, impact, nodes }) => [
    `${id} (${impact})`,
    nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`),
  ]);
}
