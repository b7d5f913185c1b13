// Reads who a node is from the database of a deployed monitor: its id, its continent and what its owner opted out of.
// Nothing else in that file is read, and nothing in it is changed.

import { existsSync } from 'node:fs';
import { CodedError } from '../../lib/errors.ts';
import { explainReading, openReader, type ReadDatabase } from '../../store/database.ts';
import { CONTINENTS } from '../../federation/domain/vocabulary.ts';
import type { AgentIdentity } from '../domain/agent-state.ts';
import { isNodeId } from './identity-file.ts';

/** What is taken over from a monitor. */
export type AdoptedMonitor = Pick<
  AgentIdentity,
  'nodeId' | 'isEnabled' | 'sharesLocation' | 'sharesTasks' | 'continent'
>;

/** The table of one row in which monitors keep it. */
const TABLE = 'federation_settings';
/** Columns in which a version of the monitor may keep the continent; the versions that are known take it from NODE_CONTINENT. */
const CONTINENT_COLUMNS = ['continent', 'node_continent', 'continent_bucket'] as const;

/**
 * Reads the settings of the monitor whose database is at `path`. A column that its version does not have yet opts out of
 * nothing. Errors: `not_found`; `database_unusable` if it is no database of a monitor, or has no node id yet;
 * `folder_not_writable` if it cannot be opened.
 */
export function readMonitor(path: string): AdoptedMonitor {
  if (!existsSync(path))
    throw new CodedError('not_found', `There is no file ${path}: name the database of the monitor.`);
  const database = openReader(path);
  try {
    return readSettings(database, path);
  } catch (error) {
    throw explainReading(error, path);
  } finally {
    database.close();
  }
}

function readSettings(database: ReadDatabase, path: string): AdoptedMonitor {
  const columns = database.prepare(`SELECT name FROM pragma_table_info('${TABLE}')`).pluck().all();
  if (!columns.includes('node_id')) {
    throw new CodedError(
      'database_unusable',
      `The file ${path} is no database of a node monitor: it has no table ${TABLE} with a node id; name the file that the monitor's DB_PATH names.`,
    );
  }
  const column = (name: string) => {
    if (!columns.includes(name)) return null;
    return database.prepare(`SELECT ${name} FROM ${TABLE} WHERE id = 1`).pluck().get() ?? null;
  };
  const nodeId = column('node_id');
  if (typeof nodeId !== 'string' || !isNodeId(nodeId)) {
    throw new CodedError(
      'database_unusable',
      `The database ${path} of a node monitor holds no node id of the form node-UUID: the monitor never took part in the federation, or its version is unknown; start without adoption, and the node gets a new id.`,
    );
  }
  const isNotZero = (name: string) => column(name) !== 0;
  return {
    nodeId,
    isEnabled: isNotZero('enabled'),
    sharesLocation: isNotZero('location_enabled'),
    sharesTasks: isNotZero('share_tasks'),
    continent: continentOf(CONTINENT_COLUMNS.map(column)),
  };
}

function continentOf(values: readonly unknown[]): string | null {
  const known: readonly string[] = CONTINENTS;
  for (const value of values) {
    const code = typeof value === 'string' ? value.trim().toUpperCase() : '';
    if (known.includes(code)) return code;
  }
  return null;
}
