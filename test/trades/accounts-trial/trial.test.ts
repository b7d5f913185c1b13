// A short run of the accounts' trial, and one whose exchanges hide a fill. `sh scripts/accounts-trial.sh` makes longer ones.

import { expect, it } from 'vitest';
import type { Plan } from './plan.ts';
import { runTrial } from './run.ts';

const SHORT = { seed: 11, hours: 2, durationMs: 8_000 } as const;

it("accounts' trial - over kills of service, enclave and backend every fill counts once, in its hour", {
  timeout: 120_000,
}, async () => {
  const { differences, fills, registrations } = await runTrial({
    ...SHORT,
    accounts: 6,
    kills: 1,
    keepsSessions: false,
  });
  expect(differences).toEqual([]);
  expect(fills).toBeGreaterThan(60);
  // The enclave was killed, and its sessions with it.
  expect(registrations).toBeGreaterThan(6);
});

it("accounts' trial - a fill that an exchange hides is a difference", { timeout: 120_000 }, async () => {
  const { differences } = await runTrial({
    ...SHORT,
    durationMs: 1_000,
    accounts: 3,
    kills: 0,
    keepsSessions: true,
    plant: withoutOneFill,
  });
  expect(differences.join('\n')).toMatch(/^account-1 at bybit: .*: \d+ trades and not \d+$/m);
});

function withoutOneFill(plan: Plan): Plan {
  const accounts = plan.accounts.map((account, index) =>
    index === 1 ? { ...account, fills: account.fills.slice(1) } : account,
  );
  return { ...plan, accounts };
}
