import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readSettings } from '../../../src/federation/config/settings.ts';
import { openReader } from '../../../src/store/database.ts';
import { FEDERATION_DATABASE } from '../../../src/federation/store/federation-database.ts';
import { openDatabase } from '../../../src/federation/store/open-database.ts';
import { lockDatabase } from '../../../src/store/lock.ts';
import { NOW_MS } from './events.ts';

const SALT = 'ab'.repeat(32);

function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'opened-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'aggregator.db');
  const { settings } = readSettings({ DB_PATH: path, FEDERATION_SALT: SALT, AGGREGATOR_ID: 'agg-1' });
  const told: string[] = [];
  const open = () => openDatabase(settings, NOW_MS, (level, sentence) => told.push(`${level} ${sentence}`));
  const close = ({ writer, lock }: ReturnType<typeof open>) => {
    writer.current.close();
    lock.release();
  };
  return { path, told, open, close };
}

describe('opened database', () => {
  it('opened database - a new file is made without a message, and has its tables outside the write-ahead log', () => {
    const { path, told, open, close } = setUp();
    const opened = open();
    expect(opened.identity.salt).toBe(SALT);
    expect(opened.writer.current.aggregatorId).toBe('agg-1');
    copyFileSync(path, `${path}.alone`);
    const alone = openReader(`${path}.alone`);
    expect(alone.prepare('SELECT count(*) FROM nodes').pluck().get()).toBe(0);
    alone.close();
    expect(opened.lock.hadDatabase).toBe(false);
    close(opened);
    const again = open();
    expect(again.lock.hadDatabase).toBe(true);
    expect(again.identity).toEqual(opened.identity);
    close(again);
    expect(told).toEqual([]);
  });

  it('opened database - no other opener gets the file until its lock is released', () => {
    const { open, close } = setUp();
    const opened = open();
    expect(open).toThrow(expect.objectContaining({ code: 'database_in_use' }));
    close(opened);
    close(open());
  });

  it('opened database - every spelling of its path is the same database, and a second name of the file is refused', () => {
    const { path, open, close } = setUp();
    const folder = dirname(path);
    const opened = open();
    mkdirSync(join(folder, 'below'));
    symlinkSync(folder, join(folder, 'below/up'));
    symlinkSync('aggregator.db', join(folder, 'link.db'));
    symlinkSync(join(folder, 'below/up/link.db'), join(folder, 'second.db'));
    linkSync(path, join(folder, 'hard.db'));
    const before = readdirSync(folder);
    const openAs = (written: string) => {
      const { settings } = readSettings({ DB_PATH: written, FEDERATION_SALT: SALT });
      expect(settings.embedded.dir).toBe(
        join(folder, written.endsWith('hard.db') ? 'hard-nats' : 'aggregator-nats'),
      );
      close(openDatabase(settings, NOW_MS, () => undefined));
    };
    expect(() => openAs(join(folder, 'hard.db'))).toThrow(/has 2 names \(hard links\)/);
    rmSync(join(folder, 'hard.db'));
    for (const written of [
      'link.db',
      'second.db',
      'below/up/aggregator.db',
      'below/../aggregator.db',
      'below/up/below/../link.db',
      './/aggregator.db',
    ]) {
      expect(() => openAs(`${folder}/${written}`), written).toThrow(
        expect.objectContaining({ code: 'database_in_use' }),
      );
    }
    expect(() => openAs(relative(process.cwd(), path))).toThrow(
      expect.objectContaining({ code: 'database_in_use' }),
    );
    expect(readdirSync(folder)).toEqual(before.filter((name) => name !== 'hard.db'));
    close(opened);
    // A killed restore left a second name beside the file, which no program opens.
    linkSync(path, `${path}.replaced-2026-01-15T10-30-00.123Z`);
    close(open());
  });

  it.each([
    ['database_missing', (path: string) => rmSync(path)],
    ['database_unusable', (path: string) => writeFileSync(path, 'no database at all'.repeat(1000))],
  ])('opened database - %s: the file is unchanged and no longer locked', (code, spoil) => {
    const { path, open, close } = setUp();
    close(open());
    spoil(path);
    const before = existsSync(path) && statSync(path).size;
    expect(open).toThrow(expect.objectContaining({ code }));
    expect(existsSync(path) && statSync(path).size).toBe(before);
    lockDatabase(path, FEDERATION_DATABASE, 'replace').release();
  });

  it('opened database - a file that other users may read gives a warning', () => {
    const { path, told, open, close } = setUp();
    close(open());
    chmodSync(path, 0o644);
    close(open());
    expect(told).toEqual([`warn other users may read ${path}, and the secrets in it: chmod 600 it`]);
  });
});
