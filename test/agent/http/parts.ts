// A server over parts that a test gives: a part that is not given answers with the values of view.ts.

import { onTestFinished } from 'vitest';
import {
  type AgentHttpOptions,
  type AgentHttpParts,
  type AgentHttpServer,
  createAgentServer,
} from '../../../src/agent/http/server.ts';
import { NOW_MS, VIEW } from './view.ts';

export function createServer(
  given: Partial<AgentHttpParts> = {},
  options: Partial<AgentHttpOptions> = {},
): AgentHttpServer {
  const server = createAgentServer(
    {
      host: '127.0.0.1',
      port: 0,
      allowedOrigins: [],
      connectionsMax: 100,
      connectionsPerAddressMax: 5,
      ...options,
    },
    {
      live: () => true,
      metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
      view: () => VIEW,
      nowMs: () => NOW_MS,
      monotonicMs: () => performance.now(),
      failed: (error) => {
        throw error;
      },
      ...given,
    },
  );
  onTestFinished(() => server.stop());
  return server;
}

export async function startServer(
  parts: Partial<AgentHttpParts> = {},
  options: Partial<AgentHttpOptions> = {},
): Promise<string> {
  return (await createServer(parts, options).start()).url;
}
