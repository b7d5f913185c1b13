import { afterEach, describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/lib/errors.ts';
import type { Fact } from '../../../src/trades/domain/facts.ts';
import { DELIVERIES_MAX, ENTRY_BYTES } from '../../../src/trades/sinks/delivery-bounds.ts';
import { answeringServer, type Behaviour, json, rawServer } from '../../support/http-servers.ts';
import { until } from '../../support/until.ts';
import { delivering, type DeliveringOptions } from '../support/delivering.ts';
import { MemoryOutbox } from '../support/memory-outbox.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function server(behaviour: Behaviour, port = 0) {
  const made = await answeringServer(behaviour, port);
  cleanups.push(() => made.close());
  return made;
}

async function begin(options: DeliveringOptions) {
  const made = await delivering(options);
  cleanups.push(() => made.stop());
  return made;
}

const OK = json({ ok: true, digest: 'd1' });

describe('delivery - one summary', () => {
  it('the request, and the outcome on the disk before it is told', async () => {
    const { url, seen } = await server(OK);
    const { add, delivery, outbox, settled, failing, outcome } = await begin({ url: `${url}base/` });
    const id = add('client', '{"a":"é"}', 'd1');
    const attempt = { status: 200, reason: 'HTTP status 200', response: '{"ok":true,"digest":"d1"}' };
    expect(await outcome(id)).toEqual({ type: 'delivered', attempt });
    expect(settled).toEqual([[id, { type: 'delivered', attempt }]]);
    expect(outbox.facts).toEqual([{ type: 'delivered', entryId: id, atMs: expect.any(Number), attempt }]);
    expect(failing).toEqual([]);
    const [request] = seen;
    expect(request).toMatchObject({ method: 'POST', path: '/base/api/ingest', body: '{"a":"é"}' });
    expect(request?.headers).toMatchObject({ 'content-type': 'application/json', 'idempotency-key': 'd1' });
    expect(request?.headers.authorization).toBeUndefined();
    expect(delivery.counts).toMatchObject({
      waiting: 0,
      waitingBytes: 0,
      heldBytes: 0,
      underWay: 0,
      oldestAgeMs: 0,
      delivered: 1,
      attempts: { delivered: 1, repeated: 0, retried: 0, dead: 0 },
      lastDeliveredAtMs: expect.any(Number),
      problem: null,
    });
  });

  it.each([
    ['408', json('', 408)],
    ['425', json('', 425)],
    ['429', json('', 429, { 'retry-after': '2' })],
    ['500', json('their words', 500)],
    ['503', json('', 503)],
    ['silence', () => undefined],
    ['a broken connection', (_seen, response) => void response.destroy()],
    [
      'a broken answer',
      (_seen, response) => {
        response.writeHead(200, { 'content-length': 9 }).write('abc');
        setImmediate(() => response.destroy());
      },
    ],
  ] satisfies [string, Behaviour][])(
    'after %s it is sent again until it is taken',
    async (name, behaviour) => {
      const { url, seen } = await server((one, response, nth) =>
        (nth < 3 ? behaviour : OK)(one, response, nth),
      );
      const times = name === 'silence' ? 500 : 100;
      const { add, delivery, outbox, failing, outcome } = await begin({ url, times });
      const id = add('client', 'body', 'd1');
      expect(await outcome(id)).toMatchObject({ type: 'delivered', attempt: { status: 200 } });
      expect(seen.map(({ body }) => body)).toEqual(['body', 'body', 'body']);
      expect(failing).toEqual([id, id]);
      expect(outbox.facts.map(({ type }) => type)).toEqual(['attempted', 'attempted', 'delivered']);
      expect(outbox.facts[1]).toMatchObject({ attempts: 2 });
      expect(delivery.counts.attempts).toEqual({ delivered: 1, repeated: 0, retried: 2, dead: 0 });
    },
  );

  it.each([301, 302, 307, 308, 400, 401, 403, 404, 413, 422])(
    '%i is a dead letter, which holds nothing back',
    async (status) => {
      const { url, seen } = await server((one, response, nth) =>
        (one.body === 'bad' ? json('why', status, { location: url }) : OK)(one, response, nth),
      );
      const { add, delivery, outbox, lines, outcome } = await begin({ url });
      const [bad, good] = [add('client', 'bad', 'd1'), add('client', 'good', 'd2')];
      expect(await outcome(bad)).toMatchObject({
        type: 'dead',
        attempt: { status, response: 'why' },
      });
      expect(await outcome(good)).toMatchObject({ type: 'delivered' });
      expect(seen.map(({ body }) => body)).toEqual(['bad', 'good']);
      expect(outbox.row(bad)).toMatchObject({ state: 'dead', status });
      expect(delivery.counts).toMatchObject({ deadLetters: 1, dead: 1, delivered: 1, waiting: 0 });
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^warn delivery: a summary is refused for good: HTTP status \d+/);
    },
  );

  it('409 is delivered', async () => {
    const { url } = await server(json({ ok: true }, 409));
    const { add, delivery, outcome } = await begin({ url });
    expect(await outcome(add('client', 'body', 'd1'))).toMatchObject({
      type: 'delivered',
      attempt: { status: 409 },
    });
    expect(delivery.counts).toMatchObject({ delivered: 1, attempts: { repeated: 1, delivered: 0 } });
  });

  it('of a huge answer 64 KiB are kept', async () => {
    const { url } = await server((_seen, response) => void response.end('y'.repeat(5_000_000)));
    const { add, outcome } = await begin({ url });
    const { attempt } = await outcome(add('client', 'body', 'd1'));
    expect(attempt).toMatchObject({ status: 200, response: 'y'.repeat(65_536) });
  });

  it('a body that the database has lost is a dead letter', async () => {
    const { url, seen } = await server(OK);
    const { add, outbox, outcome } = await begin({ url, parts: { bodies: async () => [] } });
    const id = add('client', 'body', 'd1');
    expect(await outcome(id)).toMatchObject({ type: 'dead', attempt: { status: null } });
    expect([seen.length, outbox.row(id)?.state]).toEqual([0, 'dead']);
  });

  it('while the database gives no bodies nothing is sent, and nothing counts as an attempt', async () => {
    const { url } = await server(OK);
    let refusals = 3;
    const outboxBodies = async (ids: readonly number[]) => {
      if (refusals-- > 0) throw new Error('refused');
      return ids.map((id) => ({ id, body: 'body' }));
    };
    const { add, lines, failing, outcome } = await begin({ url, parts: { bodies: outboxBodies } });
    expect(await outcome(add('client', 'body', 'd1'))).toMatchObject({ type: 'delivered' });
    expect([failing.length, lines.length]).toEqual([0, 2]);
  });

  it('what is delivered waits for the disk, and its line with it', async () => {
    const { url, seen } = await server(OK);
    const { add, delivery, outbox, settled, outcome } = await begin({ url });
    outbox.isStuck = true;
    const [first, second] = [add('client', 'one', 'd1'), add('client', 'two', 'd2')];
    await until(
      'the backend has the first',
      () => seen.length === 1 && delivery.counts.attempts.delivered === 1,
    );
    expect([settled.length, delivery.counts.waiting, delivery.counts.underWay]).toEqual([0, 2, 0]);
    outbox.unstick();
    await Promise.all([outcome(first), outcome(second)]);
    expect(seen).toHaveLength(2);
  });
});

