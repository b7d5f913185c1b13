// The broker's folder and the files in it. Never holds anything that the database needs.

import { accessSync, constants } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError } from '../../lib/errors.ts';
import { makeFolder } from '../../lib/folder.ts';

/** Absolute paths; the configuration's also tells our process from others with the same id. */
export interface BrokerFiles {
  readonly folder: string;
  readonly configuration: string;
  readonly credentials: string;
  readonly pid: string;
  readonly log: string;
  readonly store: string;
}

/** The paths, whether or not anything is there. */
export function brokerFiles(folder: string): BrokerFiles {
  const path = resolve(folder);
  return {
    folder: path,
    configuration: join(path, 'nats-server.conf'),
    credentials: join(path, 'credentials.json'),
    pid: join(path, 'nats-server.pid'),
    log: join(path, 'nats-server.log'),
    store: join(path, 'jetstream'),
  };
}

/** Makes the folder (mode 0700) if need be. Throws `folder_not_writable`. */
export function requireWritableFolder({ folder }: BrokerFiles): void {
  try {
    makeFolder(folder, 0o700);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new CodedError(
      'folder_not_writable',
      `The broker's folder ${folder} cannot be written: give this user the right to, or set EMBEDDED_NATS_DIR to another.`,
      { cause: error },
    );
  }
}
