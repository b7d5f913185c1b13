// What the tests of every dashboard look at: elements by their names, whether the page fits, and both colour schemes.

import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { axeFindings } from './axe.ts';
import { until } from './until.ts';

/** A phone, for `openPage`. */
export const PHONE: BrowserContextOptions = {
  viewport: { width: 360, height: 740 },
  hasTouch: true,
  colorScheme: 'light',
  reducedMotion: 'reduce',
};

export const live = (page: Page, name: string) => page.locator(`[data-live="${name}"]`).first().textContent();
export const status = (page: Page, name: string) => page.locator(`#status[data-status="${name}"]`).waitFor();
export const row = (page: Page, table: string, id: string) => page.locator(`#${table} tr[data-row="${id}"]`);
export const rows = (page: Page, table: string) => page.locator(`#${table} tbody tr`);

/** Nothing is wider than the window. Charts take a new width a moment after the window has it. */
export async function expectFits(page: Page): Promise<void> {
  const sizes = '[document.documentElement.scrollWidth, innerWidth]';
  await until('a page as wide as the window', async () => {
    const [content, window] = await page.evaluate<[number, number]>(sizes);
    return content === window;
  });
}

/** No table needs to be scrolled sideways. */
export async function expectTablesFit(page: Page, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    const widths = `(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth])(document.querySelector('#${table}').parentElement)`;
    const [content, visible] = await page.evaluate<[number, number]>(widths);
    expect(content, table).toBe(visible);
  }
}

/** A light page is accessible, and dark too. The switch has the choices of the system, light and dark. */
export async function expectAccessible(page: Page): Promise<void> {
  expect(await axeFindings(page)).toEqual([]);
  await page.locator('#theme').click();
  await page.locator('#theme').click();
  expect(await page.locator('#theme-text').textContent()).toBe('Dark');
  expect(await axeFindings(page)).toEqual([]);
}
