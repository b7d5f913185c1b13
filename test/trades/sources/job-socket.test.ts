// The WebSocket of jobs, byte by byte over real sockets.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FRAME_TRADES_MAX } from '../../../src/trades/sources/job-frames.ts';
import { clientFrame, openRaw, type TestClient, upgradeRequest } from '../../io/web-socket-client.ts';
import { until } from '../../support/until.ts';
import { JOB_ID, openSocket } from './socket.ts';

const WELCOME = `{"type":"welcome","job_id":"${JOB_ID}","message":"Connected to job ${JOB_ID}"}`;
const DOCUMENTED =
  '{"type":"trade","data":{"symbol":"BTCUSDT","price":50000,"size":0.1,"side":"buy","timestamp":1640995200000,"fee":1.5}}';
const DATA = '"symbol":"BTCUSDT","price":50000,"size":0.1,"side":"buy","timestamp":1640995200000';
const ERROR = {
  json: '{"type":"error","message":"Invalid JSON format"}',
  type: '{"type":"error","message":"Unknown message type"}',
  trade: '{"type":"error","message":"Invalid trade data format"}',
  state: '{"type":"error","message":"Job not in collecting state"}',
  full: '{"type":"error","message":"Too many trades"}',
};
const ACK = '{"type":"ack","trade_id":"BTCUSDT-1640995200000"}';

function trade(members = ''): string {
  return `{"type":"trade","data":{${DATA}${members}}}`;
}

/** Sends frames one by one; returns the answers after the welcome. */
async function ask(
  { web, texts }: TestClient,
  frames: readonly (string | Buffer)[],
  answers = frames.length,
) {
  await until('the welcome', () => texts.length > 0);
  const before = texts.length;
  for (const frame of frames) web.send(frame);
  await until('the answers', () => texts.length >= before + answers);
  return texts.slice(before);
}

describe('frames', () => {
  it('job socket - the bytes of a connection are those of the earlier program', async () => {
    const { url } = await openSocket();
    const raw = await openRaw(url, upgradeRequest(`/ws/${JOB_ID}`));
    const bytes = Buffer.from(trade(',"trade_id":"t-1"'));
    // A masked frame of 126 to 65,535 bytes.
    const head = Buffer.from([0x81, 0xfe, bytes.length >> 8, bytes.length & 255, 0, 0, 0, 0]);
    raw.socket.write(Buffer.concat([head, bytes, clientFrame('{'), clientFrame('\x03\xe8', 0x88)]));
    await raw.ended;
    const [, after = ''] = raw.received().split('\r\n\r\n');
    const frames = [WELCOME, '{"type":"ack","trade_id":"t-1"}', ERROR.json];
    const expected = frames.map((text) => `\x81${String.fromCharCode(text.length)}${text}`).join('');
    expect(after).toBe(`${expected}\x88\x02\x03\xe8`);
  });

  it.each([
    ['the documented trade', DOCUMENTED, [ACK]],
    ['a binary frame', Buffer.from(DOCUMENTED), [ACK]],
    ['an id', trade(',"trade_id":"t-1"'), ['{"type":"ack","trade_id":"t-1"}']],
    ['a number as id', trade(',"trade_id":17'), ['{"type":"ack","trade_id":17}']],
    [
      'a long number as id',
      trade(',"trade_id":12345678901234567890'),
      ['{"type":"ack","trade_id":12345678901234567890}'],
    ],
    [
      'an id with quotes',
      trade(',"trade_id":"\\"\\u00e9\\u0001"'),
      ['{"type":"ack","trade_id":"\\"é\\u0001"}'],
    ],
    ['blanks', ` \r\n\t${DOCUMENTED}\n`, [ACK]],
    ['no JSON', '{', [ERROR.json]],
    ['an empty frame', '', [ERROR.json]],
    ['JSON that is cut', DOCUMENTED.slice(0, -1), [ERROR.json]],
    ['NaN', trade(',"fee":NaN'), [ERROR.json]],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), [ERROR.json]],
    ['null', 'null', [ERROR.type]],
    ['a list', '[]', [ERROR.type]],
    ['no type', '{"data":{}}', [ERROR.type]],
    ['another type', '{"type":"ping"}', [ERROR.type]],
    ['a type that is inherited', '{"type":{"toString":1}}', [ERROR.type]],
    ['no data', '{"type":"trade"}', [ERROR.trade]],
    ['data that is a list', `{"type":"trade","data":[{${DATA}}]}`, [ERROR.trade]],
    ['a wrong side', trade(',"side":"hold"'), [ERROR.trade]],
    ['an inverse contract', trade(',"symbol":"BTC/USD:BTC"'), [ERROR.trade]],
    [
      'several trades',
      `{"type":"trades","data":[{${DATA}},{},{${DATA},"trade_id":"b"}]}`,
      [ACK, ERROR.trade, '{"type":"ack","trade_id":"b"}'],
    ],
    ['trades that are no list', '{"type":"trades","data":{}}', [ERROR.trade]],
    [
      'long numbers among too many values',
      `{"a":1234567890123456,"b":[${'0,'.repeat(12_288)}0]}`,
      [ERROR.json],
    ],
    ['more trades than fit', `{"type":"trades","data":[${'0,'.repeat(FRAME_TRADES_MAX)}0]}`, [ERROR.trade]],
  ])('job socket - %s', async (_what, frame, answers) => {
    const { connect } = await openSocket();
    expect(await ask(await connect(), [frame], answers.length)).toEqual(answers);
  });

  it('job socket - an empty list has no answer, and the next frame has its own', async () => {
    const { connect } = await openSocket();
    expect(await ask(await connect(), ['{"type":"trades","data":[]}', DOCUMENTED], 1)).toEqual([ACK]);
  });

  it('job socket - each trade of a full frame is answered in order', async () => {
    const { connect, desk } = await openSocket();
    const list = Array.from({ length: 500 }, (_, id) => `{${DATA},"trade_id":${id}}`);
    const answers = await ask(await connect(), [`{"type":"trades","data":[${list.join(',')}]}`], 500);
    expect(answers).toEqual(list.map((_, id) => `{"type":"ack","trade_id":${id}}`));
    expect(desk.release().map(({ id }) => id)).toEqual(list.map((_, id) => String(id)));
  });

  it('job socket - no frame of any kind breaks it, and each has one answer', async () => {
    const { connect } = await openSocket();
    const client = await connect();
    const message = fc.oneof(
      fc.string(),
      fc.json(),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc
        .record({ type: fc.constantFrom('trade', 'x', 1), data: fc.jsonValue() })
        .map((frame) => JSON.stringify(frame)),
      fc.nat(DOCUMENTED.length).map((end) => DOCUMENTED.slice(0, end)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 50 }), async (frames) => {
        const answers = await ask(client, frames);
        for (const answer of answers) expect([...Object.values(ERROR), ACK]).toContain(answer);
      }),
      { numRuns: 30 },
    );
  });
});

