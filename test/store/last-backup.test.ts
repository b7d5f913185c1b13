// The file that says when the last backup was complete.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LastBackup, recordBackup } from '../../src/store/last-backup.ts';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'last-backup-'));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

describe('last backup', () => {
  it('last backup - none is known without a file, and with one that has no time in it', async () => {
    const path = join(folder(), 'a.db');
    const last = new LastBackup(path);
    await last.look();
    expect(last.atMs).toBeNull();
    writeFileSync(`${path}.last-backup`, 'yesterday, I think');
    await last.look();
    expect(last.atMs).toBeNull();
  });

  it('last backup - the newest recorded time is read, also by a process that looked before', async () => {
    const path = join(folder(), 'a.db');
    const last = new LastBackup(path);
    for (const atMs of [1_700_000_000_000, 1_800_000_000_123]) {
      expect(recordBackup(path, atMs)).toBeNull();
      await last.look();
      expect(last.atMs).toBe(atMs);
    }
    expect(readFileSync(`${path}.last-backup`, 'utf8')).toBe('2027-01-15T08:00:00.123Z\n');
  });

  it('last backup - a folder that cannot be written is named in a sentence, and nothing is thrown', () => {
    const path = join(folder(), 'gone', 'a.db');
    expect(recordBackup(path, 0)).toContain(`${path}.last-backup (ENOENT)`);
  });
});
