import { connect } from 'node:net';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/lib/clock.ts';
import type { SubmitAnswer } from '../../../src/mining/domain/answer.ts';
import { PIPELINED_REQUESTS_MAX } from '../../../src/mining/sources/door-connections.ts';
import { REQUEST_BYTES_MAX } from '../../../src/mining/sources/miner-rpc.ts';
import { UNUSED_CONNECTION_MS } from '../../../src/mining/sources/door-server.ts';
import { makeAuthority } from '../../support/certificates.ts';
import { until } from '../../support/until.ts';
import { makeDoor, openDoor, post } from './door.ts';
import { PARAMS } from './golden.ts';

const POLL = post('{"id":1,"method":"get_mining_info"}');
const SUBMIT = post(`{"jsonrpc":"2.0","id":2,"method":"submit_nonce","params":${PARAMS}}`);

/** A monotonic clock that a test moves on. */
class Moved implements Clock {
  ms = 0;
  nowMs(): number {
    return this.ms;
  }
  monotonicMs(): number {
    return this.ms;
  }
}

/** An answer to a submission that a test gives when it wants. */
function held(): { readonly promise: Promise<SubmitAnswer>; give(answer?: SubmitAnswer): void } {
  const { promise, resolve } = Promise.withResolvers<SubmitAnswer>();
  return { promise, give: (answer = { type: 'accepted', pocTime: 1n }) => resolve(answer) };
}

describe('submissions', () => {
  it('submissions - every digit and every hex digit reaches the desk as it came', async () => {
    await using open = await openDoor();
    const client = await open.connect();
    const { body } = await client.ask(SUBMIT);
    expect(body).toContain('"raw_quality":9223372036854775808');
    expect(open.told.submissions[0]).toMatchObject({
      nonce: 2n ** 64n - 1n,
      rawQuality: 2n ** 63n,
      accountId: '99BC78ba577a95a11f1a344d4d2ae55f2f857b98',
    });
  });

  it('submissions - numbers of an error keep their digits, and the reason stands in message and data', async () => {
    await using open = await openDoor();
    open.told.submit = () => ({
      type: 'refused',
      code: -32002,
      message: 'Wrong height',
      data: { expected: 2n ** 64n - 1n, submitted: 12345n },
    });
    const { body } = await (await open.connect()).ask(SUBMIT);
    expect(body).toBe(
      '{"jsonrpc":"2.0","error":{"code":-32002,"message":"Wrong height","data":{"expected":18446744073709551615,"submitted":12345,"reason":"Wrong height"}},"id":2}',
    );
    expect(open.door.counts.outcomes.submit_nonce).toMatchObject({ ok: 0, '-32002': 1 });
  });

  it('submissions - no answer and an error of the program close the connection, and are counted', async () => {
    await using open = await openDoor();
    open.told.submit = () => ({ type: 'none' });
    const client = await open.connect();
    await expect(client.ask(SUBMIT)).rejects.toThrow('closed without an answer');
    open.told.submit = () => {
      throw new Error('planted');
    };
    const batch = await open.connect();
    await expect(
      batch.ask(
        post(`[{"id":1,"method":"x"},{"jsonrpc":"2.0","id":2,"method":"submit_nonce","params":${PARAMS}}]`),
      ),
    ).rejects.toThrow('closed without an answer');
    expect(open.door.counts.unanswered.none).toBe(2);
    expect(open.told.failures).toHaveLength(1);
  });

  it('submissions - an answer that does not come closes the connection after 3 s', async () => {
    await using open = await openDoor();
    open.told.submit = () => held().promise;
    const client = await open.connect();
    const startMs = performance.now();
    await expect(client.ask(SUBMIT)).rejects.toThrow('closed without an answer');
    expect(performance.now() - startMs).toBeGreaterThan(2_900);
    expect(open.door.counts.unanswered.late).toBe(1);
  });
});

