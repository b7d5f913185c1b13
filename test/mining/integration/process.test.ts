// The process in trouble: too few descriptors, a locked database, a restart under load, kill -9, a rubbish file.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { connect } from 'node:net';
import Sqlite from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  flatFile,
  improving,
  miningPlace,
  type Reply,
  startMining,
  startUpstream,
  TestMiner,
  trueSubmission,
} from '../../support/mining.ts';
import { freePort } from '../../support/free-port.ts';
import { until } from '../../support/until.ts';

async function setUp(name: string) {
  const upstream = await startUpstream();
  const place = await miningPlace(name);
  const file = flatFile(place, upstream.port);
  const program = await startMining(place, file);
  const miner = new TestMiner(program.miners);
  await until('an information', async () => (await miner.information()).result !== undefined);
  return { upstream, place, file, program, miner };
}

describe('mining process', () => {
  it('mining process - S5: true submissions go on behind an address from which most proofs are false', async () => {
    const { upstream, program, miner } = await setUp('liar');
    const honest = Array.from({ length: 6 }, (_none, index) => trueSubmission(`S5 ${index}`, upstream.block));
    const liar = trueSubmission('S5 liar', upstream.block);
    const lies = Array.from({ length: 20 }, (_none, index) => ({
      ...liar,
      nonce: liar.nonce + BigInt(100 + index),
      rawQuality: BigInt(index),
    }));
    const sent: Promise<Reply>[] = [];
    for (const [index, lie] of lies.entries()) {
      sent.push(miner.submit(lie));
      const honestOne = honest[index];
      if (honestOne !== undefined) sent.push(miner.submit(honestOne));
    }
    await Promise.all(sent);
    await until('every true one', () => upstream.accepted.length === honest.length);
    expect(upstream.received.length).toBe(honest.length);
    const stats = JSON.stringify(await program.stats(), (_name, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    expect(stats).toContain(liar.accountId.toLowerCase());
  });

  it('mining process - S17: while another process holds the database, nobody waits long and nothing is lost', async () => {
    const { upstream, place, program, miner } = await setUp('locked');
    const other = new Sqlite(join(place.folder, 'aggregator.db'));
    onTestFinished(() => void other.close());
    const before = trueSubmission('S17 before', upstream.block);
    expect((await miner.submit(before)).result).toBeDefined();
    other.exec('BEGIN IMMEDIATE');
    const [first, second] = improving('S17', upstream.block, 2);
    if (first === undefined || second === undefined) throw new Error('no submissions');
    const during = await miner.submit(first);
    // The lock is held until both are answered, so each answer at all shows that nobody waits for it.
    expect(during.tookMs).toBeLessThan(8_000);
    expect((await miner.information()).tookMs).toBeLessThan(8_000);
    other.exec('ROLLBACK');
    await until('success', async () => (await miner.submit(first)).result);
    expect((await miner.submit(second)).result).toBeDefined();
    await until('all three', () => upstream.accepted.length === 3);
    // The writer tells its state once a second.
    await until('readiness', async () => (await fetch(`${program.miners}/readyz`)).status === 200);
  });

  it('mining process - S25: a restart under load keeps every answered submission and the statistics', async () => {
    const { upstream, place, file, program } = await setUp('restart');
    const answered: bigint[] = [];
    const names = Array.from({ length: 12 }, (_none, index) => `S25 ${index}`);
    const submissions = names.map((name) => trueSubmission(name, upstream.block));
    const miners = submissions.map(() => new TestMiner(program.miners));
    const sending = submissions.map(async (submission, index) => {
      const reply = await miners[index]?.submit(submission);
      if (reply?.result !== undefined) answered.push(submission.rawQuality);
    });
    await sending[0];
    const code = program.stop('SIGTERM');
    await Promise.all(sending);
    expect(await code).toBe(0);
    const again = await startMining(place, file);
    await until('every answered one', () => {
      const delivered = new Set(upstream.accepted.map(({ rawQuality }) => rawQuality));
      return answered.every((rawQuality) => delivered.has(rawQuality));
    });
    const stats = await until('the statistics', async () => {
      const now = await again.stats();
      return Number(now['uniqueMiners']) >= answered.length && now;
    });
    expect(stats.accounts.length).toBeGreaterThanOrEqual(answered.length);
  });

  it('mining process - after kill -9 an accepted submission is delivered, and a better one follows', async () => {
    const { upstream, place, file, program, miner } = await setUp('killed');
    const [first, second] = improving('killed', upstream.block, 2);
    if (first === undefined || second === undefined) throw new Error('no submissions');
    await upstream.refuse();
    expect((await miner.submit(first)).result).toBeDefined();
    program.process.kill('SIGKILL');
    await program.exit;
    await upstream.comeBack();
    const again = await startMining(place, file);
    await until('the delivery', () => upstream.accepted.length === 1);
    const other = new TestMiner(again.miners);
    expect((await other.submit(first)).result).toBeDefined();
    expect((await other.submit(second)).result).toBeDefined();
    await until('the better one', () => upstream.accepted.length === 2);
    expect(upstream.accepted.map(({ rawQuality }) => rawQuality)).toEqual([
      first.rawQuality,
      second.rawQuality,
    ]);
  });

  it('mining process - S4: with a small limit of open files it warns, refuses connections above it and keeps working', async () => {
    const upstream = await startUpstream();
    const place = await miningPlace('descriptors');
    const program = await startMining(place, flatFile(place, upstream.port), {}, { openFiles: 1_024 });
    expect(program.log.some(({ level, msg }) => level === 'warn' && msg.includes('1024'))).toBe(true);
    const sockets = Array.from({ length: 1_500 }, () => connect(place.port, '127.0.0.1'));
    for (const socket of sockets) socket.on('error', () => undefined);
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
    await until('refused ones', () => sockets.filter(({ closed }) => closed).length > 700);
    for (const socket of sockets.slice(0, 200)) socket.destroy();
    const miner = new TestMiner(program.miners);
    await until('an information', async () => (await miner.information()).result !== undefined);
    expect((await miner.submit(trueSubmission('S4', upstream.block))).result).toBeDefined();
    await until('the delivery', () => upstream.accepted.length === 1);
  });

  it('mining process - S24: polls while the upstream is down leave one line for each change of state', async () => {
    const place = await miningPlace('quiet');
    const file = { ...flatFile(place, await freePort()), logging: { level: 'info' } };
    const program = await startMining(place, file, { LOG_LEVEL: 'info' });
    const miners = Array.from({ length: 20 }, () => new TestMiner(program.miners));
    await until('an error', async () => (await miners[0]?.information())?.error);
    const lines = program.log.length;
    for (let round = 0; round < 50; round++) await Promise.all(miners.map((miner) => miner.information()));
    expect(program.log.length - lines).toBeLessThanOrEqual(2);
  });

  it('mining process - a second one on the same port or database says so and leaves the first alone', async () => {
    const { place, file, program } = await setUp('twice');
    const second = spawn(
      process.execPath,
      [new URL('../../../src/main.ts', import.meta.url).pathname, 'mining', '-c', place.configPath],
      { cwd: place.folder, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    for (const stream of [second.stdout, second.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise((resolve) => second.once('close', resolve));
    expect(code).toBe(1);
    expect(said).toMatch(/\[(port_in_use|database_in_use)\]/);
    expect((await fetch(`${program.miners}/health`)).status).toBe(200);
    expect(file).toBeDefined();
  });
});
