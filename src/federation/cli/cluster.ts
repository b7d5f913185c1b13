// `aggregator cluster`: a cluster on this machine, a look at any cluster, the comparison of its replicas, and a database for a
// new one.

import { group } from '../../cli/command.ts';
import { GROUP_EXIT } from '../../cli/program-commands.ts';

/** The command `cluster`. */
export const clusterCommand = group({
  about: 'A cluster: replicas of the aggregator that read the same log (docs/cluster.md).',
  commands: {
    up: {
      summary: 'run three brokers, a splitter and two replicas on this machine, for a trial',
      load: async () => (await import('./cluster-up.ts')).upCommand,
    },
    status: {
      summary: 'one screen about the whole cluster',
      load: async () => (await import('./cluster-status.ts')).statusClusterCommand,
    },
    verify: {
      summary: 'compare the rows of all replicas, and check the accounts of every input stream',
      load: async () => (await import('./cluster-verify.ts')).verifyClusterCommand,
    },
    seed: {
      summary: 'give a new replica the database of another one',
      load: async () => (await import('./cluster-seed.ts')).seedCommand,
    },
  },
  exit: GROUP_EXIT,
});
