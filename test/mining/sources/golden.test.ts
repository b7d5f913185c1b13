import { describe, expect, it } from 'vitest';
import { type Client, openDoor } from './door.ts';
import { GOLDEN, GOLDEN_AUTH, type GoldenRow } from './golden.ts';

async function ask(client: Client, { request }: GoldenRow) {
  const body = Buffer.from(request.body ?? '');
  const headers = { host: 'door', 'content-type': 'application/json', ...request.headers };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    name === 'content-type' && value === '' ? [] : [`${name}: ${value}\r\n`],
  );
  const method = request.method ?? 'POST';
  if (method !== 'GET') lines.push(`content-length: ${body.length}\r\n`);
  const head = `${method} ${request.path ?? '/'} HTTP/1.1\r\n${lines.join('')}\r\n`;
  return client.ask(Buffer.concat([Buffer.from(head), body]));
}

async function hold(row: GoldenRow, client: Client): Promise<void> {
  const answer = await ask(client, row);
  expect({ status: answer.status, body: answer.body }, row.name).toEqual({
    status: row.status,
    body: row.body,
  });
  for (const [name, value] of Object.entries(row.headers ?? {}))
    expect(answer.headers[name], row.name).toBe(value);
}

describe('the wire towards miners', () => {
  it('the wire towards miners - every row of the table, each over a connection of its own', async () => {
    await using open = await openDoor();
    for (const row of GOLDEN) await hold(row, await open.connect());
    expect(open.told.failures).toEqual([]);
    expect(open.told.notifications).toBe(1);
  });

  it('the wire towards miners - all rows one after the other over the same connection, new only after a 413', async () => {
    await using open = await openDoor();
    let client = await open.connect();
    for (const row of GOLDEN) {
      await hold(row, client);
      if (row.status === 413) client = await open.connect();
    }
    expect(open.door.counts.largeBodies).toBe(1);
  });

  it('the wire towards miners - with authentication, and with other credentials from one moment to the next', async () => {
    await using open = await openDoor({ auth: { username: 'rig', password: 'pass:wörd' } });
    const client = await open.connect();
    for (const row of GOLDEN_AUTH) await hold(row, client);
    expect(open.door.counts.wrongPasswords).toBe(6);
    open.door.setAuth({ username: 'rig', password: 'new' });
    const right = GOLDEN_AUTH.find(({ name }) => name === 'right credentials');
    if (right === undefined) throw new Error('no such row');
    expect((await ask(client, right)).body).toMatch(/-32005/);
    open.door.setAuth(null);
    await hold(right, client);
  });
});
