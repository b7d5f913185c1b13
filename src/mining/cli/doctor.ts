// What `mining doctor` looks at: database, ports, and whether the upstreams take connections. It asks no upstream anything.

import type { DoctorSubject } from '../../cli/doctor.ts';
import { databaseChecks, isProgramRunning } from '../../cli/doctor-database.ts';
import { portCheck } from '../../cli/doctor-port.ts';
import { reachCheck } from '../../cli/doctor-reach.ts';
import { MINING_DATABASE } from '../store/mining-database.ts';
import { readGiven, SETTINGS_OPTIONS } from './settings-options.ts';

/** Mining as `doctor` sees it. */
export const MINING_DOCTOR: DoctorSubject = {
  looksAt: 'the database and its folder, ports, the upstreams',
  settingsOptions: SETTINGS_OPTIONS,
  examine(env, given) {
    const { config, warnings } = readGiven(env, given);
    const { path } = config.database;
    const isRunning = isProgramRunning(path);
    const keyed = (key: string) => ({ hostSetting: key, portSetting: key, isRunning });
    return {
      warnings,
      checks: [
        ...databaseChecks({ path, program: MINING_DATABASE, setting: 'database.path' }),
        portCheck({
          ...config.listen,
          ...keyed(config.listenKey),
          what: 'miners',
          isHttp: config.tls === null,
        }),
        ...(config.dashboard === null
          ? []
          : [
              portCheck({
                ...config.dashboard.listen,
                ...keyed('dashboard.listen_address'),
                what: 'dashboard',
                isHttp: true,
              }),
            ]),
        ...config.upstreams.map(({ name, url }) =>
          reachCheck('upstream', `the upstream ${name}`, url, 'check its address and that it runs'),
        ),
      ],
    };
  },
};
