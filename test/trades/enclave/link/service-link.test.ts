import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FrameReader, frameOf } from '../../../../src/io/local-link-frames.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { systemTimers } from '../../../../src/lib/timers.ts';
import {
  type Checkpoint,
  type EnclaveIdentity,
  type EnclaveMessage,
  type EnclaveStatus,
  LINK_MESSAGE_BYTES_MAX,
  type LinkQuestion,
  type ServiceMessage,
} from '../../../../src/trades/domain/enclave-link.ts';
import { decodeEnclaveMessage } from '../../../../src/trades/domain/decode-enclave-message.ts';
import { enclaveAt } from '../../../../src/trades/enclave/link/enclave-at.ts';
import { NotLinkedError } from '../../../../src/trades/enclave/link/restores.ts';
import { ServiceLink } from '../../../../src/trades/enclave/link/service-link.ts';
import { ManualTime } from '../../../support/manual-time.ts';
import { until } from '../../../support/until.ts';
import {
  accountId,
  accountRow,
  checkpoint,
  identity,
  newEnclaveKey,
  NO_ACCOUNTS,
  polledSummary,
} from './enclave-messages.ts';

const KEY = newEnclaveKey();
const A = accountId('a');
const TIME = { clock: systemClock, timers: systemTimers };

/** A running end of an enclave. */
async function startLink(more: Partial<EnclaveIdentity> = {}, time: typeof TIME = TIME) {
  const folder = mkdtempSync(join(tmpdir(), 'enclave-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'enclave.sock');
  const questions: LinkQuestion[] = [];
  const calls = { linked: 0, stop: 0 };
  const state: { status: EnclaveStatus } = { status: NO_ACCOUNTS };
  const tell = () => undefined;
  const link = new ServiceLink(path, {
    ...time,
    identity: () => identity(KEY, more),
    status: () => state.status,
    answer: async (question) => {
      questions.push(question);
      if (question.type === 'remove') throw new Error('a defect');
      return { type: 'metrics', metrics: [] };
    },
    linked: () => void calls.linked++,
    stop: () => void calls.stop++,
    log: { info: tell, warn: tell, error: tell },
  });
  await link.start();
  let isStopped = false;
  const stop = async () => {
    if (!isStopped) await link.stop();
    isStopped = true;
  };
  onTestFinished(stop);
  return { path, link, questions, calls, state, stop };
}

/** A service made of raw frames. */
class RawService {
  readonly messages: EnclaveMessage[] = [];
  readonly closed: Promise<void>;
  readonly socket: Socket;

  constructor(path: string) {
    this.socket = connect(path);
    onTestFinished(() => void this.socket.destroy());
    this.socket.on('error', () => undefined);
    const reader = new FrameReader(LINK_MESSAGE_BYTES_MAX);
    this.socket.on('data', (piece: Buffer) => {
      reader.push(piece);
      for (let value = reader.next(); value !== undefined; value = reader.next()) {
        const message = decodeEnclaveMessage(value);
        if (message === null) throw new Error('the enclave sent what is no message');
        this.messages.push(message);
      }
    });
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  say(message: ServiceMessage | object): this {
    this.socket.write(frameOf(message, LINK_MESSAGE_BYTES_MAX));
    return this;
  }

  welcome(processId = 4_711): this {
    return this.say({ type: 'welcome', linkVersion: 1, processId });
  }

  /** The messages of a type; waits until there are so many. */
  came<T extends EnclaveMessage['type']>(type: T, count = 1) {
    const those = () =>
      this.messages.filter((each) => each.type === type) as Extract<EnclaveMessage, { type: T }>[];
    return until(`${count} ${type}`, () => (those().length >= count ? those() : null));
  }
}

async function pagesOf(link: ServiceLink) {
  const pages: (readonly Checkpoint[])[] = [];
  for await (const page of link.restoreAll()) pages.push(page);
  return pages;
}

describe('service link', () => {
  it('service link - says who it is, works with the first service, and tells another one who that is', async () => {
    const { path, link, calls } = await startLink();
    const first = new RawService(path);
    expect((await first.came('hello'))[0]?.identity).toEqual(identity(KEY));
    expect(link.isLinked).toBe(false);
    first.welcome(11);
    await first.came('status');
    expect([link.isLinked, calls.linked]).toEqual([true, 1]);
    const second = new RawService(path).welcome(12);
    expect(await second.came('busy')).toEqual([{ type: 'busy', processId: 11 }]);
    await second.closed;
    expect(link.counts).toMatchObject({ links: 1, busy: 1, rubbish: 0 });
    first.socket.destroy();
    await until('the end', () => !link.isLinked);
    await new RawService(path).welcome(13).came('status');
    expect([link.counts.links, calls.linked]).toEqual([2, 2]);
  });

  it.each<[string, object]>([
    ['no message', { type: 'something' }],
    ['a list', []],
    ['an acknowledgement without a number', { type: 'stored' }],
    ['a question of no kind', { type: 'ask', number: 1, question: { type: 'keys' } }],
    [
      'a registration without a secret',
      { type: 'ask', number: 1, question: { type: 'register', registration: {} } },
    ],
  ])('service link - %s closes the connection, and is counted', async (_name, message) => {
    const { path, link } = await startLink();
    const service = new RawService(path).welcome();
    await service.came('status');
    service.say(message);
    await service.closed;
    await until('the end', () => !link.isLinked);
    expect(link.counts.rubbish).toBe(1);
    await new RawService(path).welcome().came('status');
  });

  it('service link - a service of another version is not linked', async () => {
    const { path, link } = await startLink();
    const service = new RawService(path).say({ type: 'welcome', linkVersion: 2, processId: 1 });
    await service.closed;
    expect([link.isLinked, link.counts.links]).toEqual([false, 0]);
  });

  it('service link - a summary is stored once it is acknowledged, whichever link carries that', async () => {
    const { path, link } = await startLink();
    const summary = polledSummary(KEY, A, 1);
    const stored = link.outgoing.store(summary, checkpoint(A, 1, 1));
    const first = new RawService(path).welcome();
    const [message] = await first.came('store');
    expect(message).toMatchObject({ summary, checkpoint: checkpoint(A, 1, 1) });
    first.socket.destroy();
    await until('the end', () => !link.isLinked);
    const second = new RawService(path).welcome();
    expect(await second.came('store')).toEqual([message]);
    second.say({ type: 'stored', number: message?.number ?? 0 });
    await stored;
  });

  it('service link - restores one account, or all in pages; not without a service', async () => {
    const { path, link } = await startLink();
    await expect(link.restore(A)).rejects.toBeInstanceOf(NotLinkedError);
    await expect(link.restoreAll().next()).rejects.toBeInstanceOf(NotLinkedError);
    const service = new RawService(path).welcome();
    await service.came('status');
    const one = link.restore(A);
    const [asked] = await service.came('restore');
    expect(asked?.accountId).toBe(A);
    service.say({ type: 'checkpoints', number: asked?.number ?? 0, checkpoints: [checkpoint(A, 3, 7)] });
    expect(await one).toEqual(checkpoint(A, 3, 7));
    const all = pagesOf(link);
    const pages = [[checkpoint('a', 1, 1), checkpoint('b', 1, 1)], [checkpoint('c', 1, 1)], []];
    for (const [index, checkpoints] of pages.entries()) {
      const question = (await service.came('restoreAll', index + 1))[index];
      expect(question?.after).toBe([null, 'b', 'c'][index]);
      service.say({ type: 'checkpoints', number: question?.number ?? 0, checkpoints });
    }
    expect(await all).toEqual(pages.slice(0, 2));
    const unanswered = link.restore(A);
    await service.came('restore', 2);
    service.socket.destroy();
    await expect(unanswered).rejects.toBeInstanceOf(NotLinkedError);
  });

  it.each<[string, readonly Checkpoint[]]>([
    ['the same page', [checkpoint('a', 1, 1), checkpoint('b', 1, 1)]],
    ['an earlier page', [checkpoint('a', 1, 1)]],
  ])('service link - %s again ends a restore, which would have no end', async (_name, again) => {
    const { path, link } = await startLink();
    const service = new RawService(path).welcome();
    await service.came('status');
    const all = pagesOf(link);
    const first = [checkpoint('a', 1, 1), checkpoint('b', 1, 1)];
    for (const [index, checkpoints] of [first, again].entries()) {
      const question = (await service.came('restoreAll', index + 1))[index];
      service.say({ type: 'checkpoints', number: question?.number ?? 0, checkpoints });
    }
    expect(await all).toEqual([first]);
  });

  it('service link - answers questions, and hears that it has to stop', async () => {
    const { path, questions, calls } = await startLink();
    const service = new RawService(path).welcome();
    const question = { type: 'metrics', userId: 'u' } as const;
    service.say({ type: 'ask', number: 5, question });
    expect(await service.came('answer')).toEqual([
      { type: 'answer', number: 5, answer: { type: 'metrics', metrics: [] } },
    ]);
    service.say({ type: 'ask', number: 6, question: { type: 'remove', userId: 'u' } });
    expect((await service.came('answer', 2))[1]).toMatchObject({
      number: 6,
      answer: { type: 'refused', status: 503 },
    });
    expect(questions[0]).toEqual(question);
    service.say({ type: 'stop' });
    await until('the stop', () => calls.stop === 1);
  });

  it('service link - sends its status when it changed, and not else', async () => {
    const time = new ManualTime();
    const { path, state } = await startLink({}, { clock: time, timers: time });
    const service = new RawService(path).welcome();
    await service.came('status');
    const settle = async () => {
      for (let turns = 0; turns < 20; turns++) await turn();
    };
    await time.advance(5_000, settle);
    state.status = { ...NO_ACCOUNTS, accounts: [accountRow(A)] };
    await time.advance(5_000, settle);
    const [, changed] = await service.came('status', 2);
    expect(changed?.status).toEqual(state.status);
    expect(service.messages.filter(({ type }) => type === 'status')).toHaveLength(2);
  });

  it('service link - tells who holds a socket', async () => {
    const { path, stop } = await startLink({ sealId: 'seal-of-the-first' });
    const other = new ServiceLink(path, {} as never);
    await expect(other.start()).rejects.toMatchObject({ code: 'port_in_use' });
    expect(await enclaveAt(path, TIME)).toMatchObject({
      sealId: 'seal-of-the-first',
      processId: process.pid,
    });
    await stop();
    expect(await enclaveAt(path, TIME)).toBeNull();
  });
});
