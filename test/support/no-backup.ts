// A database of which no backup is known, for tests of metrics.

import type { BackupTime } from '../../src/metrics/last-backup.ts';

export const NO_BACKUP: BackupTime = { atMs: null, look: () => Promise.resolve() };
