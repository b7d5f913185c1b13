// One run of the accounts' trial: users register at the enclave, the exchanges go on trading, and service, enclave and
// backend are killed at moments that the seed chooses. Afterwards every fill must be in the backend once, in its hour.

import { setTimeout as delay } from 'node:timers/promises';
import { createRandom, type Random } from '../../../src/lib/random.ts';
import { until } from '../../support/until.ts';
import { differencesOf } from './compare.ts';
import { makePlan, type Plan } from './plan.ts';
import { Programs, type Victim } from './programs.ts';
import { User } from './user.ts';

/** What a run is made of. */
export interface TrialOptions {
  readonly seed: number;
  readonly accounts: number;
  /** Hours of the past with fills. */
  readonly hours: number;
  /** Time of the kills, in ms; what follows takes as long as it needs. */
  readonly durationMs: number;
  /** Kills of each of the three programs. */
  readonly kills: number;
  /** True if credentials outlive the enclave; else users register again. */
  readonly keepsSessions: boolean;
  /** Changes what the exchanges say after the plan was made: a fault that the comparison must find. */
  readonly plant?: (plan: Plan) => Plan;
}

/** What a run found. */
export interface TrialResult {
  readonly seed: number;
  readonly fills: number;
  readonly summaries: number;
  readonly registrations: number;
  readonly differences: readonly string[];
}

const VICTIMS: readonly Victim[] = ['service', 'enclave', 'backend'];
/** More than the interval of the accounts. */
const SECOND_POLL_MS = 5_000;
/** Time for everything to be polled and delivered after the last kill. */
const SETTLE_MS = 600_000;

export async function runTrial(options: TrialOptions): Promise<TrialResult> {
  const programs = new Programs(options.keepsSessions);
  try {
    return await runWith(programs, options);
  } finally {
    // Without effect after an orderly end.
    await programs.killAll();
  }
}

async function runWith(programs: Programs, options: TrialOptions): Promise<TrialResult> {
  const { seed, accounts, hours, durationMs } = options;
  const plan = makePlan({ seed, accounts, hours, nowMs: Date.now(), liveMs: durationMs });
  await programs.start(options.plant?.(plan) ?? plan);
  const users = plan.accounts.map((account) => new User(account, plan.fromMs, programs.enclave));
  const state = { isOver: false };
  const living = Promise.all(users.map((user) => user.live(state)));
  await Promise.all(VICTIMS.map((victim) => torment(programs, createRandom(seed, victim), victim, options)));
  await programs.ready();
  await until(
    'every account polled to the end',
    async () => {
      const rows = await programs.accounts();
      for (const user of users) user.see(rows);
      // By then another poll has begun, so the prices that the last one asked for are there.
      return users.every((user) => user.readToMs > plan.toMs + SECOND_POLL_MS);
    },
    SETTLE_MS,
  );
  state.isOver = true;
  await living;
  await Promise.all(users.map((user) => user.end()));
  await until(
    'the enclave without summaries',
    () => isZero(programs, 'aggregator_enclave_unstored_summaries'),
    SETTLE_MS,
  );
  await until('an empty outbox', () => isZero(programs, 'aggregator_trades_outbox_summaries'), SETTLE_MS);
  const ids = new Map(users.map((user) => [user.account.name, user.accountId]));
  await programs.stop();
  const { differences, summaries, fills } = differencesOf(programs.folder, plan, ids);
  if (differences.length === 0) programs.remove();
  return {
    seed,
    fills,
    summaries,
    registrations: users.reduce((sum, user) => sum + user.registrations, 0),
    differences: differences.length === 0 ? [] : [...differences, `everything is kept in ${programs.folder}`],
  };
}

async function isZero(programs: Programs, metric: string): Promise<boolean> {
  return (await programs.metric(metric).catch(() => Number.NaN)) === 0;
}

/** Kills one of the programs, at moments of the seed, and starts it again after a pause. */
async function torment(
  programs: Programs,
  random: Random,
  victim: Victim,
  options: TrialOptions,
): Promise<void> {
  for (let count = 0; count < options.kills; count++) {
    await delay((0.2 + 0.8 * random.next()) * (options.durationMs / options.kills));
    await programs.kill(victim);
    await delay(random.below(1_000));
    programs.startAgain(victim);
  }
}
