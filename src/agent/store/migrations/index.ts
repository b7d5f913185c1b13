// The numbered migrations, oldest first. A database's `user_version` is the number of the last migration applied to it.

import type { Migration } from '../../../store/migration.ts';
import { agent } from './001-agent.ts';

/** `MIGRATIONS[n]` migrates a database from version n to n + 1. */
export const MIGRATIONS: readonly Migration[] = [agent];
