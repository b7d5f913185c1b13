// The commands of mining by name: `mining` with the commands of its own, and the simulators beside it. Each is loaded only
// when it is called.

import type { Entry } from '../../cli/command.ts';
import { sayingSetting } from '../../cli/failure.ts';
import { programEntry, storedProgramCommands } from '../../cli/program-commands.ts';

/** The commands behind the name `mining`; an error about its database names the setting. */
const behind = sayingSetting(
  {
    run: {
      summary: 'run the proxy; its options may follow `mining` directly',
      load: async () => (await import('./mining.ts')).miningCommand,
    },
    ...storedProgramCommands({
      program: async () => (await import('./program.ts')).MINING,
      statusView: async () => (await import('./status.ts')).STATUS_VIEW,
      doctor: async () => (await import('./doctor.ts')).MINING_DOCTOR,
      checkConfig: async () => (await import('./check.ts')).checkConfigCommand,
    }),
  },
  'database.path',
);

/** Without a further word mining runs. */
const mining = programEntry({
  summary: 'run the mining proxy, or one of its commands (see mining --help)',
  about:
    'An aggregating proxy between PoCX miners and a pool or wallet. Settings are in aggregator_config.yaml; -c FILE names another file.',
  commands: behind,
});

/** All of them. */
export const MINING_COMMANDS: Readonly<Record<string, Entry>> = {
  mining,
  'upstream-sim': {
    summary: 'simulate a pool or a node for the mining program, with faults',
    load: async () => (await import('./upstream-sim.ts')).upstreamSimCommand,
  },
  'mining-sim': {
    summary: 'simulate miners with small real plots, and check what reached upstream-sim',
    load: async () => (await import('./mining-sim.ts')).miningSimCommand,
  },
};
