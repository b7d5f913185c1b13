// Miners that poll, in processes of their own: the bench tells them when to connect and to poll, and gets what they
// measured.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BlockSeen, PollerOrder, PollerReport, PollsMeasured } from './poller.ts';

const POLLER = fileURLToPath(new URL('poller.ts', import.meta.url));

export interface PollersOptions {
  /** The port of the program. */
  readonly port: number;
  /** Connections in all, each a machine of its own. */
  readonly connections: number;
  /** Processes that share them. */
  readonly processes: number;
}

/** What the miners of all processes measured. */
export interface Polls {
  /** From the intended moment of each poll to its answer, in ms. */
  readonly latenciesMs: readonly number[];
  /** From the intended moment of each poll until it was written: the generator's own lateness, in ms. */
  readonly latenessMs: readonly number[];
  readonly sent: number;
  /** Polls without a result: no answer within 10 s, another answer, or a closed connection. */
  readonly lost: number;
}

interface Process {
  readonly child: ChildProcess;
  order(order: PollerOrder): void;
  report<Type extends PollerReport['type']>(type: Type): Promise<Extract<PollerReport, { type: Type }>>;
}

async function startProcess(): Promise<Process> {
  const child = fork(POLLER, { serialization: 'advanced' });
  const started: Process = {
    child,
    order: (order) => void child.send(order),
    report: (type) =>
      new Promise((resolve, reject) => {
        const ended = (code: number | null) => reject(new Error(`the miners ended with ${code}`));
        const take = (report: PollerReport) => {
          if (report.type !== type) return;
          child.off('message', take).off('exit', ended);
          resolve(report as Extract<PollerReport, { type: typeof type }>);
        };
        child.on('message', take).on('exit', ended);
      }),
  };
  await started.report('ready');
  return started;
}

/** The miners, connected. */
export class Pollers {
  readonly #processes: readonly Process[];

  private constructor(processes: readonly Process[]) {
    this.#processes = processes;
  }

  static async connect({ port, connections, processes }: PollersOptions): Promise<Pollers> {
    const all = await Promise.all(Array.from({ length: processes }, startProcess));
    const each = connections / processes;
    for (const [index, one] of all.entries()) {
      one.order({ type: 'connect', port, connections: each, first: index * each });
      await one.report('connected');
    }
    return new Pollers(all);
  }

  /** Each connection polls once a second for so long, spread evenly over the second. */
  async poll(seconds: number): Promise<Polls> {
    const measured = await Promise.all(
      this.#processes.map((one) => {
        one.order({ type: 'poll', seconds });
        return one.report('polled');
      }),
    );
    const all = (of: (one: PollsMeasured) => Float64Array) => measured.flatMap((one) => [...of(one)]);
    const sum = (of: (one: PollsMeasured) => number) => measured.reduce((total, one) => total + of(one), 0);
    return {
      latenciesMs: all(({ latenciesMs }) => latenciesMs),
      latenessMs: all(({ latenessMs }) => latenessMs),
      sent: sum(({ sent }) => sent),
      lost: sum(({ lost }) => lost),
    };
  }

  /** Resolves when every connection of the first process has had an answer with this block; to be called before. */
  async seen(blockHash: string): Promise<BlockSeen> {
    const [one] = this.#processes;
    for (;;) {
      const seen = await one?.report('block');
      if (seen === undefined || seen.blockHash === blockHash) return seen as BlockSeen;
    }
  }

  async end(): Promise<void> {
    await Promise.all(
      this.#processes.map(async ({ child, order }) => {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        order({ type: 'end' });
        await gone;
      }),
    );
  }
}
