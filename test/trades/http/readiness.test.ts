import { describe, expect, it } from 'vitest';
import type { TradesView } from '../../../src/trades/domain/view.ts';
import { judgeReadiness, type Readiness } from '../../../src/trades/http/readiness.ts';
import { VIEW } from './view.ts';

const judge = (view: Partial<TradesView>) => judgeReadiness({ ...VIEW, ...view });
const OK = { ok: true };

describe('trades readiness', () => {
  it('is ready when every component works', () => {
    expect(judge({})).toEqual({
      status: 'ready',
      components: { database: OK, key: OK, jobs: OK, accounts: OK, backend: OK, process: OK },
    });
  });

  it.each<[string, Partial<TradesView>, keyof Readiness['components'], RegExp]>([
    [
      'a writable database',
      { store: { ...VIEW.store, problem: 'the disk is full' } },
      'database',
      /^the disk/,
    ],
    ['a readable database', { readProblem: 'the file is damaged' }, 'database', /^the file is damaged$/],
    ['a key', { keyId: '' }, 'key', /^no key signs/],
    ['the WebSocket', { socket: { ...VIEW.socket, isListening: false } }, 'jobs', /does not listen$/],
    [
      'the enclave of its accounts',
      { accounts: { ...VIEW.accounts, known: 1, isLinked: false, problem: 'nothing answers' } },
      'accounts',
      /^the enclave .* is not linked: nothing answers$/,
    ],
    [
      'a free file descriptor',
      { descriptors: { problem: 'no file can be opened', seconds: 3 } },
      'process',
      /^no file can be opened$/,
    ],
  ])('is not ready without %s, and gives the reason', (_name, view, broken, reason) => {
    const { status, components } = judge(view);
    expect(status).toBe('not_ready');
    expect(components[broken]).toEqual({ ok: false, reason: expect.stringMatching(reason) });
    expect(Object.values(components).filter(({ ok }) => !ok)).toHaveLength(1);
  });

  it.each<[string, Partial<TradesView>, keyof Readiness['components'], RegExp | null]>([
    [
      'accounts of another seal key',
      { accounts: { ...VIEW.accounts, isLinked: true, known: 3, stranded: 2 } },
      'accounts',
      /^2 accounts cannot continue, .*ENCLAVE_SEAL_KEY$/,
    ],
    ['no enclave and no account', { accounts: { ...VIEW.accounts, isLinked: false } }, 'accounts', null],
    [
      'a backend that is away',
      { outbox: { ...VIEW.outbox, problem: 'the backend does not answer' } },
      'backend',
      /^the backend does not answer; 3 summaries wait in the outbox$/,
    ],
    [
      'dead letters',
      { outbox: { ...VIEW.outbox, deadLetters: 2 } },
      'backend',
      /^the backend refused 2 summaries for good: \.\/aggregator outbox list$/,
    ],
    [
      'an outbox that is nearly full',
      { outbox: { ...VIEW.outbox, heldBytes: 815, bytesMax: 1_000 } },
      'backend',
      /^the outbox is 81 % full, .*OUTBOX_MAX_MIB$/,
    ],
    [
      'facts that were lost',
      { store: { ...VIEW.store, droppedFacts: 2, unstorableFacts: 1 } },
      'database',
      /^3 facts could not be stored/,
    ],
    [
      'lost lines of the log',
      { logLoss: { lines: 4, problem: 'ENOSPC' } },
      'process',
      /4 lines were dropped$/,
    ],
  ])('is ready with %s, and says so', (_name, view, component, reason) => {
    const { status, components } = judge(view);
    expect(status).toBe('ready');
    expect(components[component]).toEqual(
      reason === null ? OK : { ok: true, reason: expect.stringMatching(reason) },
    );
  });
});