describe('delivery - the journal takes nothing', () => {
  const full = new CodedError('too_many', 'Too many facts wait.');

  it('an outcome is told again until it is taken', async () => {
    const { url, seen } = await server(OK);
    const outbox = new MemoryOutbox();
    let refusals = 2;
    const journal = {
      commit: (facts: readonly Fact[]) => (refusals-- > 0 ? Promise.reject(full) : outbox.commit(facts)),
      note: (facts: readonly Fact[]) => outbox.note(facts),
    };
    const { add, outcome } = await begin({ url, outbox, parts: { journal } });
    expect(await outcome(add('client', 'body', 'd1'))).toMatchObject({ type: 'delivered' });
    expect([seen.length, outbox.facts.length]).toEqual([1, 1]);
  });

  it('a stop does not wait for it', async () => {
    const { url } = await server(OK);
    const journal = { commit: () => Promise.reject(full), note: () => undefined };
    const { add, delivery, stop, settled } = await delivering({ url, parts: { journal } });
    add('client', 'body', 'd1');
    await until('the backend has it', () => delivery.counts.attempts.delivered === 1);
    await stop();
    expect([settled.length, delivery.counts.waiting]).toEqual([0, 1]);
  });
});

describe('delivery - lines of clients', () => {
  it('one at a time and in order for each client, 32 at once over all, every client in its turn', async () => {
    const open = new Map<string, () => void>();
    let most = 0;
    let isHeld = true;
    const order: string[] = [];
    const { url } = await server(({ body }, response) => {
      const [client = ''] = body.split(' ');
      order.push(body);
      expect(open.has(client)).toBe(false);
      open.set(client, () => {
        open.delete(client);
        response.end();
      });
      most = Math.max(most, open.size);
      if (!isHeld) setTimeout(() => open.get(client)?.(), 1);
    });
    const { add, delivery, outcome } = await begin({ url });
    const ids: number[] = [];
    // One client has many; forty others have two each.
    for (let nth = 0; nth < 40; nth += 1) ids.push(add('busy', `busy ${nth}`, `b${nth}`));
    for (let client = 0; client < 40; client += 1)
      for (let nth = 0; nth < 2; nth += 1)
        ids.push(add(`c${client}`, `c${client} ${nth}`, `${client}-${nth}`));
    await until('as many requests as there may be', () => open.size === DELIVERIES_MAX);
    expect(delivery.counts).toMatchObject({ underWay: DELIVERIES_MAX, waiting: 120 });
    isHeld = false;
    for (const answer of Array.from(open.values())) answer();
    await Promise.all(ids.map((id) => outcome(id)));
    expect(most).toBe(DELIVERIES_MAX);
    for (const client of ['busy', ...Array.from({ length: 40 }, (_, nth) => `c${nth}`)]) {
      const numbers = order
        .filter((body) => body.startsWith(`${client} `))
        .map((body) => Number(body.split(' ')[1]));
      expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
    }
    // The others did not wait for the client that has many.
    expect(order.slice(-20).every((body) => body.startsWith('busy'))).toBe(true);
  });

  it('a client that the backend does not take holds back no other', async () => {
    const { url, seen } = await server((one, response, nth) =>
      (one.body.startsWith('bad') ? json('', 500) : OK)(one, response, nth),
    );
    const { add, delivery, lines, outcome } = await begin({ url });
    add('bad', 'bad 1', 'd1');
    add('bad', 'bad 2', 'd2');
    for (let nth = 0; nth < 20; nth += 1) await outcome(add('good', 'good', `g${nth}`));
    expect(seen.some(({ body }) => body === 'bad 2')).toBe(false);
    expect(delivery.counts).toMatchObject({ waiting: 2, problem: null });
    expect(lines).toEqual([]);
  });

  it('long bodies are not all in memory at once', async () => {
    let open = 0;
    let most = 0;
    const { url } = await server((_seen, response) => {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        response.end();
      }, 5);
    });
    const { outbox, delivery, outcome } = await begin({ url });
    const ids = [24, 24, 24, 100, 24, 24].map((mebibytes, nth) => {
      const entry = { ...outbox.seal(`c${nth}`, 'x', `d${nth}`), bodyBytes: mebibytes * 1_048_576 };
      delivery.add(entry);
      return entry.id;
    });
    await Promise.all(ids.map((id) => outcome(id)));
    expect(most).toBe(2);
  });
});

