// What `agent doctor` looks at: the state file, the port, the node's files, and the federation's broker. It sends nothing.

import type { DoctorSubject } from '../../cli/doctor.ts';
import { type Check, ok, warn } from '../../cli/finding.ts';
import { brokerFindings } from '../../cli/doctor-broker.ts';
import { databaseChecks, isProgramRunning } from '../../cli/doctor-database.ts';
import { portCheck } from '../../cli/doctor-port.ts';
import { counted } from '../../lib/counted.ts';
import { readSettings } from '../config/settings.ts';
import { expandGlob } from '../sources/globs.ts';
import { AGENT_DATABASE } from '../store/agent-database.ts';

const CONNECTION_NAME = 'truebit-agent-doctor';

/** The agent as `doctor` sees it. */
export const AGENT_DOCTOR: DoctorSubject = {
  looksAt: "the state file and its folder, the port, the node's files, the broker",
  examine(env) {
    const { settings, warnings } = readSettings(env);
    const { databasePath: path, http, sources, nats } = settings;
    const listener = { host: http.host, port: http.port, hostSetting: 'HOST', portSetting: 'PORT' };
    const remedy = 'check FEDERATION_NATS_URL, the login and that the broker runs; messages wait';
    return {
      warnings,
      checks: [
        ...databaseChecks({ path, program: AGENT_DATABASE, setting: 'DB_PATH' }),
        portCheck({ ...listener, what: 'HTTP', isHttp: true, isRunning: isProgramRunning(path) }),
        filesCheck('event files', sources.events, 'AGENT_EVENTS'),
        filesCheck('log folders', sources.logs, 'AGENT_LOGS'),
        {
          what: 'broker',
          look: () =>
            brokerFindings(CONNECTION_NAME, { options: nats, remedy, stream: null, needsStream: false }),
        },
      ],
    };
  },
};

function filesCheck(what: string, patterns: readonly string[], setting: string): Check {
  return {
    what,
    async look() {
      if (patterns.length === 0) return [ok(what, `${setting} is empty: none are read`)];
      const found = await Promise.all(patterns.map((pattern) => expandGlob(pattern)));
      const count = found.reduce((sum, { paths }) => sum + paths.length, 0);
      if (found.some(({ isDenied }) => isDenied)) {
        return [
          warn(what, `a folder on the way to ${setting} cannot be read`, 'give this user the right to'),
        ];
      }
      if (count > 0) return [ok(what, `${counted(count, 'match', 'matches')} of ${setting}`)];
      return [warn(what, `nothing matches ${setting}`, `start the node, or correct ${setting}`)];
    },
  };
}
