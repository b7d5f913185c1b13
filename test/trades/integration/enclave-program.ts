// An enclave for tests: the true end of the link, and instead of polling one summary each for what a test writes into its
// folder. Its key and its summaries depend on the seal id alone, so a restart makes the same ones.

import { createHash, createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { systemClock } from '../../../src/lib/clock.ts';
import { CodedError } from '../../../src/lib/errors.ts';
import { publicJwkOf } from '../../../src/lib/ed25519.ts';
import { systemTimers } from '../../../src/lib/timers.ts';
import { enclaveAt } from '../../../src/trades/enclave/link/enclave-at.ts';
import { ServiceLink } from '../../../src/trades/enclave/link/service-link.ts';
import {
  accountId,
  accountRow,
  checkpoint,
  COUNTERS,
  identity,
  polledSummary,
} from '../enclave/link/enclave-messages.ts';

/** PKCS#8 of an Ed25519 key, before its 32 bytes. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

const socketPath = process.env['ENCLAVE_SOCKET'] ?? '';
const sealId = process.env['SEAL_ID'] ?? 'seal-one';
/** A file with how many summaries each account has to make. */
const plan = process.env['PLAN'] ?? '';

const seed = createHash('sha256').update(sealId).digest();
const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
const publicKey = publicJwkOf(privateKey);
if (publicKey === null) throw new Error('no key');
const key = { privateKey, publicKey };
const accounts = ['a', 'b', 'c'].map((name) => accountId(`${sealId} ${name}`));
/** The last summary that was handed out, by account. */
const made = new Map<string, number>();
let isRestoring = false;

const link: ServiceLink = new ServiceLink(socketPath, {
  identity: () => identity(key, { sealId, processId: process.pid }),
  status: () => ({
    accounts: accounts.map((account) => accountRow(account, { seq: made.get(account) ?? 0 })),
    unstoredSummaries: link.outgoing.unstoredSummaries,
    counters: COUNTERS,
  }),
  answer: async (question) => {
    if (question.type === 'register')
      return { type: 'refused', status: 403, code: 'over_powered', reason: 'The key may withdraw.' };
    if (question.type === 'metrics') return { type: 'metrics', metrics: [] };
    return question.type === 'summary' ? { type: 'summary', summary: null } : { type: 'removed' };
  },
  linked: () => void restore(),
  stop: () => void end(),
  log: { info: () => undefined, warn: () => undefined, error: (sentence) => process.stderr.write(sentence) },
  clock: systemClock,
  timers: systemTimers,
});

/** As a true enclave: it goes on where the checkpoints end. */
async function restore(): Promise<void> {
  if (isRestoring || made.size > 0) return;
  isRestoring = true;
  try {
    const found = new Map<string, number>();
    for await (const page of link.restoreAll()) for (const each of page) found.set(each.accountId, each.seq);
    for (const account of accounts) made.set(account, found.get(account) ?? 0);
    work();
  } catch {
    // The link broke; the next one begins anew.
  }
  isRestoring = false;
}

function work(): void {
  const wanted = existsSync(plan) ? Number(readFileSync(plan, 'utf8')) : 0;
  for (const account of accounts) {
    const seq = (made.get(account) ?? 0) + 1;
    if (seq > wanted || link.outgoing.isFull) continue;
    made.set(account, seq);
    void link.outgoing.store(polledSummary(key, account, seq), checkpoint(account, seq, seq));
  }
  systemTimers.after(2, work);
}

async function end(): Promise<void> {
  await link.stop();
  process.exit(0);
}

process.once('SIGTERM', () => void end());
try {
  await link.start();
} catch (error) {
  if (!(error instanceof CodedError) || error.code !== 'port_in_use') throw error;
  const other = await enclaveAt(socketPath, { clock: systemClock, timers: systemTimers });
  process.exit(other?.sealId === sealId ? 3 : 1);
}
