// A server that acks trades, in a process of its own: a reference of `bench/references`, or the program.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ACK } from './trade-client.ts';

export interface TradeServer {
  readonly pid: number;
  /** The address of the WebSocket of a new job. */
  openJob(): Promise<string>;
  end(): Promise<void>;
}

/** Starts a reference with the heap of the program. */
export async function startTradeServer(file: string): Promise<TradeServer> {
  const path = fileURLToPath(new URL(`references/${file}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--max-semi-space-size=8', path, ACK], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  let jobs = 0;
  return {
    pid: child.pid ?? 0,
    openJob: async () => `${url}/ws/${String(jobs++).padStart(32, '0')}`,
    end: async () => void child.kill(),
  };
}
