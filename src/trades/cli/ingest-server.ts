// `aggregator ingest-server`: runs the reference backend until a signal ends it.

import { command } from '../../cli/command.ts';
import { option } from '../../cli/command-line.ts';
import { untilSignal } from '../../cli/until-signal.ts';
import { type Environment, fromCaller } from '../../config/environment.ts';
import { createLog } from '../../io/log.ts';
import { isHttpUrl } from '../../lib/http-get.ts';
import { createBackend, defaultKeys, type KeySource } from '../backend/backend.ts';
import { readIngestSettings } from '../config/ingest-settings.ts';
import { ownHttpUrl } from '../config/own-url.ts';
import { DEFAULT_KEY_FILE, readSome } from '../config/settings.ts';

/** The backend holds figures that only its operator may see: it listens on this machine alone. */
const HOST = '127.0.0.1';

/** Where the keys come from: `--keys`, else the key file and the list of the service of this environment. */
function keySources(env: Environment, given: string | undefined): readonly KeySource[] {
  if (given === undefined) {
    const keyFile = readSome(env, ['AGGREGATOR_PRIVATE_KEY']).AGGREGATOR_PRIVATE_KEY ?? DEFAULT_KEY_FILE;
    return defaultKeys(keyFile, ownHttpUrl(env));
  }
  if (isHttpUrl(given)) return [{ type: 'address', url: given }];
  return [{ type: 'file', path: fromCaller(env, given), isOptional: false }];
}

/** The command `ingest-server`. */
export const ingestServerCommand = command({
  about:
    'Takes signed summaries at POST /api/ingest, verifies and stores them, and shows on a page what they say of each client. Settings: INGEST_PORT (3010), INGEST_DB_PATH (data/ingest.db), LOG_LEVEL, LOG_FORMAT.',
  options: {
    keys: option(
      'FILE_OR_URL',
      'the keys whose summaries are taken: a JWK set or PEM, as a file or an address; default: the key file of the service if it is there, and the list of keys of the service on this machine',
    ),
  },
  exit: '0 ended by a signal; 1 it cannot start or continue, and says why; 2 usage.',
  run({ values }, env) {
    const { settings, warnings } = readIngestSettings(env);
    const keys = keySources(env, values.keys);
    const log = createLog(settings.log);
    for (const warning of warnings) log.warn(`settings: ${warning}`);
    return untilSignal({
      log,
      ready: 'ready for summaries; stop with Ctrl-C or SIGTERM',
      stopping: 'answering the requests under way, and closing the database',
      make: (fatal) => {
        const { port, databasePath } = settings;
        const backend = createBackend({ host: HOST, port, databasePath, keys }, { log, fatal });
        return { start: () => backend.start(), stop: () => backend.stop(), kill: () => undefined };
      },
    });
  },
});