describe('peers', () => {
  it('peers - a submission counts for the peer that the machines say', async () => {
    await using open = await openDoor();
    const counted = { machineId: 'other', address: '127.0.0.1' };
    open.told.seen = () => counted;
    const peers: unknown[] = [];
    open.told.submit = (_submission, peer) => {
      peers.push(peer);
      return { type: 'accepted', pocTime: 1n };
    };
    await (await open.connect()).ask(SUBMIT);
    expect(peers).toEqual([counted]);
  });

  it('peers - an error of the program in the middle of a request closes its connection and no other', async () => {
    await using open = await openDoor();
    const [unlucky, other] = [await open.connect(), await open.connect()];
    open.told.seen = () => {
      throw new Error('planted');
    };
    await expect(unlucky.ask(POLL)).rejects.toThrow('closed without an answer');
    open.told.seen = (peer) => peer;
    expect((await other.ask(POLL)).status).toBe(200);
    expect(open.told.failures).toHaveLength(1);
    expect(open.door.counts.unanswered.failed).toBe(1);
  });
});

describe('mining information', () => {
  it('mining information - an information that comes later, none, and an error', async () => {
    await using open = await openDoor();
    const client = await open.connect();
    open.told.information = async () => '{"warnings":["é"]}';
    expect((await client.ask(POLL)).body).toBe('{"jsonrpc":"2.0","result":{"warnings":["é"]},"id":1}');
    const none =
      '{"jsonrpc":"2.0","error":{"code":-32000,"message":"Failed to get mining info","data":{"error":"the upstream gives no mining information at the moment","reason":"Failed to get mining info"}},"id":1}';
    open.told.information = () => null;
    expect((await client.ask(POLL)).body).toBe(none);
    open.told.information = async () => Promise.reject(new Error('planted'));
    expect((await client.ask(POLL)).body).toBe(none);
    expect(open.told.failures).toHaveLength(1);
    expect(open.door.counts.outcomes.get_mining_info).toMatchObject({ ok: 1, '-32000': 2 });
  });

  it('mining information - statistics that cannot be read are a 500', async () => {
    await using open = await openDoor();
    open.told.stats = async () => Promise.reject(new Error('planted'));
    const answer = await (await open.connect()).ask('GET /stats HTTP/1.1\r\nhost: a\r\n\r\n');
    expect(answer.status).toBe(500);
    expect(open.told.failures).toHaveLength(1);
  });
});