describe('trades', () => {
  it('job socket - digits beyond double precision reach the job, as numbers and as strings', async () => {
    const { connect, desk } = await openSocket();
    const client = await connect();
    await ask(client, [
      trade(',"price":284578000.00000004,"size":"0.10000000000000000001"'),
      trade(',"price": 1234567890.1234567890 ,"fee":-0.0000000000000000012'),
      trade(',"price":"0.30000000000000004","size":0.1'),
    ]);
    expect(desk.release()).toMatchObject([
      { price: '284578000.00000004', amount: '0.10000000000000000001' },
      { price: '1234567890.1234567890', fees: [{ amount: '-0.0000000000000000012' }] },
      { price: '0.30000000000000004', amount: '0.1' },
    ]);
  });

  it('job socket - every number literal of any length arrives as it was written', async () => {
    const { connect, desk } = await openSocket();
    const client = await connect();
    const digits = fc.stringMatching(/^[1-9]\d{0,17}$/);
    const literal = fc
      .tuple(digits, fc.option(fc.stringMatching(/^\d{0,17}[1-9]$/)))
      .map(([whole, fraction]) => {
        return fraction === null ? whole : `${whole}.${fraction}`;
      });
    await fc.assert(
      fc.asyncProperty(fc.array(literal, { minLength: 1, maxLength: 30 }), async (prices) => {
        await ask(
          client,
          prices.map((price) => trade(`,"price":${price}`)),
        );
        expect(desk.release().map(({ price }) => price)).toEqual(prices);
      }),
      { numRuns: 20 },
    );
  });

  it('job socket - a repeated id is acked and counted once; without ids each counts', async () => {
    const { connect, desk } = await openSocket();
    const again = trade(',"trade_id":"t-1"');
    const answers = await ask(await connect(), [again, again, DOCUMENTED, DOCUMENTED, DOCUMENTED]);
    expect(answers).toEqual([...Array(2).fill('{"type":"ack","trade_id":"t-1"}'), ...Array(3).fill(ACK)]);
    expect(desk.release()).toHaveLength(4);
  });

  it.each([
    ['not_collecting', ERROR.state],
    ['too_many', ERROR.full],
  ] as const)('job socket - a job that says %s', async (outcome, answer) => {
    const { connect, desk, socket } = await openSocket();
    desk.outcome = outcome;
    expect(await ask(await connect(), [DOCUMENTED, trade(',"price":0')])).toEqual([answer, ERROR.trade]);
    expect(socket.counts.errors).toMatchObject({ [outcome]: 1, invalid_trade: 1 });
  });
});

