// What `aggregator doctor` looks at: database, ports, the nats-server program, and the broker that the settings lead to. It
// starts no broker and makes no file.

import { existsSync } from 'node:fs';
import type { DoctorSubject } from '../../cli/doctor.ts';
import { type Check, fail, type Finding, ok } from '../../cli/finding.ts';
import { brokerFindings, type ExaminedBroker } from '../../cli/doctor-broker.ts';
import { databaseChecks, isProgramRunning } from '../../cli/doctor-database.ts';
import { portCheck } from '../../cli/doctor-port.ts';
import { loadCredentials } from '../../io/embedded-broker/credentials.ts';
import { foreignEndpoint, ownEndpoint } from '../../io/embedded-broker/endpoint.ts';
import { newestBinary } from '../../io/embedded-broker/find-binary.ts';
import { brokerFiles } from '../../io/embedded-broker/folder.ts';
import { findForeignServer, findLeftover, requireOurPorts } from '../../io/embedded-broker/other-servers.ts';
import { formatVersion } from '../../io/embedded-broker/version.ts';
import type { NatsOptions } from '../../io/nats.ts';
import { natsOptions } from '../broker/broker-choice.ts';
import { servesCluster, tooOldSentence } from '../broker/broker-version.ts';
import { readNotifyFile } from '../config/notify-file.ts';
import { readSettings, type Settings, wantsOwnBroker } from '../config/settings.ts';
import { OUR_STREAM } from '../sources/stream-choice.ts';
import { FEDERATION_DATABASE } from '../store/federation-database.ts';

const CONNECTION_NAME = 'truebit-aggregator-doctor';
/** Where `EMBEDDED_NATS=auto` looks for a server. */
const FOREIGN_PORT = 4222;

/** The federation as `doctor` sees it. */
export const FEDERATION_DOCTOR: DoctorSubject = {
  looksAt: 'the database and its folder, ports, the nats-server program, the broker and its stream',
  examine(env) {
    const { settings, warnings } = readSettings(env);
    const receivers = readNotifyFile(settings.notifyFile);
    const { databasePath: path, http } = settings;
    const isRunning = isProgramRunning(path);
    const listener = { ...http, hostSetting: 'HTTP_HOST', portSetting: 'HTTP_PORT' };
    // A splitter alone has no database.
    const hasDatabase = settings.cluster?.split !== 'only';
    return {
      warnings: [...warnings, ...receivers.warnings],
      checks: [
        ...(hasDatabase ? databaseChecks({ path, program: FEDERATION_DATABASE, setting: 'DB_PATH' }) : []),
        portCheck({ ...listener, what: 'HTTP', isHttp: true, isRunning }),
        ...brokerChecks(settings, env['PATH'] ?? '', isRunning),
      ],
    };
  },
};

function brokerChecks(settings: Settings, searchPath: string, isRunning: boolean): readonly Check[] {
  const { nats, cluster } = settings;
  if (!wantsOwnBroker(settings)) {
    const broker = examined(
      settings,
      natsOptions(nats, null),
      'check NATS_URL, the login and that the broker runs',
    );
    return [
      {
        what: 'broker',
        look: () =>
          brokerFindings(CONNECTION_NAME, { ...broker, ...(cluster === null ? {} : clusterRule(cluster)) }),
      },
    ];
  }
  return [
    { what: 'nats-server', look: () => binaryFindings(settings, searchPath) },
    { what: 'broker', look: () => embeddedFindings(settings, isRunning) },
  ];
}

function clusterRule({
  acceptsUnsafeBroker,
}: {
  readonly acceptsUnsafeBroker: boolean;
}): Pick<ExaminedBroker, 'fault'> {
  return {
    fault: (server, version) =>
      servesCluster(version) || acceptsUnsafeBroker ? null : tooOldSentence(server, version),
  };
}

function examined({ ingest, cluster }: Settings, options: NatsOptions, remedy: string): ExaminedBroker {
  // The partitions of a cluster have streams of their own, which a replica names and makes.
  const stream = ingest.mode === 'core' ? null : OUR_STREAM;
  return { options, remedy, stream, needsStream: ingest.mode === 'jetstream' || cluster !== null };
}

async function binaryFindings({ embedded }: Settings, searchPath: string): Promise<readonly Finding[]> {
  const { path, version } = await newestBinary({ override: embedded.binary ?? undefined, searchPath });
  return [ok('nats-server', `${formatVersion(version)} at ${path}`)];
}

/** The broker that the program would use or start; the same choice as at a start, but nothing is started. */
async function embeddedFindings(settings: Settings, isRunning: boolean): Promise<readonly Finding[]> {
  const { embedded, nats } = settings;
  const files = brokerFiles(embedded.dir);
  const isOurs = findLeftover(files) !== null;
  if (embedded.mode === 'auto' && !isOurs) {
    const foreign = await findForeignServer(FOREIGN_PORT);
    if (foreign !== null) {
      const options = natsOptions(nats, foreignEndpoint(foreign));
      const remedy = 'check the login, or set EMBEDDED_NATS=on for a broker of its own';
      return brokerFindings(CONNECTION_NAME, examined(settings, options, remedy));
    }
  }
  if (isOurs && existsSync(files.credentials)) {
    const credentials = loadCredentials(files.credentials);
    const { host, port, wsPort, tlsCertFile } = embedded;
    const endpoint = ownEndpoint({
      host,
      port,
      wsPort,
      credentials,
      // These two are for sentences that are not said here.
      pid: 0,
      version: [0, 0, 0],
      adopted: false,
      tlsCert: tlsCertFile ?? undefined,
    });
    const whose = isRunning ? 'the program runs it' : 'it is left over, and a start takes it over';
    const found = await brokerFindings(
      CONNECTION_NAME,
      examined(settings, natsOptions(nats, endpoint), 'look into nats-server.log in EMBEDDED_NATS_DIR'),
    );
    return [ok('embedded', `the embedded broker runs, ${whose}`), ...found];
  }
  if (isRunning) {
    return [
      fail('embedded', 'the program runs, and its embedded broker does not', 'look at /readyz and the log'),
    ];
  }
  await requireOurPorts(embedded, '');
  const ports = embedded.wsPort === 0 ? `${embedded.port} is` : `${embedded.port} and ${embedded.wsPort} are`;
  return [
    ok('embedded', `a start starts a broker; its port${embedded.wsPort === 0 ? '' : 's'} ${ports} free`),
  ];
}
