import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { systemTimers, type Timers } from '../../../src/lib/timers.ts';
import type { EnclaveIdentity, EnclaveStatus, LinkAnswer } from '../../../src/trades/domain/enclave-link.ts';
import type { PlainRegistration } from '../../../src/trades/domain/registration.ts';
import { ServiceLink } from '../../../src/trades/enclave/link/service-link.ts';
import { NotStoredError } from '../../../src/trades/enclave/link/outgoing.ts';
import { until } from '../../support/until.ts';
import {
  accountId,
  accountRow,
  checkpoint,
  identity,
  newEnclaveKey,
  NO_ACCOUNTS,
  polledSummary,
} from '../enclave/link/enclave-messages.ts';
import { TestService } from './accounts-service.ts';

const KEY = newEnclaveKey();
const [A, B] = [accountId('a'), accountId('b')];
/** Waits between attempts are short. */
const QUICK: Timers = { ...systemTimers, after: (ms, run) => systemTimers.after(Math.min(ms, 2), run) };

function place() {
  const folder = mkdtempSync(join(tmpdir(), 'accounts-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return {
    database: join(folder, 'trades.db'),
    socket: join(folder, 'e.sock'),
    proxy: join(folder, 'p.sock'),
  };
}

/** An enclave's end of the link in this process. */
async function startEnclave(socket: string, more: Partial<EnclaveIdentity> = {}, key = KEY) {
  const state: { status: EnclaveStatus; answer: LinkAnswer } = {
    status: NO_ACCOUNTS,
    answer: { type: 'registered' },
  };
  let stops = 0;
  const tell = () => undefined;
  const link = new ServiceLink(socket, {
    identity: () => identity(key, more),
    status: () => state.status,
    answer: async () => state.answer,
    linked: () => undefined,
    stop: () => void stops++,
    log: { info: tell, warn: tell, error: tell },
    clock: systemClock,
    timers: systemTimers,
  });
  await link.start();
  let isStopped = false;
  const stop = async () => {
    if (!isStopped) await link.stop();
    isStopped = true;
  };
  onTestFinished(stop);
  return { link, state, stop, stops: () => stops };
}

async function startService(database: string, socketPath: string, timers = systemTimers) {
  const service = new TestService(database, { socketPath }, { timers });
  onTestFinished(() => service.stop());
  return service.start();
}

const store = (link: ServiceLink, account: string, seq: number, turn = seq) =>
  link.outgoing.store(polledSummary(KEY, account, seq), checkpoint(account, seq, turn));

describe('accounts side', () => {
  it('accounts side - stores summaries with their checkpoints, and gives these back', async () => {
    const { database, socket } = place();
    const enclave = await startEnclave(socket);
    const service = await startService(database, socket);
    await Promise.all([1, 2, 3].flatMap((seq) => [A, B].map((account) => store(enclave.link, account, seq))));
    expect(service.names.filter((name) => name.startsWith(A))).toEqual([1, 2, 3].map((seq) => `${A}:${seq}`));
    expect(service.entries[0]).toMatchObject({ provenance: 'polled', exchange: 'binance', trades: 2 });
    await enclave.link.outgoing.store(null, checkpoint(A, 3, 9));
    expect(await enclave.link.restore(A)).toEqual(checkpoint(A, 3, 9));
    expect(await enclave.link.restore('unknown')).toBeNull();
    // A question sees what was sent before it, without waiting for the answer.
    void enclave.link.outgoing.store(null, checkpoint(A, 3, 10));
    expect(await enclave.link.restore(A)).toEqual(checkpoint(A, 3, 10));
    expect(service.keys).toEqual([KEY.publicKey.kid]);
    expect(service.accounts.view.link).toEqual({
      links: 1,
      rubbish: 0,
      stored: 6,
      repeated: 0,
      refused: 0,
      refusedCheckpoints: 0,
    });
  });

  it('accounts side - a link cut at every byte stores every summary once, in order', async () => {
    const { database, socket, proxy } = place();
    const enclave = await startEnclave(socket);
    const { allow, rounds } = await startCutter(proxy, socket);
    const service = await startService(database, proxy, QUICK);
    let seq = 0;
    const cuts = [
      // The welcome and some answers.
      ...Array.from({ length: 110 }, (_, bytes) => ({ toEnclave: bytes, toService: Infinity })),
      // The hello, the status and some summaries.
      ...Array.from({ length: 110 }, (_, step) => ({ toEnclave: Infinity, toService: step * 31 })),
    ];
    for (const cut of cuts) {
      void store(enclave.link, seq % 3 === 0 ? B : A, ++seq);
      if (seq % 5 === 0) void enclave.link.outgoing.store(null, checkpoint(A, 0, seq));
      const before = rounds();
      allow(cut);
      // The connection before, and this one, unless nothing is left to be said.
      while (rounds() < before + 2 && enclave.link.outgoing.unstoredSummaries > 0) await turn();
    }
    allow({ toEnclave: Infinity, toService: Infinity });
    await enclave.link.outgoing.emptied();
    for (const account of [A, B]) {
      const seqs = service.entries.filter(({ clientId }) => clientId === account).map((entry) => entry.seq);
      expect(seqs).toEqual(seqs.toSorted((one, other) => Number(one) - Number(other)));
      expect(new Set(seqs).size).toBe(seqs.length);
    }
    expect(service.entries).toHaveLength(cuts.length);
    expect(service.accounts.view.link).toMatchObject({ stored: cuts.length, refused: 0, rubbish: 0 });
    expect(service.accounts.view.link.repeated).toBeGreaterThan(0);
  });

  it('accounts side - without room in the outbox the enclave waits, and goes on when there is some', async () => {
    const { database, socket } = place();
    const enclave = await startEnclave(socket);
    const service = await startService(database, socket, QUICK);
    service.room = 0;
    const waits = [1, 2].map((seq) => store(enclave.link, A, seq));
    // A checkpoint needs no room.
    await enclave.link.outgoing.store(null, checkpoint(B, 0, 1));
    expect([service.names, enclave.link.outgoing.unstoredSummaries]).toEqual([[], 2]);
    service.room = 1_000_000;
    service.accounts.roomChanged();
    await Promise.all(waits);
    expect(service.names).toEqual([`${A}:1`, `${A}:2`]);
  });

  it('accounts side - a summary that is not genuine is refused, counted and told', async () => {
    const { database, socket } = place();
    const enclave = await startEnclave(socket);
    const service = await startService(database, socket);
    const forged = polledSummary(newEnclaveKey(), A, 1);
    await expect(enclave.link.outgoing.store(forged, checkpoint(A, 1, 1))).rejects.toEqual(
      new NotStoredError('refused'),
    );
    await store(enclave.link, A, 1);
    expect(service.names).toEqual([`${A}:1`]);
    expect(service.accounts.view.link).toMatchObject({ stored: 1, refused: 1 });
    expect(service.log.join(' ')).toMatch(/a summary of the enclave is refused, because no key/);
  });

  it('accounts side - registrations are asked of the enclave, and are away without it', async () => {
    const { database, socket } = place();
    const service = await startService(database, socket);
    const { registrations } = service.accounts;
    const away = { status: 503, code: 'enclave_away', reason: expect.any(String) };
    const registration = { userId: 'u' } as unknown as PlainRegistration;
    expect(await registrations.register(registration)).toEqual(away);
    expect([
      await registrations.remove('u'),
      await registrations.metrics('u'),
      await registrations.summary('u'),
    ]).toEqual([away, away, away]);
    const enclave = await startEnclave(socket);
    await until('the link', () => service.accounts.view.isLinked === true);
    enclave.state.answer = { type: 'removed' };
    expect(await registrations.remove('u')).toBeNull();
    enclave.state.answer = { type: 'summary', summary: null };
    expect(await registrations.summary('u')).toBeNull();
    enclave.state.answer = { type: 'metrics', metrics: [] };
    expect(await registrations.metrics('u')).toEqual([]);
    enclave.state.answer = { type: 'refused', status: 409, code: 'known', reason: 'It is there.' };
    expect(await registrations.remove('u')).toEqual({ status: 409, code: 'known', reason: 'It is there.' });
    const unanswered = registrations.metrics('u');
    await enclave.stop();
    expect([await unanswered].flat().length).toBeLessThan(2);
    await until('the end', () => service.accounts.view.isLinked === false);
    expect(await registrations.metrics('u')).toEqual(away);
  });

  it('accounts side - shows what the enclave told last, also while that is away', async () => {
    const { database, socket } = place();
    const service = await startService(database, socket);
    expect(service.accounts.view).toMatchObject({ isLinked: false, known: 0, online: 0 });
    const enclave = await startEnclave(socket);
    const nodes = ['online', 'online', 'stale', 'offline'] as const;
    enclave.state.status = {
      ...NO_ACCOUNTS,
      accounts: nodes.map((node, index) => accountRow(accountId(`${index}`), { node })),
      unstoredSummaries: 7,
    };
    const sums = { online: 2, stale: 1, offline: 1, known: 4, unstored: 7, counters: NO_ACCOUNTS.counters };
    await until('the status', () => service.accounts.rows.length === 4);
    expect(service.accounts.view).toMatchObject({ ...sums, isLinked: true, problem: null });
    expect(service.accounts.enclave).toMatchObject({ url: 'http://127.0.0.1:3000' });
    await enclave.stop();
    await until('the end', () => service.accounts.view.isLinked === false);
    expect(service.accounts.view).toMatchObject({ ...sums, problem: 'the enclave is gone (peer)' });
  });

  it('accounts side - an enclave with another seal key: its accounts are told apart, and the earlier ones are said', async () => {
    const { database, socket } = place();
    const first = await startEnclave(socket);
    const service = await startService(database, socket, QUICK);
    await first.link.outgoing.store(null, checkpoint(A, 0, 1));
    await first.stop();
    const key = newEnclaveKey();
    const second = await startEnclave(socket, { sealId: 'seal-two' }, key);
    await until('its link', () => service.accounts.view.stranded === 1);
    expect(service.log.join(' ')).toMatch(/another seal key sealed the checkpoints of 1 account,/);
    expect(service.keys).toEqual([KEY.publicKey.kid, key.publicKey.kid]);
    await second.link.outgoing.store(null, checkpoint(B, 0, 1));
    const pages: string[] = [];
    for await (const page of second.link.restoreAll()) pages.push(...page.map((each) => each.accountId));
    expect(pages).toEqual([B]);
  });

  it('accounts side - a second service is told who is linked, and takes over when that ends', async () => {
    const { database, socket } = place();
    const enclave = await startEnclave(socket);
    const first = await startService(database, socket, QUICK);
    await until('the link', () => first.accounts.view.isLinked === true);
    const second = await startService(`${database}2`, socket, QUICK);
    await until('the refusal', () => second.accounts.view.problem?.includes('another service') === true);
    expect(second.accounts.view.problem).toContain(`the process ${process.pid}`);
    expect([second.accounts.view.isLinked, first.accounts.view.isLinked]).toEqual([false, true]);
    await first.stop();
    await until('the second link', () => second.accounts.view.isLinked === true);
    expect(enclave.link.counts.busy).toBeGreaterThan(0);
  });

  it('accounts side - an enclave that is missing for long is said once, with the remedy', async () => {
    const { database, socket } = place();
    const attempts: number[] = [];
    const timers: Timers = {
      ...QUICK,
      after: (ms, run) => QUICK.after(ms, () => (attempts.push(ms), run())),
    };
    const service = await startService(database, socket, timers);
    const said = () => service.log.filter((sentence) => sentence.includes('nothing answers'));
    await until('the sentence', () => said().length > 0);
    const before = attempts.length;
    await until('further attempts', () => attempts.length > before + 20);
    expect(said()).toEqual([
      'enclave: nothing answers at ENCLAVE_SOCKET (ENOENT): start the enclave, with the same ENCLAVE_SOCKET',
    ]);
    expect(service.accounts.view.problem).toBe(said()[0]?.replace('enclave: ', ''));
  });

  it('accounts side - an enclave of another version is not linked, and says so', async () => {
    const { database, socket } = place();
    await startEnclave(socket, { linkVersion: 2 });
    const service = await startService(database, socket, QUICK);
    await until('the refusal', () => service.accounts.view.problem !== null);
    expect(service.accounts.view).toMatchObject({
      isLinked: false,
      problem: 'the enclave speaks version 2 of the link, and this service version 1',
    });
  });
});

interface Cut {
  readonly toEnclave: number;
  readonly toService: number;
}

/** Stands between the two, and cuts each connection after some bytes of one direction. */
async function startCutter(path: string, target: string) {
  let cut: Cut = { toEnclave: 0, toService: 0 };
  let rounds = 0;
  const open = new Set<Socket>();
  const server = createServer((service) => {
    const enclave = connect(target);
    const isCutAt = cut;
    const end = () => {
      if (open.delete(service)) rounds++;
      service.destroy();
      enclave.destroy();
    };
    open.add(service);
    for (const [from, to, bytes] of [
      [service, enclave, isCutAt.toEnclave],
      [enclave, service, isCutAt.toService],
    ] as const) {
      let left = bytes;
      from.on('error', end);
      from.on('close', end);
      from.on('data', (piece: Buffer) => {
        const part = piece.subarray(0, Math.min(piece.length, left));
        left -= part.length;
        to.write(part, () => {
          if (left <= 0) end();
        });
      });
      if (bytes <= 0) end();
    }
  });
  await new Promise<void>((resolve) => server.listen(path, () => resolve()));
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return {
    rounds: () => rounds,
    allow: (next: Cut) => {
      cut = next;
      // The connection that was made under the cut before ends, and the next one has this cut.
      for (const socket of open) socket.destroy();
    },
  };
}
