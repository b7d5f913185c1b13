// The commands of the agent by name: `agent` with the commands of its own, and the simulated node beside it. Each is
// loaded only when it is called.

import { checkSettingsCommand } from '../../cli/check-config.ts';
import type { Entry } from '../../cli/command.ts';
import { explained } from '../../cli/failure.ts';
import { doctorEntry, programEntry } from '../../cli/program-commands.ts';

/** The commands behind the name `agent`; an error about its state file says where its DB_PATH leads. */
const behind = explained(
  {
    run: {
      summary: 'run the agent; its options may follow `agent` directly',
      load: async () => (await import('./agent.ts')).agentCommand,
    },
    status: {
      summary: 'one screen of the running agent',
      load: async () => {
        const { statusView } = await import('./status-view.ts');
        const { ownHttpUrl } = await import('../config/own-url.ts');
        return (await import('../../cli/status.ts')).statusCommand(statusView(ownHttpUrl));
      },
    },
    'check-config': {
      summary: 'check the settings and print them, secrets left out; starts nothing',
      load: async () => checkSettingsCommand((await import('./check.ts')).AGENT_CHECK),
    },
    doctor: doctorEntry(async () => (await import('./doctor.ts')).AGENT_DOCTOR),
    adopt: {
      summary: 'take node id, continent and opt-outs from the database of another monitor',
      load: async () => (await import('./adopt.ts')).adoptCommand,
    },
    trust: {
      summary: 'accept the other key that was offered for the statistics',
      load: async () => (await import('./trust.ts')).trustCommand,
    },
    forget: {
      summary: 'give the node a new id',
      load: async () => (await import('./forget.ts')).forgetCommand,
    },
  },
  async () => (await import('../config/settings.ts')).writtenDatabasePath,
);

/** Without a further word the agent runs. */
const agent = programEntry({
  summary: 'run the agent of a node, or one of its commands (see agent --help)',
  about:
    "Reads what a Truebit node leaves on disk, reports it anonymized to a federation, and shows the network's statistics. Settings come from the environment, see docs/agent.md.",
  commands: behind,
});

/** All of them. */
export const AGENT_COMMANDS: Readonly<Record<string, Entry>> = {
  agent,
  'node-sim': {
    summary: 'write event and log files as a node does, for trials of the agent',
    load: async () => (await import('./node-sim.ts')).nodeSimCommand,
  },
};
