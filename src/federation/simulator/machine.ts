// The machine and the versions on which a load test ran, for its report.

import { arch, availableParallelism, cpus, networkInterfaces, release, totalmem, type } from 'node:os';
import { programVersion } from '../../lib/version.ts';

/** The machine of a run. */
export interface Machine {
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryMiB: number;
}

/** The versions of a run. */
export interface Versions {
  /** Of this package. */
  readonly program: string;
  readonly node: string;
  readonly broker: string;
  /** Of the aggregator under test and of its Node, as its metrics say; empty if they do not. */
  readonly aggregator: string;
  readonly aggregatorNode: string;
}

/** This machine. */
export function thisMachine(): Machine {
  return {
    system: `${type()} ${release()} ${arch()}`,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 1_048_576),
  };
}

/** The addresses of this machine's interfaces. */
export function ownAddresses(): ReadonlySet<string> {
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(interfaces.map(({ address }) => address.toLowerCase()));
}

/** The versions of a run against a broker and an aggregator of these versions. */
export function versionsWith(
  broker: string,
  aggregator: { readonly version: string; readonly node: string },
): Versions {
  return {
    program: programVersion(),
    node: process.version,
    broker,
    aggregator: aggregator.version,
    aggregatorNode: aggregator.node,
  };
}
