// docs/security.md against the tests and the database: a test performs each attack that it names, it names each attack
// among the federation's tests, and it names every table of each program.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { HTTP_CONNECTIONS_MAX, HTTP_CONNECTIONS_PER_ADDRESS_MAX } from '../../../src/http/bounded-server.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { openMiningWriter } from '../../../src/mining/store/mining-database.ts';
import { openWriter } from '../../../src/store/database.ts';
import { TRADES_DATABASE } from '../../../src/trades/store/trades-database.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGE = readFileSync(`${ROOT}docs/security.md`, 'utf8');
const ROWS = PAGE.split('\n')
  .filter((line) => line.includes('| `test/'))
  .map((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const at = cells.findIndex((cell) => cell.startsWith('`test/'));
    return { attack: cells[1] ?? '', path: (cells[at] ?? '').replaceAll('`', ''), name: cells[at + 1] ?? '' };
  });

describe('security page', () => {
  it('security page - it names attacks on broker, messages, HTTP, mining and trades, and attacks that nothing stops', () => {
    expect(ROWS.length).toBeGreaterThan(100);
  });

  it.each(ROWS)('security page - $attack', ({ path, name }) => {
    expect(existsSync(`${ROOT}${path}`), `${path} does not exist`).toBe(true);
    expect(name).not.toBe('');
    expect(readFileSync(`${ROOT}${path}`, 'utf8')).toContain(name);
  });

  it('security page - it names every attack among the tests', () => {
    const titles = readdirSync(`${ROOT}test/federation/security`).flatMap((file) =>
      [
        ...readFileSync(`${ROOT}test/federation/security/${file}`, 'utf8').matchAll(
          /^\s+(?:it\(|\]\)\(|\)\()?['"]((?:attack|nothing stops)[^\n]*?)['"],/gm,
        ),
      ].map(([, title = '']) => title),
    );
    expect(titles.length).toBeGreaterThan(25);
    const named = (title: string) => ROWS.some(({ name }) => title.startsWith(name) || title.includes(name));
    expect(titles.filter((title) => !named(title))).toEqual([]);
  });

  it('security page - it gives the limits of connections', () => {
    for (const bound of [HTTP_CONNECTIONS_MAX, HTTP_CONNECTIONS_PER_ADDRESS_MAX])
      expect(PAGE).toContain(`${bound.toLocaleString('en')} connections`);
  });

  it.each([
    ['federation', openFederationWriter],
    ['mining', openMiningWriter],
    ['trades', (path: string) => openWriter(path, TRADES_DATABASE, null)],
  ] as const)('security page - it names every table of the database of %s', (_program, open) => {
    const folder = mkdtempSync(join(tmpdir(), 'aggregator-page-'));
    const database = open(join(folder, 'aggregator.db'));
    const tables = database
      .prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .pluck()
      .all();
    database.close();
    rmSync(folder, { recursive: true });
    expect(tables.length).toBeGreaterThan(7);
    expect(tables.filter((table) => !PAGE.includes(`\`${table}\``))).toEqual([]);
  });
});