describe('paths', () => {
  const OTHER = 'f'.repeat(32);
  it.each([
    ['/', 'Invalid WebSocket path. Use /ws/{jobId}'],
    ['/ws', 'Invalid WebSocket path. Use /ws/{jobId}'],
    ['/ws/', 'Invalid WebSocket path. Use /ws/{jobId}'],
    [`/ws/${JOB_ID}/`, 'Invalid WebSocket path. Use /ws/{jobId}'],
    [`/wss/${JOB_ID}`, 'Invalid WebSocket path. Use /ws/{jobId}'],
    [`//ws/${JOB_ID}`, 'Invalid WebSocket path. Use /ws/{jobId}'],
    [`/?/ws/${JOB_ID}`, 'Invalid WebSocket path. Use /ws/{jobId}'],
    [`/ws/${OTHER}`, 'Job not found'],
    ['/ws/1', 'Job not found'],
    [`/ws/${JOB_ID.toUpperCase()}`, 'Job not found'],
    [`/ws/${JOB_ID}0`, 'Job not found'],
    ['/ws/%00', 'Job not found'],
  ])('job socket - %s closes with 1008 and says why', async (path, reason) => {
    const { connect, socket, desk } = await openSocket();
    const { closed, texts } = await connect(path);
    expect(await closed).toEqual([1008, reason]);
    expect(texts).toEqual([]);
    expect(socket.counts.closed).toMatchObject(
      reason === 'Job not found' ? { unknown_job: 1, bad_path: 0 } : { unknown_job: 0, bad_path: 1 },
    );
    // Only what may be the id of a job is looked up.
    expect(desk.asked).toEqual(path.includes(OTHER) ? [OTHER] : []);
  });

  it('job socket - the token goes to the desk, and a wrong one finds no job', async () => {
    const { connect, desk } = await openSocket();
    await ask(await connect(`/ws/${JOB_ID}?token=abc&more=1`), [DOCUMENTED]);
    await ask(await connect(), [DOCUMENTED]);
    desk.isTokenWrong = true;
    expect(await (await connect(`/ws/${JOB_ID}?token=x`)).closed).toEqual([1008, 'Job not found']);
    expect(desk.tokens).toEqual(['abc', null, 'x']);
  });
});

describe('ends', () => {
  it('job socket - a frame above 64 KiB closes with 1009', async () => {
    const { connect, socket } = await openSocket();
    const client = await connect();
    expect(await ask(client, [DOCUMENTED + ' '.repeat(65_536 - DOCUMENTED.length)])).toEqual([ACK]);
    client.web.send(DOCUMENTED + ' '.repeat(65_537 - DOCUMENTED.length));
    expect(await client.closed).toEqual([1009, '']);
    expect(socket.counts).toMatchObject({ frames: 1, bytes: 65_536, closed: { too_big: 1 } });
  });

  it('job socket - the end of a job closes its connections, and the job is left with each', async () => {
    const { connect, desk, socket } = await openSocket();
    const one = await connect();
    const two = await connect();
    await until('both', () => desk.clients === 2);
    one.web.close();
    await until('the first to leave', () => desk.clients === 1);
    desk.end();
    expect(await two.closed).toEqual([1008, 'Job not found']);
    await until('the second to leave', () => desk.clients === 0);
    expect(socket.counts).toMatchObject({ connections: 0, closed: { job_ended: 1, unknown_job: 0 } });
  });

  it('job socket - a trade of a job that has ended closes the connection, after the answers before', async () => {
    const { connect, desk } = await openSocket();
    const client = await connect();
    expect(await ask(client, [DOCUMENTED])).toEqual([ACK]);
    desk.outcome = 'expired';
    client.web.send(`{"type":"trades","data":[{},{${DATA}},{}]}`);
    expect(await client.closed).toEqual([1008, 'Job not found']);
    expect(client.texts.slice(2)).toEqual([ERROR.trade]);
  });

  it('job socket - a stop sends the answers first', async () => {
    const { connect, socket } = await openSocket();
    const client = await connect();
    await ask(client, [DOCUMENTED]);
    await socket.stop();
    expect(await client.closed).toEqual([1001, '']);
    expect(socket.counts).toMatchObject({
      isListening: false,
      connections: 0,
      frames: 1,
      connectionsMax: 100,
    });
  });
});