describe('connections', () => {
  it('connections - no look closes one that is unused, fresh or not, and answers say how long it is kept', async () => {
    const clock = new Moved();
    await using open = await openDoor({}, { clock });
    const [fresh, used] = [await open.connect(), await open.connect()];
    const { headers } = await used.ask(POLL);
    expect(Number(/timeout=(\d+)/.exec(headers['keep-alive'] ?? '')?.[1])).toBeGreaterThanOrEqual(100);
    expect(UNUSED_CONNECTION_MS).toBeGreaterThanOrEqual(100_000);
    for (let look = 0; look < 120; look++) {
      clock.ms += 1_000;
      open.door.sweep();
    }
    for (const client of [fresh, used]) expect((await client.ask(POLL)).status).toBe(200);
  });

  it('connections - headers, bodies and further requests that come too slowly are closed after 10 s', async () => {
    const clock = new Moved();
    await using open = await openDoor({}, { clock });
    const slow = [await open.connect(), await open.connect(), await open.connect()];
    await slow[2]?.ask(POLL);
    open.door.sweep();
    slow[0]?.socket.write('POST / HTTP/1.1\r\nx: ');
    slow[1]?.socket.write(POLL.subarray(0, -5));
    slow[2]?.socket.write(POLL.subarray(0, 12));
    const honest = await open.connect();
    for (let second = 0; second < 30 && open.door.counts.connections > 1; second++) {
      clock.ms += 1_000;
      open.door.sweep();
      slow[0]?.socket.write('T');
      expect((await honest.ask(POLL)).status).toBe(200);
      if (second === 8) expect(open.door.counts.connections).toBe(4);
    }
    await Promise.all(slow.map((client) => client.closed()));
    expect(open.door.counts.cutConnections.slow).toBe(3);
    expect(honest.isClosed).toBe(false);
  });

  it('connections - a client that takes no answers is closed', async () => {
    const clock = new Moved();
    await using open = await openDoor({}, { clock });
    const large = `{"warnings":"${'x'.repeat(200_000)}"}`;
    open.told.information = () => large;
    const client = await open.connect();
    client.socket.pause();
    client.socket.write(post(`[${Array(100).fill('{"id":1,"method":"get_mining_info"}').join()}]`));
    await until('the answer', () => open.door.counts.statuses['200'] === 1);
    for (let second = 0; second < 12; second++) {
      clock.ms += 1_000;
      open.door.sweep();
    }
    expect(open.door.counts.cutConnections.unread).toBe(1);
  });

  it('connections - one too many is refused and counted, the others go on', async () => {
    await using open = await openDoor({ connectionsMax: 16 });
    const clients = [];
    // One eighth stays for other addresses.
    for (let count = 0; count < 14; count++) clients.push(await open.connect());
    const refused = await open.connect();
    await refused.closed();
    expect(open.door.counts.refusals).toEqual({ limit: 0, address: 1, system: 0 });
    for (const client of clients) expect((await client.ask(POLL)).status).toBe(200);
    const others = [];
    for (let count = 0; count < 3; count++) {
      others.push(
        connect({ port: open.port, host: '127.0.0.1', localAddress: '127.0.0.2' }).on('error', () => {}),
      );
    }
    await until('a refused connection', () => open.door.counts.refusals.limit === 1);
    expect(open.door.counts.connections).toBe(16);
    for (const socket of others) socket.destroy();
    clients[0]?.socket.destroy();
    await until('a free place', () => open.door.counts.connections === 13);
    expect((await (await open.connect()).ask(POLL)).status).toBe(200);
  });

  it('connections - pipelined requests are answered in order, and too many of them close the connection', async () => {
    await using open = await openDoor();
    const client = await open.connect();
    const first = held();
    open.told.submit = () => first.promise;
    client.socket.write(Buffer.concat([SUBMIT, POLL, POLL]));
    await until('three requests', () => open.told.peers.length === 3);
    first.give();
    expect((await client.answer()).body).toContain('"poc_time":1');
    for (let poll = 0; poll < 2; poll++) expect((await client.answer()).body).toContain('"height"');
    open.told.submit = () => held().promise;
    const flood = await open.connect();
    flood.socket.write(Buffer.concat(Array.from({ length: PIPELINED_REQUESTS_MAX + 1 }, () => SUBMIT)));
    await flood.closed();
    expect(open.door.counts.cutConnections.pipelined).toBe(1);
  });

  it('connections - headers that are too long, broken HTTP, CONNECT and a missing host have an answer', async () => {
    await using open = await openDoor();
    for (const [bytes, status] of [
      [`GET /health HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
      ['rubbish\r\n\r\n', 400],
      ['CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n', 405],
      ['GET /health HTTP/1.1\r\n\r\n', 400],
      ['GET /health HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n', 200],
      ['POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n', 400],
    ] as const) {
      expect((await (await open.connect()).ask(bytes)).status).toBe(status);
    }
    expect((await (await open.connect()).ask(POLL)).status).toBe(200);
  });

  it('connections - a body in chunks without a length is bounded like any other', async () => {
    await using open = await openDoor();
    const client = await open.connect();
    const head =
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
    client.socket.write(head);
    const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    for (let sent = 0; sent < 130; sent++) client.socket.write(piece);
    const answer = await client.answer();
    expect([answer.status, answer.headers['connection']]).toEqual([413, 'close']);
    const small = await open.connect();
    const text = '{"id":1,"method":"get_mining_info"}';
    const chunks = Array.from(text, (unit) => `1\r\n${unit}\r\n`).join('');
    expect((await small.ask(`${head}${chunks}0\r\n\r\n`)).status).toBe(200);
  });
});

describe('memory', () => {
  it('memory - large bodies that do not end are given up above a bound, small requests never', async () => {
    await using open = await openDoor();
    const half = post(`"${'x'.repeat(REQUEST_BYTES_MAX - 2)}"`).subarray(0, -1);
    const clients = await Promise.all(Array.from({ length: 40 }, async () => open.connect()));
    for (const client of clients) client.socket.write(half);
    await until('bodies that are given up', () => open.door.counts.cutConnections.memory > 0);
    const honest = await open.connect();
    expect((await honest.ask(POLL)).status).toBe(200);
    const kept = clients.find(({ isClosed }) => !isClosed);
    expect((await kept?.ask('"'))?.status).toBe(200);
    for (const client of clients) client.socket.destroy();
    await until('their end', () => open.door.counts.connections === 1);
    // The memory of those that went is free again: as many bodies as before fit.
    const again = await open.connect();
    again.socket.write(half);
    expect((await again.ask('"')).status).toBe(200);
  });
});

describe('stopping', () => {
  it('stopping - answers under way leave, the next answer of each connection closes it, no new one is taken', async () => {
    const open = await openDoor();
    const [idle, polling, submitting] = [await open.connect(), await open.connect(), await open.connect()];
    const answer = held();
    open.told.submit = () => answer.promise;
    expect((await polling.ask(POLL)).headers['connection']).toBe('keep-alive');
    submitting.socket.write(SUBMIT);
    await until('the submission', () => open.told.submissions.length === 1);
    const stopped = open.door.stop();
    const late = await open.connect().catch(() => null);
    expect(late).toBeNull();
    expect((await polling.ask(POLL)).headers['connection']).toBe('close');
    await polling.closed();
    expect(idle.isClosed).toBe(false);
    expect((await idle.ask(POLL)).headers['connection']).toBe('close');
    answer.give();
    const last = await submitting.answer();
    expect([last.headers['connection'], last.body]).toEqual(['close', expect.stringContaining('poc_time')]);
    await stopped;
    expect(open.door.counts.connections).toBe(0);
    expect(open.door.counts.unanswered.stopped).toBe(0);
  });

  it('stopping - of pipelined requests the last one closes', async () => {
    const open = await openDoor();
    const client = await open.connect();
    const answer = held();
    open.told.submit = () => answer.promise;
    client.socket.write(Buffer.concat([SUBMIT, SUBMIT]));
    await until('both', () => open.told.submissions.length === 2);
    const stopped = open.door.stop();
    answer.give();
    const answers = [await client.answer(), await client.answer()];
    expect(answers.map(({ headers }) => headers['connection'])).toEqual(['keep-alive', 'close']);
    await stopped;
  });

  it('stopping - an unused connection and an answer that does not come end the stop in time', async () => {
    const open = await openDoor();
    await open.connect();
    const client = await open.connect();
    open.told.submit = () => held().promise;
    client.socket.write(SUBMIT);
    await until('the submission', () => open.told.submissions.length === 1);
    const startMs = performance.now();
    await open.door.stop();
    expect(performance.now() - startMs).toBeLessThan(4_000);
    expect(open.door.counts.unanswered.stopped).toBe(1);
  });

  it('stopping - a door without connections, one that could not listen, and one that was never started', async () => {
    const open = await openDoor();
    const blocked = makeDoor({ port: open.port });
    await expect(blocked.start()).rejects.toMatchObject({ code: 'port_in_use' });
    const startMs = performance.now();
    await blocked.stop();
    await makeDoor({}).stop();
    await open.door.stop();
    expect(performance.now() - startMs).toBeLessThan(1_000);
    expect(open.door.counts.connections).toBe(0);
  });
});

describe('the address to listen at', () => {
  it('the address to listen at - errors name the setting', async () => {
    await using open = await openDoor();
    await expect(openDoor({ port: open.port, setting: 'listen_address' })).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining('set listen_address to another port'),
    });
    await expect(openDoor({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'settings_invalid' });
    await expect(openDoor({ trustedProxies: ['10.0.0.0/33'] })).rejects.toMatchObject({
      code: 'settings_invalid',
      message: expect.stringContaining('server.trusted_proxies: "10.0.0.0/33"'),
    });
  });

  it('the address to listen at - with TLS, and not with a broken certificate', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'door-tls-'));
    try {
      const authority = makeAuthority(folder, 'ca');
      const { certFile, keyFile } = authority.sign('door', { server: 'IP:127.0.0.1' });
      const tls = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
      await using open = await openDoor({ tls });
      expect(open.url).toMatch(/^https:/);
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const ca = readFileSync(authority.caFile);
      const asked = request(`${open.url}/health`, { ca, agent: false }, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      });
      asked.on('error', reject).end();
      expect(await promise).toBe('OK');
      const plain = await open.connect();
      plain.socket.write(POLL);
      await plain.closed();
      await expect(openDoor({ tls: { cert: 'no', key: 'no' } })).rejects.toMatchObject({
        code: 'settings_invalid',
        message: expect.stringContaining('server.tls'),
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
