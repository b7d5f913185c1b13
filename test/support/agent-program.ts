// The agent as a child process, as an operator starts it: settings in the environment, one folder for its state and for the
// files of its simulated node. It needs no test around it.

import { nodeGlobs } from '../../src/agent/simulator/node-writer.ts';
import { type Aggregator, type Launch, startAggregator } from './aggregator.ts';
import { until } from './until.ts';

/** A salt of tests. */
export const AGENT_SALT = 'f'.repeat(64);

/** Settings of a quick agent; a test changes what it is about. */
export const QUICK_AGENT = {
  HTTP_PORT: '',
  PORT: '0',
  DB_PATH: 'agent.db',
  AGENT_POLL_INTERVAL: '200',
  AGENT_OUTCOME_WAIT: '1000',
} as const;

/** What `GET /api/node` says, as far as tests read it. */
export interface AgentNode {
  readonly nodeId: string;
  readonly status: string;
  readonly state: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly facts: Readonly<Record<'known' | 'remembered' | 'queued', number>>;
  readonly waiting: { readonly messages: number; readonly limit: number; readonly completions: number };
  readonly messages: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly sources: readonly AgentSource[];
  readonly broker: { readonly connected: boolean; readonly ratePerMinute: number };
}

/** One kind of source in answers of the API. */
export interface AgentSource {
  readonly source: string;
  readonly readable: boolean;
  readonly bytesBehind: number;
  readonly files: readonly {
    readonly name: string;
    readonly state: string;
    readonly bytesBehind: number;
    readonly offset: number | null;
  }[];
}

/** The running agent. */
export interface AgentProgram extends Aggregator {
  /** The body of `GET /api/node`. */
  node(): Promise<AgentNode>;
  /** The body of `GET /api/federation/status`. */
  status(): Promise<Readonly<Record<string, unknown>>>;
  /** Resolves when everything on the disk was read and nothing waits to be sent. */
  settled(timeoutMs?: number): Promise<AgentNode>;
  /** Ends at once, as a crash would. */
  kill(): Promise<void>;
}

/**
 * Starts the agent in a folder, where the node's files and its state are. It does not wait for anything. The caller ends
 * it.
 */
export function spawnAgent(
  folder: string,
  env: Readonly<Record<string, string>>,
  { args = ['agent'], ...launch }: Launch = {},
): AgentProgram {
  const settings = { ...QUICK_AGENT, ...nodeGlobs(folder), ...env };
  const program = startAggregator(settings, undefined, { args, cwd: folder, ...launch });
  const node = async () => (await program.get('/api/node')).body as unknown as AgentNode;
  return {
    ...program,
    node,
    status: async () => (await program.get('/api/federation/status')).body,
    settled: (timeoutMs) =>
      until(
        'the agent to have read and sent everything',
        async () => {
          const found = await node().catch(() => null);
          return found !== null && isSettled(found) ? found : null;
        },
        timeoutMs,
      ),
    async kill() {
      program.process.kill('SIGKILL');
      await program.exit;
    },
  };
}

/** True if everything on the disk was read and nothing waits. A damaged file waits for its change. */
function isSettled({ waiting, sources, broker }: AgentNode): boolean {
  return (
    broker.connected &&
    waiting.messages === 0 &&
    waiting.completions === 0 &&
    sources.every(
      ({ bytesBehind, files }) => bytesBehind === 0 && files.every(({ state }) => state !== 'reading'),
    )
  );
}
