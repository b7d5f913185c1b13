// The settings of the reference backend, and their table in docs/trades.md.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { INGEST_SETTINGS, readIngestSettings } from '../../../src/trades/config/ingest-settings.ts';
import { tableRows } from '../../support/metric-docs.ts';

describe('settings of the reference backend', () => {
  it('have their defaults', () => {
    const { settings, warnings } = readIngestSettings({ INGEST_PORT: '' }, false);
    expect(warnings).toEqual([]);
    expect(settings).toEqual({
      port: 3010,
      databasePath: expect.stringMatching(/data\/ingest\.db$/) as string,
      log: { level: 'info', format: 'json' },
    });
    expect(readIngestSettings({}, true).settings.log.format).toBe('text');
  });

  it('are all wrong at once, and a wrong name is suspected', () => {
    const wrong = { INGEST_PORT: '-1', INGEST_DB_PATH: 'data/', LOG_LEVEL: 'loud', LOG_FORMAT: 'xml' };
    expect(() => readIngestSettings(wrong)).toThrow(/^4 settings are wrong:\n(?: {2}\S.*\n?){4}$/);
    expect(readIngestSettings({ INGEST_PROT: '1' }).warnings).toEqual([
      expect.stringContaining('INGEST_PORT') as string,
    ]);
  });

  it('stand in docs/trades.md as they are', () => {
    const page = readFileSync(new URL('../../../docs/trades.md', import.meta.url), 'utf8');
    const [, section = ''] = page.split('\n## The reference backend\n');
    const rows = tableRows(section.slice(0, section.indexOf('`--keys')));
    const plain = (text = '') => text.replaceAll('`', '');
    expect(rows.map(([name, unset, meaning]) => [plain(name), plain(unset), meaning])).toEqual(
      INGEST_SETTINGS.map((setting) => [setting.name, plain(setting.default), setting.meaning]),
    );
  });
});
