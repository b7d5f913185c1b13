// A thousand accounts on one exchange: memory of the enclave, downloads of the market table, and how late polls begin at the
// rate that the exchange's budget allows; and how long an enclave with accounts on three exchanges takes to start.

import {
  accountsOf,
  type RunningEnclave,
  type SimProcess,
  startEnclave,
  startSim,
} from './enclave-program.ts';
import type { BenchOptions, Figure } from './figures.ts';
import { memoryBytes } from './stage.ts';
import { until } from '../test/support/until.ts';

const MIB = 2 ** 20;
const START_ROUNDS = 5;

interface Readings {
  readonly polls: number;
  readonly late: number;
  readonly requests: number;
}

async function readings({ metric }: RunningEnclave): Promise<Readings> {
  return {
    polls: await metric('aggregator_enclave_polls_total'),
    late: await metric('aggregator_enclave_polls_late_total'),
    requests: await metric('aggregator_enclave_requests_total'),
  };
}

async function measure(
  exchange: 'binance' | 'bybit',
  accounts: number,
  watchMs: number,
): Promise<readonly Figure[]> {
  const sim = await startSim(exchange, accountsOf(exchange, accounts, Date.now()));
  const enclave = await startEnclave([sim]);
  try {
    const startedMs = performance.now();
    await enclave.register(exchange, 0, accounts);
    const registered = (performance.now() - startedMs) / 1_000;
    const first = async () => (await enclave.metric('aggregator_enclave_accounts', 'online')) === accounts;
    await until('the first polls', first, 900_000);
    const before = await readings(enclave);
    let worst = 0;
    for (const endMs = performance.now() + watchMs; performance.now() < endMs; ) {
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      worst = Math.max(worst, await enclave.metric('aggregator_enclave_poll_lateness_seconds'));
    }
    const after = await readings(enclave);
    const polls = after.polls - before.polls;
    const name = `${exchange}, ${accounts} accounts`;
    return [
      {
        name: `${name}: enclave's memory at most`,
        value: memoryBytes(await enclave.pid(), 'VmHWM') / MIB,
        unit: 'MiB',
        aim: { atMost: 300 },
        note: `registered in ${registered.toFixed(0)} s`,
      },
      {
        name: `${name}: market tables downloaded`,
        value: await enclave.metric('aggregator_enclave_market_downloads_total'),
        unit: '',
        aim: { atMost: 1 },
      },
      {
        name: `${name}: polls more than 1 s late`,
        value: (100 * (after.late - before.late)) / polls,
        unit: '%',
        aim: { atMost: 1 },
        note: `${polls} polls in ${watchMs / 1_000} s, ${after.requests - before.requests} requests; the latest ${worst.toFixed(2)} s`,
      },
    ];
  } finally {
    await enclave.trades.end();
    sim.stop();
  }
}

/** From the start of the process to its first poll of an account on each of three exchanges, whose sessions were kept. */
async function measureStart(): Promise<Figure> {
  const exchanges = ['binance', 'bybit', 'kraken'] as const;
  const sims: SimProcess[] = [];
  for (const exchange of exchanges) sims.push(await startSim(exchange, accountsOf(exchange, 1, Date.now())));
  const enclave = await startEnclave(sims, { ENCLAVE_PERSIST_SESSIONS: 'true' });
  try {
    for (const exchange of exchanges) await enclave.register(exchange, 0, 1);
    const found: number[] = [];
    for (let round = 0; round < START_ROUNDS; round++) {
      const before = await enclave.pid();
      await until(
        'its polls',
        async () => (await enclave.metric('aggregator_enclave_accounts', 'online')) === 3,
      );
      process.kill(before, 'SIGKILL');
      await until('another process', async () => ![0, before].includes(await enclave.pid()));
      found.push((await enclave.metric('process_start_time_seconds')) * 1_000);
      await until(
        'the first polls',
        async () => (await enclave.metric('aggregator_enclave_accounts', 'online')) === 3,
      );
      found.push(Date.now());
    }
    const seconds = Array.from(
      { length: START_ROUNDS },
      (_, round) => ((found[2 * round + 1] ?? 0) - (found[2 * round] ?? 0)) / 1_000,
    ).toSorted((one, other) => one - other);
    return {
      name: 'start with accounts on three exchanges, to the first poll of each',
      value: seconds[Math.floor(START_ROUNDS / 2)] ?? 0,
      unit: 's',
      aim: { atMost: 1.5 },
      note: seconds.map((value) => value.toFixed(2)).join(' '),
    };
  } finally {
    await enclave.trades.end();
    for (const sim of sims) sim.stop();
  }
}

export async function benchAccounts({ isQuick }: BenchOptions): Promise<readonly Figure[]> {
  const accounts = isQuick ? 100 : 1_000;
  const watchMs = isQuick ? 20_000 : 180_000;
  return [
    await measureStart(),
    ...(await measure('bybit', accounts, watchMs)),
    ...(await measure('binance', accounts, watchMs)),
  ];
}
