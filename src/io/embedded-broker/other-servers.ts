// Finds other servers and programs that matter to the embedded broker: a broker left over from an earlier run, a
// foreign NATS server, another aggregator's broker, and any program on the broker's ports. It changes nothing.

import { CodedError } from '../../lib/errors.ts';
import { isSameFile } from '../../lib/same-file.ts';
import { isAggregatorsBroker } from './credentials.ts';
import type { BrokerFiles } from './folder.ts';
import { portInUse, requireFreePort } from './free-port.ts';
import { probe, reachableHost } from './probe.ts';
import { commandLine, isRunning, outputOf, readPidFile } from './system-process.ts';

/**
 * The process id of this program's nats-server from an earlier run; null if there is none. The system reuses ids, so
 * the process must also run with this folder's configuration. The caller checks later that it accepts the program's
 * password.
 */
export function findLeftover(files: BrokerFiles): number | null {
  const pid = readPidFile(files.pid);
  if (pid === null || !isRunning(pid)) return null;
  const command = commandLine(pid);
  if (!command.includes('nats-server')) return null;
  return runsWith(pid, command, files) ? pid : null;
}

/**
 * Compares files rather than paths, because the same folder can have two paths: a second mount, or a folder that was
 * moved since.
 */
function runsWith(pid: number, command: string, { configuration, log }: BrokerFiles): boolean {
  if (command.endsWith(`-c ${configuration}`)) return true;
  const named = / -c (.*)$/.exec(command)?.[1];
  return (named !== undefined && isSameFile(named, configuration)) || isSameFile(outputOf(pid), log);
}

/** A NATS server at localhost that is not an aggregator's embedded broker; null if there is none. */
export async function findForeignServer(port: number) {
  const host = 'localhost';
  const finding = await probe({ host, port });
  return finding.type === 'nats' && !isAggregatorsBroker(finding.name) ? { host, port, ...finding } : null;
}

/**
 * Throws `broker_foreign` or `port_in_use` if another program uses a port of the broker; the error names the program
 * and the remedy.
 */
export async function requireOurPorts(
  { host, port, wsPort }: { host: string; port: number; wsPort: number },
  ourName: string,
): Promise<void> {
  const finding = await probe({ host, port });
  if (finding.type === 'nats' && isAggregatorsBroker(finding.name)) {
    throw brokerForeign(finding.name, ourName, `${reachableHost(host)}:${port}`);
  }
  if (finding.type === 'nats') {
    throw portInUse(
      port,
      'EMBEDDED_NATS_PORT',
      `a NATS server (${finding.name}; NATS_URL would make it the one used)`,
    );
  }
  if (finding.type === 'not_nats') {
    throw portInUse(port, 'EMBEDDED_NATS_PORT', 'a program that does not speak NATS');
  }
  await requireFreePort(host, port, 'EMBEDDED_NATS_PORT');
  if (wsPort !== 0) await requireFreePort(host, wsPort, 'EMBEDDED_NATS_WS_PORT');
}

function brokerForeign(name: string, ourName: string, address: string): CodedError {
  const who =
    name === ourName
      ? `${name}: the name of this program's own broker, but not a process of its folder (a copy of the folder in use elsewhere?)`
      : `${name}, another aggregator's embedded broker, whose password this program does not have`;
  return new CodedError(
    'broker_foreign',
    `At ${address} listens ${who}. Either set EMBEDDED_NATS_PORT and EMBEDDED_NATS_WS_PORT to free ports for a broker ` +
      `of this program's own, or share that one: NATS_URL=nats://${address} with NATS_PASSWORD from credentials.json in its folder.`,
  );
}
