// API keys with the real program: made, used and revoked while it runs, on its own broker, which maps the inputs.

import { statSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { headers } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expectConserved } from '../../support/conservation.ts';
import { counted, send } from '../../support/federation.ts';
import { heartbeat, nodeJoined, nodeLeft, taskReceived } from '../../support/messages.ts';
import { at, connectTo, launch, launchBroker, runToEnd, testFolder } from '../../support/program.ts';
import { rowsOf, valueOf } from '../../support/rows.ts';
import { command, createKey, sendSigned, signedHeaders } from '../../support/signed.ts';
import { until } from '../../support/until.ts';

const REJECTED = 'aggregator_messages_rejected_total';

describe('API keys', () => {
  it('API keys - a node bound to a key while the program runs accepts only messages signed with it, until the key is revoked', async () => {
    const own = await testFolder('keys-open');
    const program = launch(own.env);
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    await send(connection, [nodeJoined('node-mine'), nodeJoined('node-free')]);
    await counted(program, 2, 'applied');

    const { key, keyId } = await createKey(own.env, '--node', 'node-mine', '--rate-limit', '30');
    const other = await createKey(own.env);
    await send(connection, [nodeLeft('node-mine'), nodeLeft('node-free')]);
    await sendSigned(connection, other.key, [nodeLeft('node-mine')]);
    await sendSigned(connection, 'A'.repeat(43), [nodeLeft('node-free')]);
    await sendSigned(connection, key, [nodeJoined('node-free')]);
    const message = heartbeat('node-mine');
    const forged = signedHeaders(key, message);
    connection.publish(message.subject, heartbeat('node-mine', 'offline').payload, { headers: forged });
    const alone = headers();
    alone.set('Truebit-Key-Id', keyId);
    connection.publish(message.subject, message.payload, { headers: alone });
    await sendSigned(connection, key, [message]);
    await counted(program, 10);
    expect([
      await program.metric(REJECTED, 'reason="unauthenticated"'),
      await program.metric(REJECTED, 'reason="wrong_node"'),
      await program.metric('aggregator_messages_total', 'outcome="applied"'),
    ]).toEqual([5, 1, 4]);
    await until('the states to be judged', async () => {
      const { body } = await program.get('/api/federation/nodes/node-free');
      return body['state'] === 'offline';
    });
    const { body: mine } = await program.get('/api/federation/nodes/node-mine');
    expect([mine['state'], mine['authenticated'], mine['heartbeats']]).toEqual(['online', true, 1]);
    await until(
      'the trust to be told',
      async () => (await program.metric('aggregator_nodes_by_trust', 'authenticated')) === 1,
    );
    expect((await program.get('/api/federation/nodes')).body['trust']).toEqual({
      authenticated: 1,
      claimed: 1,
    });

    // Its own rate: 30 a minute, 60 at once, one of which is spent.
    await sendSigned(
      connection,
      key,
      Array.from({ length: 62 }, () => heartbeat('node-mine')),
    );
    await counted(program, 72);
    const limited = await program.metric('aggregator_messages_total', 'outcome="rate_limited"');
    expect(limited).toBeGreaterThanOrEqual(1);
    expect(limited).toBeLessThanOrEqual(3);

    const revokedAt = Date.now();
    const revoked = await command(own.env, 'keys', 'revoke', keyId);
    // The change is in force when the command ends, because the event times come from the broker on this machine.
    await sendSigned(connection, key, [heartbeat('node-mine')]);
    await send(connection, [nodeLeft('node-mine')]);
    await counted(program, 74);
    expect(await program.metric(REJECTED, 'reason="unauthenticated"')).toBe(6);
    await until('the leave to be judged', async () => {
      const { body } = await program.get('/api/federation/nodes/node-mine');
      return body['state'] === 'offline' && body['authenticated'] === false;
    });
    expect(Date.parse(String(revoked['revokedAt']))).toBeGreaterThanOrEqual(revokedAt);

    const { keys } = await command(own.env, 'keys', 'list');
    expect(keys).toMatchObject([
      { keyId, nodeId: 'node-mine', rateLimit: 30, isActive: false, permissions: ['publish'] },
      { keyId: other.keyId, nodeId: null, lastUsedAt: null, isActive: true },
    ]);
    await expectConserved(program, own.databasePath);
    expect(await program.stop()).toBe(0);
    expect(
      String(valueOf(own.databasePath, `SELECT last_used_at FROM api_keys WHERE name = 'test'`)),
    ).toMatch(/^20/);
    expect(statSync(own.databasePath).mode & 0o777).toBe(0o600);
    expect(statSync(`${own.databasePath}.sock`, { throwIfNoEntry: false })).toBeUndefined();
    for (const secret of [key, other.key]) expect(JSON.stringify(program.log)).not.toContain(secret);
  });

  it('API keys - in required mode only signed messages count, also among those that waited while the program was down', async () => {
    const own = await testFolder('keys-required');
    const env = { ...own.env, AUTH_MODE: 'required', API_AUTH: 'required' };
    // There is no program and no database yet.
    const { key } = await createKey(env, '--permissions', 'publish,subscribe', '--rate-limit', '0');
    const reader = await createKey(env, '--permissions', 'subscribe');
    const program = launch(env);
    await program.ready();
    const connection = await connectTo(own.natsUrl);
    await sendSigned(connection, key, [taskReceived(1), nodeJoined('node-0002')]);
    await send(connection, [taskReceived(2)]);
    await sendSigned(connection, reader.key, [taskReceived(3)]);
    const big = headers();
    for (let line = 0; line < 500; line++) big.append('X-Filler', 'x'.repeat(20));
    for (const [name, values] of signedHeaders(key, taskReceived(4))) big.set(name, values[0] ?? '');
    connection.publish(taskReceived(4).subject, taskReceived(4).payload, { headers: big });
    await counted(program, 5);
    expect(await program.metric(REJECTED, 'reason="unauthenticated"')).toBe(3);
    expect(await program.metric('aggregator_messages_total', 'outcome="applied"')).toBe(2);

    const url = await program.url();
    const status = async (path: string, bearer?: string) =>
      (
        await fetch(`${url}${path}`, {
          headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
        })
      ).status;
    expect([
      await status('/api/federation/nodes'),
      await status('/api/federation/nodes', reader.key),
      await status('/readyz'),
      await status('/metrics'),
    ]).toEqual([401, 200, 200, 200]);
    await command(env, 'keys', 'revoke', reader.keyId);
    expect(await status('/api/federation/nodes', reader.key)).toBe(401);

    // The program is killed and its broker continues: messages sent meanwhile are judged when they are read.
    program.process.kill('SIGKILL');
    await program.exit;
    await sendSigned(connection, key, [taskReceived(5)]);
    await send(connection, [taskReceived(6)]);
    const again = launch(env);
    await again.ready();
    await until('both to be judged', async () => (await again.metric('aggregator_messages_total')) >= 2);
    expect(rowsOf(own.databasePath, 'SELECT task_id_hash FROM aggregated_tasks')).toHaveLength(2);
    expect(await again.stop()).toBe(0);
  });

  it('API keys - no header stops the program, also in plain mode on a broker without mappings', async () => {
    const own = await testFolder('keys-headers');
    const server = await launchBroker({});
    const program = launch(at(server.url, own, { INGEST_MODE: 'core' }));
    await program.ready();
    const { key } = await createKey(own.env, '--node', 'node-mine');
    const connection = await connectTo(server.url);
    const { subject, payload } = heartbeat('node-free');
    const socket = connectSocket(server.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write('CONNECT {"verbose":false,"pedantic":false,"headers":true}\r\n');
    const blocks = [
      'NATS/1.0\r\n\r\n',
      'NATS/1.0\r\nno colon\r\n: no name\r\n\r\n',
      'NATS/1.0\r\nBad Name: x\r\nTruebit-Key-Id: 0123456789abcdef\r\n\r\n',
      'NATS/1.0\r\nTruebit-Other\u0001\u0080: \u0000\r\n\r\n',
      `NATS/1.0 ${'9'.repeat(400)}\r\n\r\n`,
      `NATS/1.0\r\n${'a:b\r\n'.repeat(100_000)}\r\n`,
    ];
    for (const block of blocks) {
      const head = Buffer.from(block, 'latin1');
      socket.write(`HPUB ${subject} ${head.length} ${head.length + payload.length}\r\n`);
      socket.write(Buffer.concat([head, Buffer.from(`${payload}\r\n`)]));
    }
    await counted(program, blocks.length, 'outcome="applied"');
    await send(connection, [heartbeat('node-mine')]);
    await sendSigned(connection, key, [heartbeat('node-mine')]);
    await counted(program, blocks.length + 2);
    expect(await program.metric(REJECTED, 'reason="unauthenticated"')).toBe(1);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });

  it('API keys - the commands report what is wrong', async () => {
    const own = await testFolder('keys-wrong');
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [
        ['keys', 'list'],
        1,
        /There is no database .*aggregator\.db: check DB_PATH, or start the aggregator.* \[not_found\]/,
      ],
      [['keys', 'create'], 2, /The name of a key is 1 to 64 printable characters\. .*\[usage\]/],
      [
        ['keys', 'create', '--name', 'a', '--permissions', 'all'],
        2,
        /one or more of publish, subscribe, admin/,
      ],
      [['keys', 'create', '--name', 'a', '--rate-limit', '1e3'], 2, /The rate of a key is a whole number/],
      [['keys', 'create', '--name', 'a', '--node', 'x'], 2, /A node id is 4 to 64/],
      [['keys', 'revoke'], 2, /KEY_ID is missing/],
      [['keys'], 2, /One of these words is missing: create, list, revoke\./],
      [
        ['nodes', 'eat', 'node-0001'],
        2,
        /'eat' is not one of: list, show, forget, block, unblock, blocked\./,
      ],
      [['nodes', 'forget', 'node-0001'], 1, /There is no database/],
    ];
    for (const [args, code, sentence] of cases) {
      const ended = await runToEnd(own.env, args);
      expect([args, ended.code, ended.stdout]).toEqual([args, code, '']);
      expect(ended.stderr).toMatch(sentence);
    }
    await createKey(own.env);
    const unknown = await runToEnd(own.env, ['keys', 'revoke', '0123456789abcdef']);
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      'There is no API key 0123456789abcdef. [not_found]\n',
    ]);
    const told = await runToEnd(own.env, ['keys', 'create', '--name', 'for people']);
    expect(told.stdout).toMatch(
      /^key {9}[A-Za-z0-9_-]{43}\nkey id {6}[0-9a-f]{16}\n[^]*The key is not shown again\.\n$/,
    );
    expect((await runToEnd(own.env, ['keys', 'list'])).stdout).toMatch(
      /^[0-9a-f]{16} {2}active {2}publish {2}60\/min {2}any node {2}never used {2}for people$/m,
    );
  });
});
