import { describe, expect, it } from 'vitest';
import { expectNothingInline, expectTextOnly, loadedFrom } from '../../support/page-files.ts';
import { startServer } from './parts.ts';

describe('mining page', () => {
  it('loads only files of this server, and nothing inline', async () => {
    const url = await startServer();
    const loaded = await loadedFrom(url);
    expect(loaded).toEqual(
      expect.arrayContaining([
        '/assets/page.css',
        '/assets/mining.css',
        '/assets/paged-table.js',
        '/assets/upstreams.js',
        '/assets/feed-worker.js',
        '/assets/uplot.js',
      ]),
    );
    await expectNothingInline(url);
  });

  it('writes values from miners and upstreams as text only', async () => {
    await expectTextOnly(await startServer());
  });

  it('has no file of another program', async () => {
    expect((await fetch(`${await startServer()}/assets/statistics.js`)).status).toBe(404);
  });
});
