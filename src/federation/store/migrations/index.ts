// The numbered migrations, oldest first. A database's `user_version` is the number of the last migration applied to it.

import { federation } from './001-federation.ts';
import { segmentedHashes } from './002-segmented-hashes.ts';
import { adopted } from './003-adopted.ts';
import { keys } from './004-keys.ts';
import { quarantine } from './005-quarantine.ts';
import { missing } from './006-missing.ts';
import { eventClock } from './007-event-clock.ts';
import { keyMoments } from './008-key-moments.ts';
import { cluster } from './009-cluster.ts';
import { events } from './010-events.ts';
import type { Migration } from '../../../store/migration.ts';

/** `MIGRATIONS[n]` migrates a database from version n to n + 1. */
export const MIGRATIONS: readonly Migration[] = [
  federation,
  segmentedHashes,
  adopted,
  keys,
  quarantine,
  missing,
  eventClock,
  keyMoments,
  cluster,
  events,
];
