import { describe, expect, it } from 'vitest';
import { NO_STATISTICS } from '../../../src/federation/http/no-statistics.ts';
import { startServer } from './parts.ts';

/**
 * Every address in the page and in the files that it loads, relative to the page, which may be served below any path.
 */
async function loadedFrom(url: string): Promise<string[]> {
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
        /(?:^import [^;]*from |new SharedWorker\(new URL\()'([^']*)'/gm,
      ))
        foundIn(path, address);
      expect(text, path).not.toMatch(/['"`]\/(?:api|assets|metrics|readyz)/);
    }
  }
  return [...seen];
}

describe('page', () => {
  it('has one element for every member of the statistics', async () => {
    const body = await (await fetch(`${await startServer()}/`)).text();
    for (const name of Object.keys(NO_STATISTICS))
      expect(body.split(`data-metric="${name}"`), name).toHaveLength(2);
    expect([...body.matchAll(/data-metric=/g)]).toHaveLength(Object.keys(NO_STATISTICS).length);
  });

  it('loads only files of this server, and nothing inline', async () => {
    const url = await startServer();
    const loaded = await loadedFrom(url);
    expect(loaded).toEqual(
      expect.arrayContaining([
        '/assets/uplot.js',
        '/assets/page.css',
        '/assets/format.js',
        '/assets/feed-worker.js',
        '/assets/feed-hub.js',
      ]),
    );
    const body = await (await fetch(`${url}/`)).text();
    expect(body).not.toMatch(/<script(?![^>]* src=)|<style|style=| on[a-z]+=|https?:/);
  });

  it('writes values from messages as text only', async () => {
    const url = await startServer();
    const ours = (await loadedFrom(url)).filter((path) => path.endsWith('.js') && !path.includes('uplot'));
    expect(ours.length).toBeGreaterThan(10);
    for (const path of ours) {
      const text = await (await fetch(`${url}${path}`)).text();
      expect(text, path).not.toMatch(
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|https?:(?!\/\/www\.w3\.org)/,
      );
    }
  });

  it.each([
    ['/', /^text\/html/],
    ['/assets/main.js', /^text\/javascript/],
    ['/assets/uplot.js', /^text\/javascript/],
    ['/assets/page.css', /^text\/css/],
    ['/assets/icon.svg', /^image\/svg\+xml/],
  ])('serves %s with its content type', async (path, type) => {
    expect((await fetch(`${await startServer()}${path}`)).headers.get('content-type')).toMatch(type);
  });

  it.each(['/assets/', '/assets/..%2fserver.ts', '/assets/uplot.d.ts', '/assets/../server.ts', '/server.ts'])(
    'serves no other file: %s',
    async (path) => {
      expect((await fetch(`${await startServer()}${path}`)).status).toBe(404);
    },
  );
});
