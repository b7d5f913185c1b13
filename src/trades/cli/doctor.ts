// What `trades doctor` looks at: database, ports, the signing key, and whether the ingestion API takes connections. It signs
// and sends nothing.

import type { DoctorSubject } from '../../cli/doctor.ts';
import { type Check, fail, ok, warn } from '../../cli/finding.ts';
import { databaseChecks, isProgramRunning } from '../../cli/doctor-database.ts';
import { portCheck } from '../../cli/doctor-port.ts';
import { reachCheck } from '../../cli/doctor-reach.ts';
import { readKeyFile } from '../../io/key-file.ts';
import { readSettings } from '../config/settings.ts';
import { TRADES_DATABASE } from '../store/trades-database.ts';

/** Trades as `doctor` sees it. */
export const TRADES_DOCTOR: DoctorSubject = {
  looksAt: 'the database and its folder, ports, the signing key, the ingestion API',
  examine(env) {
    const { settings, warnings } = readSettings(env);
    const { databasePath: path, listen, backend, key } = settings;
    const isRunning = isProgramRunning(path);
    const { host, port, wsPort } = listen;
    const listener = { host, hostSetting: 'AGGREGATOR_HOST', isRunning };
    return {
      warnings,
      checks: [
        ...databaseChecks({ path, program: TRADES_DATABASE, setting: 'DB_PATH' }),
        portCheck({
          ...listener,
          what: 'HTTP',
          port,
          portSetting: 'AGGREGATOR_PORT',
          isHttp: true,
        }),
        portCheck({
          ...listener,
          what: 'WebSocket',
          port: wsPort,
          portSetting: 'AGGREGATOR_WS_PORT',
          isHttp: false,
        }),
        keyCheck(key.file),
        reachCheck(
          'ingestion',
          'the ingestion API',
          backend.url,
          'check AGGREGATOR_BACKEND_URL and that it runs; summaries wait',
        ),
      ],
    };
  },
};

function keyCheck(file: string): Check {
  return {
    what: 'signing key',
    look() {
      const key = readKeyFile(file);
      if (key === null) {
        return [
          fail('signing key', `there is no file ${file}`, 'make one: aggregator keygen, or npm run trades'),
        ];
      }
      const warnings = key.warnings.map((sentence) => warn('signing key', sentence, 'then look again'));
      return warnings.length > 0 ? warnings : [ok('signing key', `${file} holds one`)];
    },
  };
}
