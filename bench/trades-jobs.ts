// A thousand jobs at once: each has a connection and sends trades, then all are processed at once, against the reference
// backend. Memory of the program, how late its event loop is, and how late it answers a probe from outside.

import { type ChildProcess, fork } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchOptions, Figure } from './figures.ts';
import type { LoadOrder, LoadReport } from './job-load.ts';
import { quantile } from './machine.ts';
import { memoryBytes } from './stage.ts';
import { startAgain } from './trades-program.ts';

const MEGABYTE = 1e6;
const PROBE_EVERY_MS = 10;
const STATUS_LINE = 'HTTP/1.1 200';
const PROBE = 'GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n';

/** Asks a process of clients for something, and waits until it is done. */
async function order(child: ChildProcess, what: LoadOrder): Promise<LoadReport> {
  child.send(what);
  const [report] = (await once(child, 'message')) as [LoadReport];
  return report;
}

interface Probed {
  /** From the moment at which each question was due to its answer, in ms. */
  readonly answersMs: number[];
  /** How late the probe itself asked, in ms. */
  readonly latenessMs: number[];
}

/** Asks `/livez` over a kept connection, on a fixed schedule that waits for no answer. */
class Probe {
  #found: Probed = { answersMs: [], latenessMs: [] };
  readonly #timer: NodeJS.Timeout;
  readonly #socket: Socket;

  constructor(api: string) {
    this.#socket = connect(Number(new URL(api).port), '127.0.0.1').setNoDelay(true);
    /** When each question that has no answer yet was due. */
    const due: number[] = [];
    this.#socket.setEncoding('latin1').on('data', (text: string) => {
      const nowMs = performance.now();
      const answers = text.split(STATUS_LINE).length - 1;
      for (const dueMs of due.splice(0, answers)) this.#found.answersMs.push(nowMs - dueMs);
    });
    let nextMs = performance.now();
    this.#timer = setInterval(() => {
      for (let nowMs = performance.now(); nextMs <= nowMs; nextMs += PROBE_EVERY_MS) {
        due.push(nextMs);
        this.#found.latenessMs.push(nowMs - nextMs);
        this.#socket.write(PROBE);
      }
    }, 1);
  }

  /** What was measured since the last call. */
  take(): Probed {
    const found = this.#found;
    this.#found = { answersMs: [], latenessMs: [] };
    return found;
  }

  end(): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }
}

export async function benchTradesJobs({ isQuick }: BenchOptions): Promise<readonly Figure[]> {
  const jobs = isQuick ? 200 : 1_000;
  const trades = isQuick ? 20 : 100;
  const seconds = isQuick ? 5 : 40;
  const program = await startAgain();
  const child = fork(fileURLToPath(new URL('job-load.ts', import.meta.url)));
  const probe = new Probe(program.api);
  const memory = (line: 'VmRSS' | 'VmHWM', pid = program.pid) => memoryBytes(pid, line) / MEGABYTE;
  const atStart = memory('VmRSS');
  try {
    await once(child, 'message');
    probe.take();
    const opened = await order(child, { type: 'open', api: program.api, jobs });
    const whileOpening = probe.take();
    await order(child, { type: 'send', trades, seconds });
    const whileSending = probe.take();
    const afterSending = memory('VmRSS');
    const processed = await order(child, { type: 'process' });
    const whileProcessing = probe.take();
    if (processed.trades !== jobs * trades)
      throw new Error(`${processed.trades} trades are in the summaries`);
    const delay = (of: string) =>
      program.metric('nodejs_eventloop_delay_seconds', `quantile="${of}"`).then((value) => value * 1000);
    const probed = (name: string, { answersMs, latenessMs }: Probed): Figure => ({
      name: `probe, p99 ${name}`,
      value: quantile(answersMs, 0.99),
      unit: 'ms',
      aim: null,
      note: `median ${quantile(answersMs, 0.5).toFixed(1)}, at most ${quantile(answersMs, 1).toFixed(0)}; the probe itself p99 ${quantile(latenessMs, 0.99).toFixed(1)} late`,
    });
    return [
      {
        name: 'memory at most',
        value: memory('VmHWM'),
        unit: 'MB',
        aim: { atMost: 300 },
        note: `${atStart.toFixed(0)} at the start, ${afterSending.toFixed(0)} before process; the backend ${memory('VmHWM', program.backendPid).toFixed(0)}`,
      },
      {
        name: "main's event-loop delay, p99",
        value: await delay('0.99'),
        unit: 'ms',
        aim: { atMost: 20 },
        note: `p90 ${(await delay('0.9')).toFixed(1)}, at most ${(await delay('1')).toFixed(0)}, its start and the opening of jobs included`,
      },
      probed(`while ${jobs} jobs are opened`, whileOpening),
      probed(`while each sends ${trades} trades in ${seconds} s`, whileSending),
      probed('while all are processed', whileProcessing),
      { name: 'opening all jobs', value: opened.seconds, unit: 's', aim: null },
      { name: 'processing all jobs', value: processed.seconds, unit: 's', aim: null },
    ];
  } finally {
    probe.end();
    child.send({ type: 'end' });
    await program.end();
  }
}
