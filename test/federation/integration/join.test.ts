// Joining, signed statistics and the commands about nodes, with the real program on its own broker.

import { spawn } from 'node:child_process';
import { createDecipheriv, createHash, createPublicKey, hkdfSync, verify } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connect, headers, type Msg, type NatsConnection, type RequestOptions } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expectConserved } from '../../support/conservation.ts';
import { counted, send, shown } from '../../support/federation.ts';
import { heartbeat, nodeJoined, taskReceived } from '../../support/messages.ts';
import { at, connectTo, launch, launchBroker, runToEnd, testFolder } from '../../support/program.ts';
import { rowsOf } from '../../support/rows.ts';
import { command, createKey, sendSigned, signedHeaders } from '../../support/signed.ts';
import { until } from '../../support/until.ts';

const JOIN = 'truebit.federation.join';
const EXAMPLE = fileURLToPath(new URL('../../../examples/verify-statistics.mjs', import.meta.url));
const JOINS = 'aggregator_join_requests_total';

type Members = Readonly<Record<string, unknown>>;

/** Asks until the program listens: it may be ready a moment before that. */
async function ask(
  connection: NatsConnection,
  payload = '',
  options: Partial<RequestOptions> = {},
): Promise<Members> {
  return until('an answer to the join', async () => {
    const answer = await connection.request(JOIN, payload, { timeout: 10_000, ...options }).catch(() => null);
    return answer?.json<Members>();
  });
}

