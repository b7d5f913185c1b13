import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { COMMIT_RETRY_MS } from '../../../src/store/committer.ts';
import { FREE_SPACE_CHECK_MS } from '../../../src/store/free-space.ts';
import { STOP_SALVAGE_MS } from '../../../src/store/salvage.ts';
import { heartbeat, taskReceived, tasks } from '../../support/messages.ts';
import { STREAM } from '../ingest/writer-on-disk.ts';
import { REFUSALS, UNSTORABLE } from '../simulated-weeks/simulated-disk.ts';
import { closeLoops, HOUR_MS, removeFiles, SOON_MS, startLoop } from './ingest-loop-on-disk.ts';

afterEach(closeLoops);
afterAll(removeFiles);

const poison = (task: number) => taskReceived(task, `${UNSTORABLE}${task}`);
const returned = (lines: readonly string[]) => lines.filter((line) => line.startsWith('returned'));

describe('ingest loop', () => {
  it('ingest loop - of a batch main hears the signs of life, then the source the position, both behind the disk', async () => {
    const { own, batch, pass, news, attach, main } = await startLoop();
    expect(main).toMatchObject([
      { type: 'opened', aggregatorId: 'test', observedMs: 0 },
      { type: 'snapshot', observedMs: 0 },
    ]);
    attach();
    main.length = 0;
    batch([...tasks(0, 2), heartbeat('node-0002'), heartbeat('node-0001')], 1);
    expect(news()).toEqual(['committed node-0001 node-0002 | 2 to 4', 'returned 4 to 4 | 2 to 4']);
    batch([heartbeat('node-0002')], 5);
    expect(news()).toEqual(['committed node-0002 | 2 to 5', 'returned 1 to 5 | 2 to 5']);
    // Before the signs of life the observed clock would make nodes silent that were heard.
    expect(main.map(({ type }) => type)).toEqual(['committed', 'snapshot', 'committed', 'snapshot']);
    expect(main.at(-1)).toMatchObject({ observedMs: 50, accounts: { inFlight: 0 } });
    // Nothing is told twice, and nothing is committed without a cause.
    pass(HOUR_MS / 60);
    expect(news()).toEqual([]);
    expect(own.accounts).toEqual({ received: 5, inFlight: 0, applied: 5 });
  });

  it('ingest loop - each question for the position is answered in its turn, with what is behind it in the file', async () => {
    const { say, batch, pass, news } = await startLoop();
    say({ type: 'lastKnown', stream: STREAM });
    say({ type: 'attach', stream: STREAM, storedAtMs: null });
    batch(tasks(0, 3), 1);
    say({ type: 'lastKnown', stream: STREAM });
    say({ type: 'attach', stream: { ...STREAM, lastSeq: 3 }, storedAtMs: null });
    expect(news()).toEqual([
      'position null | 0 to -',
      'position 1 | 0 to -',
      'committed node-0001 | 3 to 3',
      'returned 3 to 3 | 3 to 3',
      'position 3 | 3 to 3',
      'position 4 | 3 to 3',
    ]);
    say({ type: 'nothingUpTo', seq: 9 });
    pass(SOON_MS);
    expect(news()).toEqual(['committed  | 3 to 9']);
  });

  it('ingest loop - a question whose answer cannot be read waits for the file, and is then answered once', async () => {
    const { own, say, batch, pass, news, attach } = await startLoop();
    attach();
    batch(tasks(0, 3), 1);
    const showPositions = own.hidePositions();
    say({ type: 'attach', stream: { ...STREAM, lastSeq: 3 }, storedAtMs: null });
    say({ type: 'lastKnown', stream: STREAM });
    pass(3 * COMMIT_RETRY_MS);
    showPositions();
    pass(COMMIT_RETRY_MS + SOON_MS);
    expect(news().filter((line) => line.startsWith('position'))).toEqual([
      'position 4 | 3 to 3',
      'position 3 | 3 to 3',
    ]);
  });

  it.each([
    ['transitions', (at: number) => ({ type: 'transitions', facts: [factOf(at)] }) as const],
    ['a key that was used', (at: number) => ({ type: 'keyUsed', keyId: 'none', atMs: at }) as const],
  ])('ingest loop - what comes without a batch is committed soon, and once: %s', async (_what, message) => {
    const { own, loop, batch, pass, news, attach } = await startLoop();
    attach();
    batch([heartbeat('node-0001')], 1);
    news();
    for (let times = 0; times < 3; times++) loop.receive(message(own.time.nowMs));
    pass(SOON_MS - 1);
    expect(news()).toEqual([]);
    pass(1);
    expect(news()).toEqual(['committed  | 0 to 1']);
  });

  it.each(REFUSALS)(
    'ingest loop - while commits are refused (%s) everything waits in its order, and then counts once',
    async (refusal) => {
      const { own, say, batch, pass, news, attach, snapshot } = await startLoop();
      attach();
      own.disk.refuse(refusal);
      batch(tasks(0, 80), 1);
      batch([heartbeat('node-0002')], 81);
      say({ type: 'clock', observedMs: 5000 });
      say({ type: 'shed', counts: [0, 0, 0, 7, 0, 0, 0] });
      say({ type: 'lastKnown', stream: STREAM });
      pass(10 * COMMIT_RETRY_MS);
      const [line = '', ...others] = news();
      expect(line).toMatch(/^error database: .*; taking no more messages, trying again until it works$/);
      expect(others).toEqual([]);
      // The clock waits with the signs of life: by a later one their nodes would be silent.
      expect(snapshot()).toMatchObject({ observedMs: 0, accounts: { inFlight: 80 } });
      own.disk.heal();
      pass(COMMIT_RETRY_MS + SOON_MS);
      expect(news()).toEqual([
        'committed node-0001 | 80 to 80',
        'returned 80 to 80 | 80 to 80',
        'info database: commits work again',
        'committed node-0002 | 80 to 81',
        'returned 1 to 81 | 80 to 81',
        'position 81 | 80 to 81',
        'committed  | 80 to 81',
      ]);
      expect(own.accounts).toEqual({ received: 88, inFlight: 0, applied: 81, shed: 7 });
      expect(snapshot()).toMatchObject({ observedMs: 5000, status: { databaseProblem: null } });
    },
  );

  it('ingest loop - a batch that fails three times is bisected while the next waits, and each goes back once', async () => {
    const { own, batch, pass, news, attach } = await startLoop();
    attach();
    batch([...tasks(0, 3), poison(3), ...tasks(4, 8)], 1);
    batch([heartbeat('node-0002')], 9);
    expect(returned(news())).toEqual([]);
    pass(3 * COMMIT_RETRY_MS - 1);
    expect(own.tasks).toBe(0);
    pass(1);
    const lines = news();
    expect(returned(lines)).toEqual(['returned 8 to 8 | 7 to 8', 'returned 1 to 9 | 7 to 9']);
    // The signs of life of a part come with the commit of that part.
    expect(lines.indexOf('returned 8 to 8 | 7 to 8')).toBeLessThan(
      lines.findIndex((line) => line.startsWith('committed node-0002')),
    );
    expect(lines.filter((line) => line.includes('set aside 1 message(s)'))).toHaveLength(1);
    expect(own.column('SELECT seq FROM quarantine')).toEqual([4]);
    expect(own.accounts).toEqual({ received: 9, inFlight: 0, applied: 8, quarantined: 1 });
  });

  it('ingest loop - below the limit of free space no batch is taken, facts are, and above it reading goes on', async () => {
    const { own, loop, batch, pass, news, attach, snapshot } = await startLoop();
    attach();
    batch([heartbeat('node-0001')], 1);
    own.disk.fill();
    pass(FREE_SPACE_CHECK_MS);
    batch(tasks(0, 3), 2);
    loop.receive({ type: 'transitions', facts: [factOf(own.time.nowMs)] });
    pass(HOUR_MS);
    expect(returned(news())).toEqual(['returned 1 to 1 | 0 to 1']);
    expect(own.column('SELECT state FROM nodes')).toEqual([1]);
    expect(snapshot().status.databaseProblem).toContain('below 5 %');
    // Above the lower limit is not enough.
    own.disk.room = { freeBytes: 55, sizeBytes: 1000 };
    pass(FREE_SPACE_CHECK_MS);
    expect(news()).toEqual([]);
    own.disk.room = { freeBytes: 60, sizeBytes: 1000 };
    pass(FREE_SPACE_CHECK_MS);
    expect(news()).toEqual([
      'info database: there is room again, reading goes on',
      'committed node-0001 | 3 to 4',
      'returned 3 to 4 | 3 to 4',
    ]);
  });

  it.each<[string, (set: Awaited<ReturnType<typeof startLoop>>) => void, object]>([
    ['idle', () => undefined, { tasks: 0, seq: 0, back: [] }],
    [
      'facts waiting for company',
      ({ loop, own }) => loop.receive({ type: 'transitions', facts: [factOf(own.time.nowMs)] }),
      { tasks: 0, seq: 0, back: [], commits: 1 },
    ],
    [
      'a batch waiting for room',
      ({ own, pass, batch }) => {
        own.disk.fill();
        pass(FREE_SPACE_CHECK_MS);
        batch(tasks(0, 3), 1);
      },
      { tasks: 0, seq: 0, back: [] },
    ],
    [
      'commits failing',
      ({ own, pass, batch }) => {
        own.disk.refuse('busy');
        batch(tasks(0, 3), 1);
        batch(tasks(3, 5), 4);
        pass(5000);
      },
      { tasks: 0, seq: 0, back: [], commits: 0 },
    ],
    [
      'commits working again, which is not known yet',
      ({ own, batch }) => {
        own.disk.refuse('busy');
        batch(tasks(0, 3), 1);
        batch(tasks(3, 5), 4);
        own.disk.heal();
      },
      { tasks: 5, seq: 5, back: ['returned 3 to 3 | 3 to 3', 'returned 2 to 5 | 5 to 5'] },
    ],
    [
      'a batch that fails for a message',
      ({ batch }) => batch([...tasks(0, 3), poison(3), ...tasks(4, 8)], 1),
      { tasks: 7, seq: 8, back: ['returned 8 to 8 | 7 to 8'] },
    ],
    [
      'a message that cannot be set aside',
      ({ own, batch }) => {
        own.refuseRows('quarantine');
        batch([...tasks(0, 1), poison(1)], 1);
      },
      { tasks: 1, seq: 1, back: [] },
    ],
  ])('ingest loop - a stop commits what it can and ends at once: %s', async (_state, prepare, expected) => {
    const set = await startLoop();
    const { own, loop, main, pass, news, attach } = set;
    attach();
    prepare(set);
    news();
    const startedMs = own.time.nowMs;
    await loop.stop();
    const lines = news();
    const commits = lines.filter((line) => line.startsWith('committed')).length;
    expect({ commits, tasks: own.tasks, seq: own.seq, back: returned(lines) }).toEqual({
      commits,
      ...expected,
    });
    expect([own.time.nowMs - startedMs, lines.at(-1)?.startsWith('closed')]).toEqual([0, true]);
    own.disk.heal();
    main.length = 0;
    pass(HOUR_MS);
    expect([news(), main]).toEqual([[], []]);
  });

  it('ingest loop - a stop in the search for a message does not wait for the environment', async () => {
    const { own, loop, batch, attach } = await startLoop({ commitMs: 100 });
    attach();
    batch([...tasks(0, 3), poison(3)], 1);
    own.disk.refuse('busy');
    const startedMs = own.time.nowMs;
    await loop.stop();
    expect([own.time.nowMs - startedMs, own.tasks]).toEqual([100, 0]);
  });

  it('ingest loop - a stop looks no longer than its time for messages that cannot be stored, and keeps what it stored', async () => {
    const { own, loop, batch, news, attach } = await startLoop({ commitMs: 100 });
    attach();
    batch(
      tasks(0, 64).map((message, at) => (at % 2 === 0 ? message : poison(at))),
      1,
    );
    const startedMs = own.time.nowMs;
    await loop.stop();
    const tookMs = own.time.nowMs - startedMs;
    expect(tookMs).toBeGreaterThanOrEqual(STOP_SALVAGE_MS);
    expect(tookMs).toBeLessThanOrEqual(STOP_SALVAGE_MS + 200);
    expect(returned(news())).toEqual([]);
    expect(own.accounts.inFlight).toBe(64 - Number(own.seq));
  });
});

function factOf(atMs: number) {
  return {
    nodeId: 'node-0001',
    atMs,
    observedMs: 10,
    from: 'online',
    to: 'stale',
    cause: 'silence',
  } as const;
}
