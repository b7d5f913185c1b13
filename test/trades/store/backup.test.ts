import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeSummary, TRADES_DATABASE } from '../../../src/trades/store/trades-database.ts';
import { backupDatabase, restoreDatabase } from '../../../src/store/backup.ts';
import { delivered, job, keyUsed, sealed, temporaryPath } from './facts.ts';
import { startForTest } from './threaded.ts';

it('backup - of the running writer, and restored: what waited then waits again', async () => {
  const path = temporaryPath();
  const file = join(path, '..', 'backup.db');
  const first = await startForTest(path);
  const expiresAtMs = Date.now() + 600_000;
  const sealedAtMs = Date.UTC(2026, 0, 2);
  await first.side.journal.commit([
    keyUsed('one'),
    sealed(1, { entry: { sealedAtMs }, job: job('one', { expiresAtMs }) }),
    sealed(2, { entry: { sealedAtMs } }),
    delivered(1),
  ]);
  const summary = await backupDatabase({
    program: TRADES_DATABASE,
    databasePath: path,
    file,
    overwrite: false,
  });
  const described = '2 summaries of 1 client, 1 waiting, 0 dead letters, up to 2026-01-02T00:00:00.000Z';
  expect(describeSummary(summary)).toBe(described);
  await first.side.journal.commit([delivered(2), sealed(3)]);
  await first.stop();
  const restored = restoreDatabase({
    program: TRADES_DATABASE,
    databasePath: path,
    file,
    suffix: 'old',
    nowMs: 0,
  });
  expect(describeSummary(restored)).toBe(described);
  const { opened } = await startForTest(path);
  expect(opened.waiting.map(({ id }) => id)).toEqual([2]);
  expect(opened).toMatchObject({
    nextEntryId: 3,
    jobs: [{ entryId: 1, state: 'delivered', attempt: { response: '{"ok":true}' } }],
    keys: [{ key: { kid: 'kid-one' } }],
  });
});
