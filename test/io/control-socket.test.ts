import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askControl, controlSocketPath, serveControl } from '../../src/io/control-socket.ts';

function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'control-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'aggregator.db.sock');
}

async function serve(path: string, answer: (request: unknown) => Promise<unknown>) {
  const server = await serveControl(path, answer);
  onTestFinished(() => server.stop());
  return server;
}

/** The answer to raw bytes, until the connection ends. */
function raw(path: string, bytes: string | Buffer): Promise<string> {
  return new Promise((resolvePromise) => {
    let heard = '';
    const socket = connect(path, () => socket.write(bytes));
    socket.on('data', (chunk) => (heard += chunk.toString()));
    socket.on('error', () => undefined);
    socket.once('close', () => resolvePromise(heard));
  });
}

const unreachable = expect.objectContaining({ code: 'control_unreachable' });

describe('control socket', () => {
  it('control socket - only its owner can ask and gets answers, and the socket is removed afterwards', async () => {
    const path = socketPath();
    // A socket file left by a crash.
    writeFileSync(path, '');
    const server = await serve(path, async (request) => ({ asked: request }));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const request = { type: 'listKeys', text: 'ä\n'.repeat(100) };
    expect(await askControl(path, request)).toEqual({ asked: request });
    const several = await Promise.all([1, 2, 3].map((each) => askControl(path, each)));
    expect(several).toEqual([{ asked: 1 }, { asked: 2 }, { asked: 3 }]);
    server.stop();
    expect(existsSync(path)).toBe(false);
    await expect(askControl(path, 1)).rejects.toEqual(unreachable);
  });

  it('control socket - only its owner may use it whatever the umask, and the umask is left unchanged', () => {
    const path = socketPath();
    const before = process.umask(0);
    onTestFinished(() => void process.umask(before));
    const serving = serveControl(path, async () => null);
    onTestFinished(async () => (await serving).stop());
    // No further code has run since the kernel began to accept clients.
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(process.umask()).toBe(0);
  });

  it('control socket - bytes that are not JSON get one answer, and too long ones none', async () => {
    const path = socketPath();
    const asked: unknown[] = [];
    await serve(path, async (request) => {
      asked.push(request);
      return { ok: false };
    });
    expect(await raw(path, 'rubbish\n{"second":1}\n')).toBe('{"ok":false}\n');
    expect(await raw(path, Buffer.from([0xff, 0xfe, 0x0a]))).toBe('{"ok":false}\n');
    expect(await raw(path, 'x'.repeat(5000))).toBe('');
    expect(await raw(path, `${'x'.repeat(5000)}\n`)).toBe('');
    expect(asked).toEqual([undefined, undefined]);
  });

  it('control socket - it keeps a few connections, closes further ones, and closes all when it stops', async () => {
    const path = socketPath();
    const server = await serve(path, () => new Promise(() => undefined));
    const asking = Array.from({ length: 12 }, () => askControl(path, 1));
    const outcomes = Promise.allSettled(asking);
    await Promise.any(asking.map((each) => each.catch((error: unknown) => error)));
    server.stop();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: unreachable });
  });

  it('control socket - it is beside the database, under the shorter of the two names', () => {
    expect(controlSocketPath('data/aggregator.db')).toBe(join('data', 'aggregator.db.sock'));
    expect(controlSocketPath(resolve('data/aggregator.db'))).toBe(join('data', 'aggregator.db.sock'));
    expect(controlSocketPath('/a.db')).toBe('/a.db.sock');
    const elsewhere = join(tmpdir(), 'x', 'a.db');
    expect([`${elsewhere}.sock`, relative(process.cwd(), `${elsewhere}.sock`)]).toContain(
      controlSocketPath(elsewhere),
    );
  });

  it('control socket - two names that are both too long give an error', () => {
    const long = `/${'very-long-folder/'.repeat(7)}aggregator.db`;
    expect(() => controlSocketPath(long)).toThrow(unreachable);
    expect(() => controlSocketPath(long)).toThrow(/choose a shorter DB_PATH/);
  });
});
