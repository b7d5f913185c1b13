import { describe, expect, it } from 'vitest';
import { expectNothingInline, expectTextOnly, loadedFrom } from '../../support/page-files.ts';
import { startServer } from './parts.ts';

describe('trades page files', () => {
  it('loads only files of this server, and nothing inline', async () => {
    const url = await startServer();
    expect(await loadedFrom(url)).toEqual(
      expect.arrayContaining(['/assets/page.css', '/assets/trades.css', '/assets/rows-table.js']),
    );
    await expectNothingInline(url);
  });

  it('writes values from clients and the backend as text only', async () => {
    await expectTextOnly(await startServer());
  });

  it('has no file of another program', async () => {
    expect((await fetch(`${await startServer()}/assets/upstreams.js`)).status).toBe(404);
  });
});