describe('delivery - the backend goes away', () => {
  it('one line in the log when it goes, one when it is back, and the lines come forward', async () => {
    const first = await server(OK);
    const { port, url } = first;
    const { add, delivery, lines, outbox, outcome } = await begin({ url, times: 1 });
    await outcome(add('c0', 'x', 'd0'));
    await first.close();
    const ids = Array.from({ length: 20 }, (_, nth) => add(`c${nth}`, 'x', `d${nth + 1}`));
    await until('all have failed twice', () =>
      ids.every((id) =>
        outbox.facts.some((fact) => 'attempts' in fact && fact.entryId === id && fact.attempts > 1),
      ),
    );
    expect(delivery.counts).toMatchObject({ waiting: 20, problem: 'the connection was refused' });
    expect(lines).toEqual([
      'warn delivery: the backend of AGGREGATOR_BACKEND_URL takes no summaries, so they wait in the outbox: the connection was refused',
    ]);
    await server(OK, port);
    await Promise.all(ids.map((id) => outcome(id)));
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^info delivery: the backend answers again \{"awaySeconds":\d+\}$/);
    expect(delivery.counts).toMatchObject({ waiting: 0, problem: null, delivered: 21 });
  });

  it('a wait of minutes ends when the backend is back, but not one that it asked for', async () => {
    const { url, seen } = await server(OK);
    const { outbox, ...rest } = await delivering({ url });
    await rest.stop();
    const soon = Date.now();
    const [own, asked] = [outbox.seal('own', 'own', 'd1'), outbox.seal('asked', 'asked', 'd2')];
    const attempt = { status: 503, reason: '', response: '' };
    const failed = (entryId: number, waitMs: number) =>
      outbox.commit([
        { type: 'attempted', entryId, atMs: soon, attempts: 9, nextAtMs: soon + waitMs, attempt },
      ]);
    await failed(own.id, 290_000);
    await failed(asked.id, 3_000_000);
    const { delivery, add, lines, outcome } = await begin({ url, outbox, times: 10 });
    expect(delivery.counts).toMatchObject({
      waiting: 2,
      problem: 'it did not take summaries before this start',
    });
    await outcome(add('new', 'new', 'd3'));
    await outcome(own.id);
    expect(seen.map(({ body }) => body)).toEqual(['new', 'own']);
    expect(delivery.counts).toMatchObject({ waiting: 1, problem: null });
    expect(lines).toEqual([
      'info delivery: the outbox has summaries from before this start {"waiting":2,"deadLetters":0}',
      expect.stringMatching(/^info delivery: the backend answers again/),
    ]);
  });

  it('after a start the log says again why a backend that was away takes nothing', async () => {
    const away = await server(OK);
    await away.close();
    const first = await begin({ url: away.url });
    first.add('client', 'x', 'd1');
    await until('it has failed', () => first.failing.length > 0);
    await first.stop();
    const second = await begin({ url: away.url, outbox: first.outbox });
    await until('it has failed twice', () => second.failing.length > 1);
    expect(second.lines).toEqual([
      'info delivery: the outbox has summaries from before this start {"waiting":1,"deadLetters":0}',
      expect.stringMatching(/^warn delivery: the backend of .* the connection was refused$/),
    ]);
  });

  it('a backend that asks for a long wait is away at its first answer', async () => {
    const { url, behave } = await server(json('', 503, { 'retry-after': '7200' }));
    const { add, delivery, lines, failing } = await begin({ url });
    add('client', 'x', 'd1');
    await until('it was answered', () => failing.length === 1);
    const reason = 'HTTP status 503: the backend asks for a wait of 3600 s';
    expect(lines).toEqual([expect.stringMatching(/^warn delivery: the backend of /)]);
    expect([lines[0]?.endsWith(reason), delivery.counts.problem]).toEqual([true, reason]);
    behave(OK);
  });

  it('Retry-After as a date is heeded', async () => {
    const { url, seen } = await server((_seen, response, nth) => {
      if (nth > 1) response.end();
      else response.writeHead(429, { 'retry-after': new Date(Date.now() + 1_900).toUTCString() }).end();
    });
    const { add, outbox, outcome } = await begin({ url, times: 1 });
    await outcome(add('client', 'x', 'd1'));
    expect(seen).toHaveLength(2);
    const [attempted, delivered] = outbox.facts;
    if (attempted?.type !== 'attempted' || delivered?.type !== 'delivered') throw new Error('other facts');
    // At least to the whole second before.
    expect(attempted.nextAtMs - attempted.atMs).toBeGreaterThan(500);
    expect(delivered.atMs).toBeGreaterThanOrEqual(attempted.nextAtMs - 1);
  });
});

