// What a page and its files load, and what none of them may contain.

import { expect } from 'vitest';

/**
 * Every address in the page and in the files that it loads, relative to the page, which may be served below any path.
 */
export async function loadedFrom(url: string): Promise<string[]> {
  const seen = new Set<string>();
  const waiting = ['/'];
  const foundIn = (path: string, address: string) => {
    // If the page is not at the root of its host, an address that begins with a slash leads elsewhere.
    const found = new URL(address, `http://a/below${path}`).pathname;
    expect(found, `${address} in ${path}`).toMatch(/^\/below\//);
    waiting.push(found.slice('/below'.length));
  };
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const response = await fetch(`${url}${path}`);
    expect(response.status, path).toBe(200);
    const text = await response.text();
    if (path === '/') {
      for (const [, address = ''] of text.matchAll(/<(?:link|script|img)[^>]*(?:src|href)="([^"]*)"/g))
        foundIn(path, address);
    }
    if (path.endsWith('.js')) {
      for (const [, address = ''] of text.matchAll(
        /(?:^(?:import|\}) [^;]*from |new SharedWorker\(new URL\()'([^']*)'/gm,
      ))
        foundIn(path, address);
      expect(text, path).not.toMatch(/['"`]\/(?:api|assets|metrics|readyz)/);
    }
  }
  return [...seen];
}

/** No file writes text of others as HTML or code, or names another host. */
export async function expectTextOnly(url: string): Promise<void> {
  const ours = (await loadedFrom(url)).filter((path) => path.endsWith('.js') && !path.includes('uplot'));
  expect(ours.length).toBeGreaterThan(10);
  for (const path of ours) {
    const text = await (await fetch(`${url}${path}`)).text();
    expect(text, path).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|https?:(?!\/\/www\.w3\.org)/,
    );
  }
}

/** The page has nothing inline, and names no other host. */
export async function expectNothingInline(url: string): Promise<void> {
  const body = await (await fetch(`${url}/`)).text();
  expect(body).not.toMatch(/<script(?![^>]* src=)|<style|style=| on[a-z]+=|https?:/);
}
