// The commands of the federation by name; no word stands before them. Each is loaded only when it is called.

import type { Entry } from '../../cli/command.ts';
import { explained } from '../../cli/failure.ts';
import { programCommands } from '../../cli/program-commands.ts';
import { twoForms } from '../../cli/two-forms.ts';

/**
 * All of them; an error about their database says where its DB_PATH leads. `verifyFile` loads what `verify` does with a
 * file, which is of another program.
 */
export function federationCommands(verifyFile: Entry['load']): Readonly<Record<string, Entry>> {
  return explained(
    {
      serve: {
        summary: 'run the aggregator; settings come from the environment, see README.md',
        load: async () => (await import('./serve.ts')).serveCommand,
      },
      ...programCommands({
        program: async () => (await import('./program.ts')).FEDERATION,
        statusView: async () => (await import('./status.ts')).STATUS_VIEW,
        doctor: async () => (await import('./doctor.ts')).FEDERATION_DOCTOR,
      }),
      audit: {
        summary: 'recount the stored rows and compare every roll-up with them',
        load: async () => (await import('./audit.ts')).auditCommand,
      },
      keys: {
        summary: 'make, list and revoke API keys',
        load: async () => (await import('./keys.ts')).keysCommand,
      },
      nodes: {
        summary: 'list nodes, show one, forget one, or block and unblock one',
        load: async () => (await import('./nodes.ts')).nodesCommand,
      },
      events: {
        summary: 'show the log of events: what happened to nodes and to the aggregator',
        load: async () => (await import('./events.ts')).eventsCommand,
      },
      notify: {
        summary: 'try the receivers of notifications',
        load: async () => (await import('./notify.ts')).notifyCommand,
      },
      verify: {
        summary: 'say whether published statistics are genuine; with FILE, whether a summary of trades is',
        load: async () =>
          twoForms({
            options: (await import('./verify-options.ts')).VERIFY_OPTIONS,
            without: async () => (await import('./verify.ts')).verifyCommand,
            withOperand: verifyFile,
          }),
      },
      cluster: {
        summary: 'run a cluster for a trial, look at one, compare its replicas',
        load: async () => (await import('./cluster.ts')).clusterCommand,
      },
      simulate: {
        summary: 'send what real monitors send and check the published statistics',
        load: async () => (await import('./simulate.ts')).simulateCommand,
      },
      loadtest: {
        summary: 'load an aggregator with one connection per node, and check what it counted',
        load: async () => (await import('./loadtest.ts')).loadtestCommand,
      },
    },
    async () => (await import('../config/settings.ts')).writtenDatabasePath,
  );
}