describe('delivery - bounds', () => {
  it('there is room up to the limit, dead letters included, and one line says when not', async () => {
    const { url, behave } = await server(json('', 400));
    const bytesMax = 3 * (ENTRY_BYTES + 100);
    const { add, delivery, lines, outcome } = await begin({ url, bytesMax });
    await outcome(add('a', 'x'.repeat(100), 'd1'));
    behave(() => undefined);
    add('a', 'x'.repeat(100), 'd2');
    expect(delivery.hasRoom(ENTRY_BYTES + 100)).toBe(true);
    expect(delivery.hasRoom(ENTRY_BYTES + 101)).toBe(false);
    expect(delivery.hasRoom(ENTRY_BYTES + 101)).toBe(false);
    expect(delivery.hasRoom(0)).toBe(true);
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^warn delivery: the outbox is full/),
      'info delivery: the outbox has room again',
    ]);
    expect(delivery.counts).toMatchObject({ bytesMax, waitingBytes: 100, deadLetters: 1 });
  });

  it('an outbox that stays near its limit makes two lines', async () => {
    const held: (() => void)[] = [];
    const { url, behave } = await server((_seen, response) => void held.push(() => response.end()));
    const bytes = ENTRY_BYTES + 1;
    const { add, delivery, lines } = await begin({ url, bytesMax: 20 * bytes });
    let added = 0;
    const fill = () => {
      while (delivery.hasRoom(bytes)) add(`c${(added += 1)}`, 'x', `d${added}`);
    };
    for (let time = 1; time <= 5; time += 1) {
      fill();
      await until('a request is under way', () => held.length > 0);
      held.shift()?.();
      await until('it is delivered', () => delivery.counts.delivered === time);
    }
    behave(OK);
    for (const answer of held) answer();
    await until('all are delivered', () => delivery.counts.waiting === 0);
    expect(lines).toEqual([
      expect.stringMatching(/^warn delivery: the outbox is full/),
      'info delivery: the outbox has room again',
    ]);
  });

  it('many dead letters make few lines', async () => {
    const { url } = await server(json('', 400));
    const { add, lines, outcome } = await begin({ url, times: 1 });
    for (let nth = 0; nth < 30; nth += 1) await outcome(add('a', 'x', `d${nth}`));
    expect(lines).toHaveLength(5);
  });
});