describe('join', () => {
  it('join - open mode gives any requester the salt, made once and kept, and replies only to inboxes', async () => {
    const own = await testFolder('join-open');
    const program = launch(own.env);
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    const answer = await ask(connection);
    expect(Object.keys(answer).toSorted()).toEqual([
      'aggregatorId',
      'federationSalt',
      'heartbeatIntervalMs',
      'ratePerMinute',
      'statsKey',
    ]);
    expect(answer['federationSalt']).toMatch(/^[0-9a-f]{64}$/);
    // This test sets no limit.
    expect([answer['heartbeatIntervalMs'], answer['ratePerMinute']]).toEqual([30_000, 6_000]);
    const set = (await program.get('/.well-known/aggregator/keys')).body['keys'];
    expect(set).toEqual([answer['statsKey']]);
    expect(await ask(connection, '{"nodeId":"node-0001"}')).toEqual(answer);

    // Requests with an unknown key, without JSON, or too long are refused, and a requester cannot choose the reply
    // subject.
    const request = { subject: JOIN, payload: '{}' };
    const unknown = await ask(connection, '{}', { headers: signedHeaders('A'.repeat(43), request) });
    expect(unknown).toEqual({ error: { code: 'unauthenticated' } });
    for (const payload of ['rubbish', '[]', `{"a":"${'x'.repeat(5000)}"}`])
      expect(await ask(connection, payload)).toEqual({ error: { code: 'malformed' } });
    const heard: string[] = [];
    for (const subject of [
      'truebit.stats.mine',
      '_INBOX.a.>',
      'truebit.heartbeat',
      '$JS.API.STREAM.PURGE.TRUEBIT_INGEST',
    ])
      connection.publish(JOIN, '', { reply: subject });
    connection.subscribe('truebit.stats.mine', {
      callback: (_error, message) => void heard.push(message.subject),
    });
    await connection.flush();
    await until(
      'the last request to be counted',
      async () => (await program.metric(JOINS, 'malformed')) >= 6,
    );
    expect([await program.metric(JOINS, 'answered'), await program.metric(JOINS, 'unauthenticated')]).toEqual(
      [2, 1],
    );
    expect(heard).toEqual([]);
    expect(JSON.stringify(program.log)).not.toContain('rubbish');
    expect(JSON.stringify(program.log)).not.toContain(String(answer['federationSalt']));

    // A flood gets a limited number of answers a second, and the program works on.
    for (let request2 = 0; request2 < 5000; request2++)
      connection.publish(JOIN, '', { reply: '_INBOX.flood' });
    await connection.flush();
    await send(connection, [nodeJoined('node-0001')]);
    await counted(program, 1, 'outcome="applied"');
    // Above that number a second there is no answer.
    await until('an answer after the flood', () => ask(connection, '', { timeout: 1000 }));
    expect(await program.metric(JOINS)).toBeLessThan(1000);

    await expectConserved(program);

    expect(await program.stop()).toBe(0);
    const again = launch({ ...own.env, FEDERATION_SALT: '' });
    await again.ready();
    expect(await ask(await connectTo(own.natsUrl))).toEqual(answer);
    await expectConserved(again);
    expect(await again.stop()).toBe(0);
  });

  it('join - required mode answers only a signed request, and seals the salt for its key', async () => {
    const own = await testFolder('join-required');
    const salt = 'c0ffee'.repeat(10) + 'abcd';
    const env = { ...own.env, AUTH_MODE: 'required', FEDERATION_SALT: salt, AGGREGATOR_ID: 'agg-1' };
    const { key, keyId } = await createKey(env);
    const program = launch(env);
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    const request = { subject: JOIN, payload: '{"nodeId":"node-0001"}' };
    expect(await ask(connection, request.payload)).toEqual({ error: { code: 'unauthenticated' } });
    const signed = { headers: signedHeaders(key, request) };
    const answer = await ask(connection, request.payload, signed);
    expect(Object.keys(answer).toSorted()).toEqual([
      'aggregatorId',
      'heartbeatIntervalMs',
      'ratePerMinute',
      'sealedSalt',
      'statsKey',
    ]);
    expect(answer['ratePerMinute']).toBe(60);
    // Opened by hand, as docs/federation.md#joining says.
    const hash = createHash('sha256').update(key).digest();
    const sealKey = Buffer.from(hkdfSync('sha256', hash, '', 'truebit-federation-join', 32));
    const sealed = Buffer.from(String(answer['sealedSalt']), 'base64');
    const decipher = createDecipheriv('aes-256-gcm', sealKey, sealed.subarray(0, 12));
    decipher.setAAD(Buffer.from('agg-1')).setAuthTag(sealed.subarray(-16));
    expect(decipher.update(sealed.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')).toBe(salt);
    await command(env, 'keys', 'revoke', keyId);
    expect(await ask(connection, request.payload, signed)).toEqual({ error: { code: 'unauthenticated' } });
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });

  it('join - if the broker does not let the program listen, the log says so once and everything else works', async () => {
    const own = await testFolder('join-refused');
    const file = join(own.folder, 'nats.conf');
    writeFileSync(
      file,
      `authorization { users: [{ user: "a", password: "b", permissions: { publish: ">", subscribe: { deny: "truebit.federation.>" } } }] }`,
    );
    const server = await launchBroker({ configurationFile: file });
    const program = launch(at(server.url, own, { NATS_USER: 'a', NATS_PASSWORD: 'b', INGEST_MODE: 'core' }));
    await program.ready();
    const said = () =>
      program.log.filter(({ msg }) => msg.startsWith('join: the broker does not let the aggregator'));
    await until('the log to say so', () => said().length > 0);
    await until('statistics', async () => (await program.metric('aggregator_tick_seconds_count')) >= 3);
    expect(said()).toHaveLength(1);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });

  it('join - a program that does not publish does not answer', async () => {
    const own = await testFolder('join-off');
    const program = launch({ ...own.env, PUBLISH: 'off' });
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    await expect(connection.request(JOIN, '', { timeout: 30_000 })).rejects.toThrow(/no responders/i);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });
});

describe('signed statistics', () => {
  it('signed statistics - every message is signed with the published key, and a changed message fails the check', async () => {
    const own = await testFolder('signed');
    const program = launch(own.env);
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    const messages = new Map<string, Msg>();
    connection.subscribe('truebit.stats.>', {
      callback: (_error, message) =>
        void (message.headers === undefined || messages.set(message.subject, message)),
    });
    await send(connection, [taskReceived(1)]);
    await shown(program, { totalTasks: 1 });
    await until('all four periods', () => messages.size === 4);
    const set = (await program.get('/.well-known/aggregator/keys')).body['keys'] as {
      x: string;
      kid: string;
    }[];
    const [jwk = { x: '', kid: '' }] = set;
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: jwk.x }, format: 'jwk' });
    for (const { data, headers: signed } of messages.values()) {
      expect(signed?.get('Truebit-Key-Id')).toBe(jwk.kid);
      const signature = String(signed?.get('Truebit-Signature'));
      expect(verify(null, data, key, Buffer.from(signature.replace('ed25519=', ''), 'base64'))).toBe(true);
    }

    const url = await program.url();
    const env = { NATS_URL: own.natsUrl };
    const file = join(own.folder, 'message.json');
    const keys = join(own.folder, 'keys.json');
    writeFileSync(keys, JSON.stringify({ keys: set }));
    const heard = await runToEnd(env, [
      'verify',
      '--keys',
      `${url}/.well-known/aggregator/keys`,
      '--save',
      file,
    ]);
    const [genuine, claims] = heard.stdout.split('\n');
    expect([heard.code, genuine]).toEqual([0, `genuine: truebit.stats.aggregated, signed with ${jwk.kid}`]);
    expect(claims).toMatch(/^by aggregator-\S+ at 20\d\d-\S+Z \(\d s old\)$/);
    // Without NATS_URL the command finds the broker and the keys by the settings of the program.
    const { EMBEDDED_NATS_PORT = '' } = own.env;
    const found = await runToEnd({ EMBEDDED_NATS_PORT, HTTP_PORT: new URL(url).port }, ['verify']);
    expect([found.code, found.stdout.split('\n')[0]]).toEqual([0, genuine]);
    const read = await runToEnd({}, ['verify', '--keys', keys, '--file', file]);
    expect([read.code, read.stdout.split('\n')[0]]).toEqual([0, genuine]);

    const text = readFileSync(file, 'utf8');
    const other = createHash('sha256').update('another key').digest('base64url');
    const changes: [string, string, RegExp][] = [
      [
        text.replace('\\"totalTasks\\":1', '\\"totalTasks\\":2'),
        readFileSync(keys, 'utf8'),
        /changed the message/,
      ],
      [text.replace('"Truebit-Key-Id"', '"X"'), readFileSync(keys, 'utf8'), /it is not signed/],
      [text, JSON.stringify({ keys: [{ ...jwk, x: other }] }), /not in the set/],
    ];
    for (const [message, keySet, why] of changes) {
      writeFileSync(file, message);
      writeFileSync(keys, keySet);
      const ended = await runToEnd({}, ['verify', '--keys', keys, '--file', file]);
      expect([ended.code, ended.stdout]).toEqual([1, '']);
      expect(ended.stderr).toMatch(why);
      const json = await runToEnd({}, ['verify', '--keys', keys, '--file', file, '--json']);
      expect([json.code, JSON.parse(json.stdout)]).toMatchObject([1, { genuine: false }]);
    }
    expect((await runToEnd({}, ['verify', '--keys', keys, '--file', join(own.folder, 'none')])).code).toBe(1);
    expect((await runToEnd({}, ['verify', '--timeout', 'soon'])).code).toBe(2);

    // The example for monitors accepts this key, and no other.
    const example = spawn(process.execPath, [EXAMPLE, own.natsUrl, url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void example.kill());
    const lines: string[] = [];
    createInterface({ input: example.stdout }).on('line', (line) => lines.push(line));
    await until('the example to believe', () => lines.includes('truebit.stats.aggregated 1'));
    expect(lines.filter((line) => line.includes('NOT'))).toEqual([]);
    expect(readFileSync(EXAMPLE, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(20);

    // The key is kept.
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
    const again = launch(own.env);
    await again.ready();
    expect((await again.get('/.well-known/aggregator/keys')).body['keys']).toEqual(set);
    await expectConserved(again);
    expect(await again.stop()).toBe(0);
  });

  it('signed statistics - the example rejects statistics signed with another key', async () => {
    const own = await testFolder('forged');
    const program = launch({ ...own.env, PUBLISH: 'off' });
    await program.ready();
    const { aggregatorPassword } = JSON.parse(
      readFileSync(join(own.databasePath.replace(/\.db$/, '-nats'), 'credentials.json'), 'utf8'),
    ) as { aggregatorPassword: string };
    const forger = await connect({ servers: own.natsUrl, user: 'aggregator', pass: aggregatorPassword });
    onTestFinished(() => forger.close());
    const example = spawn(process.execPath, [EXAMPLE, own.natsUrl, await program.url()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void example.kill());
    const lines: string[] = [];
    createInterface({ input: example.stdout }).on('line', (line) => lines.push(line));
    const [jwk] = (await program.get('/.well-known/aggregator/keys')).body['keys'] as { kid: string }[];
    const forged = headers();
    forged.set('Truebit-Key-Id', jwk?.kid ?? '');
    forged.set('Truebit-Signature', `ed25519=${'A'.repeat(86)}==`);
    await until('the example to hear both', () => {
      forger.publish('truebit.stats.aggregated', '{}');
      forger.publish('truebit.stats.period.1h', '{}', { headers: forged });
      return new Set(lines).size === 2;
    });
    expect([...new Set(lines)].toSorted()).toEqual([
      'truebit.stats.aggregated NOT GENUINE',
      'truebit.stats.period.1h NOT GENUINE',
    ]);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });
});

describe('nodes', () => {
  it('nodes - forgetting and blocking nodes works while the program runs, and totals stay', async () => {
    const own = await testFolder('nodes');
    const program = launch(own.env);
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    await send(connection, [taskReceived(1, 'node-0001'), heartbeat('node-0001'), nodeJoined('node-0002')]);
    await shown(program, { totalNodes: 2, totalTasks: 1, activeNodes: 2 });

    expect(await command(own.env, 'nodes', 'block', 'node-0001')).toMatchObject({ nodeId: 'node-0001' });
    expect(await command(own.env, 'nodes', 'forget', 'node-0001')).toEqual({ nodeId: 'node-0001' });
    expect((await program.get('/api/federation/nodes/node-0001')).status).toBe(404);
    await send(connection, [heartbeat('node-0001'), taskReceived(2, 'node-0001')]);
    const { key } = await createKey(own.env);
    await sendSigned(connection, key, [heartbeat('node-0001')]);
    await counted(program, 6);
    expect(await program.metric('aggregator_messages_total', 'outcome="rate_limited"')).toBe(3);
    await shown(program, { totalNodes: 2, totalTasks: 1, activeNodes: 1, offlineNodes: 1 });
    expect((await command(own.env, 'nodes', 'blocked'))['blocked']).toMatchObject([{ nodeId: 'node-0001' }]);
    const unknown = await runToEnd(own.env, ['nodes', 'forget', 'node-0001']);
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      'There is no node node-0001 in the database. [not_found]\n',
    ]);

    await command(own.env, 'nodes', 'unblock', 'node-0001');
    await send(connection, [heartbeat('node-0001')]);
    await shown(program, { totalNodes: 3, totalTasks: 1, activeNodes: 2 });
    await expectConserved(program);
    expect(await program.stop()).toBe(0);

    // The same without a running program.
    expect((await runToEnd(own.env, ['nodes', 'block', 'node-0002'])).stdout).toBe('node-0002: blocked\n');
    expect((await runToEnd(own.env, ['nodes', 'forget', 'node-0002'])).stdout).toBe('node-0002: forgotten\n');
    expect((await runToEnd(own.env, ['nodes', 'blocked'])).stdout).toMatch(/^node-0002 {2}blocked 20/);
    expect(rowsOf(own.databasePath, 'SELECT node_id FROM nodes')).toEqual([{ node_id: 'node-0001' }]);
  });
});
