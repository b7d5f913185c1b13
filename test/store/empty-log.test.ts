import { statSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { openReader } from '../../src/store/database.ts';
import { emptyLog } from '../../src/store/empty-log.ts';
import { hash, NOW_MS, received } from '../federation/store/events.ts';
import { Opened, testFolder } from '../federation/store/opened.ts';

describe('empty log', () => {
  it('empty log - the stop waits for a reader in its snapshot, up to a limit', () => {
    const folder = testFolder('empty-log');
    onTestFinished(() => folder.remove());
    const path = folder.path('a.db');
    const opened = new Opened(path);
    const reader = openReader(path);
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM tasks').get();
    opened.writer.apply(received('node-a', hash(1)), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
    opened.commit();
    const startedMs = systemClock.monotonicMs();
    expect(emptyLog(opened.database, 100, systemClock)).toBe(false);
    expect(systemClock.monotonicMs() - startedMs).toBeLessThan(2000);
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    reader.exec('COMMIT');
    // An idle reader does not block the checkpoint.
    expect(emptyLog(opened.database, 100, systemClock)).toBe(true);
    expect(statSync(`${path}-wal`).size).toBe(0);
    opened.writer.close();
    expect(emptyLog(opened.database, 100, systemClock)).toBe(false);
    reader.close();
  });
});