describe('delivery - dead letters are replayed', () => {
  it('by id, at the end of the line; another id is named', async () => {
    const { url, seen, behave } = await server(json('', 400));
    const { add, delivery, outbox, settled, replayed, outcome } = await begin({ url });
    const ids = ['one', 'two', 'three'].map((body) => add('client', body, body));
    await Promise.all(ids.map((id) => outcome(id)));
    behave(OK);
    await outcome(add('client', 'four', 'four'));
    expect(await delivery.replay([3, 1, 4, 99, 1])).toEqual({ replayed: 2, notDead: [4, 99], left: 0 });
    await Promise.all([outcome(1), outcome(3)]);
    expect(seen.slice(3).map(({ body }) => body)).toEqual(['four', 'one', 'three']);
    expect([outbox.row(1)?.state, replayed]).toEqual(['delivered', [1, 3]]);
    expect(settled.map(([id, { type }]) => `${id} ${type}`).slice(3)).toEqual([
      '4 delivered',
      '1 delivered',
      '3 delivered',
    ]);
    expect(delivery.counts).toMatchObject({ deadLetters: 1, replayed: 2, delivered: 3, dead: 3, waiting: 0 });
  });

  it('all, over many pages, and twice at the same time', async () => {
    const { url, behave } = await server(json('', 400));
    const { add, delivery, outcome } = await begin({ url });
    const ids = Array.from({ length: 450 }, (_, nth) => add(`c${nth % 30}`, 'x', `d${nth}`));
    await Promise.all(ids.map((id) => outcome(id)));
    behave(OK);
    const replays = await Promise.all([delivery.replay('all'), delivery.replay('all')]);
    expect(replays[0]).toEqual({ replayed: 450, notDead: [], left: 0 });
    expect(replays[1]).toEqual({ replayed: 0, notDead: [], left: 0 });
    await until('all are delivered', () => delivery.counts.delivered === 450);
    expect(delivery.counts).toMatchObject({ deadLetters: 0, waiting: 0, waitingBytes: 0 });
  });
});

describe('delivery - the end', () => {
  it('a stop waits for what is under way; the rest goes on after the next start, in order', async () => {
    const { url, seen } = await server((_seen, response) => void setTimeout(() => response.end(), 30));
    const one = await delivering({ url, times: 1 });
    for (const body of ['one', 'two', 'three']) one.add('client', body, body);
    await until('the first is under way', () => seen.length === 1);
    await one.stop();
    expect(one.outbox.waiting.map(({ digest }) => digest)).toEqual(['two', 'three']);
    const { outcome } = await begin({ url, outbox: one.outbox });
    await Promise.all([outcome(2), outcome(3)]);
    expect(seen.map(({ body }) => body)).toEqual(['one', 'two', 'three']);
  });

  it('a backend that hangs does not hold a stop, and the end of its request is no failed attempt', async () => {
    const made = await rawServer(() => undefined);
    cleanups.push(() => made.close());
    const one = await delivering({ url: made.url, times: 10 });
    one.add('client', 'x', 'd1');
    await until('the request is under way', () => made.connections === 1);
    await one.stop();
    expect([one.outbox.facts, one.failing]).toEqual([[], []]);
  });
});
