import { describe, expect, it } from 'vitest';
import { NO_STATISTICS } from '../../../src/federation/http/no-statistics.ts';
import { expectNothingInline, expectTextOnly, loadedFrom } from '../../support/page-files.ts';
import { startServer } from './parts.ts';

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
    await expectNothingInline(url);
  });

  it('writes values from messages as text only', async () => {
    await expectTextOnly(await startServer());
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
