// The metric of the last backup of a program's database. It reads no file: the program gives it the time.

import { gauge } from './reading.ts';
import type { MetricsRegistry } from './registry.ts';

/** When the last backup was complete. */
export interface BackupTime {
  /** Unix time in milliseconds, as of the last `look`; null if no backup is known. */
  readonly atMs: number | null;
  /** Finds out the time; it never fails. */
  look(): Promise<void>;
}

/** Adds the metric; the time is found out at each scrape. */
export function addLastBackup(registry: MetricsRegistry, prefix: string, backup: BackupTime): void {
  registry.addLook(() => backup.look());
  const name = `${prefix}_last_backup_timestamp_seconds`;
  const help = 'Unix time at which the last backup was complete; 0 while none is known.';
  registry.addReadings([gauge(name, help, ({ atMs }: BackupTime) => (atMs ?? 0) / 1000)], () => backup);
}
