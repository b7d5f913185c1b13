// The migrations of the reference backend's database, in order: the file n takes it from version n − 1 to n.

import type { Migration } from '../../../store/migration.ts';
import { ingest } from './001-ingest.ts';

/** All migrations. */
export const MIGRATIONS: readonly Migration[] = [ingest];
