import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { answeringServer, type Behaviour, json } from '../../support/http-servers.ts';
import { delivering } from '../support/delivering.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

function tokenFile(content: string | null): string {
  const folder = mkdtempSync(join(tmpdir(), 'token-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'token');
  if (content !== null) writeFileSync(path, content);
  return path;
}

async function begin(file: string, behaviour: Behaviour = json('')) {
  const server = await answeringServer(behaviour);
  cleanups.push(() => server.close());
  const made = await delivering({ url: server.url, tokenFile: file });
  cleanups.push(() => made.stop());
  let nth = 0;
  return {
    ...made,
    deliver: () => made.outcome(made.add('client', 'x', `d${(nth += 1)}`)),
    headers: () => server.seen.map(({ headers }) => headers.authorization),
  };
}

describe('delivery - the token', () => {
  it('is sent, and read again when the file changes', async () => {
    const file = tokenFile('first\n');
    const { deliver, headers } = await begin(file);
    await deliver();
    writeFileSync(`${file}.new`, 'second');
    renameSync(`${file}.new`, file);
    await deliver();
    await deliver();
    expect(headers()).toEqual(['Bearer first', 'Bearer second', 'Bearer second']);
  });

  it('is read again after a 401, and the request is sent again if the token is another one', async () => {
    const file = tokenFile('first');
    const { deliver, headers } = await begin(file, (seen, response) => {
      // The file changes after the request was sent.
      writeFileSync(file, 'other');
      response.writeHead(seen.headers.authorization === 'Bearer other' ? 200 : 401).end();
    });
    expect(await deliver()).toMatchObject({ type: 'delivered' });
    expect(headers()).toEqual(['Bearer first', 'Bearer other']);
  });

  it('that is refused is sent once, and the summary is a dead letter', async () => {
    const { deliver, headers, lines } = await begin(tokenFile('planted-token'), json('', 401));
    expect(await deliver()).toMatchObject({ type: 'dead', attempt: { status: 401 } });
    expect(headers()).toEqual(['Bearer planted-token']);
    expect(lines.join()).not.toContain('planted');
  });

  it('stays when the file becomes empty or vanishes, and the log says so once', async () => {
    const file = tokenFile('first');
    const { deliver, headers, lines } = await begin(file);
    writeFileSync(file, '');
    await deliver();
    await deliver();
    rmSync(file);
    await deliver();
    expect(headers()).toEqual(['Bearer first', 'Bearer first', 'Bearer first']);
    expect(lines.map((line) => line.replace(/.*: /, ''))).toEqual([
      'it is empty',
      'it cannot be read (ENOENT)',
    ]);
  });

  it.each([
    ['is missing', null, 'it cannot be read (ENOENT)'],
    ['is empty', ' \n', 'it is empty'],
    ['has two words', 'Bearer planted', 'it has more than one word, or characters that a token cannot have'],
    [
      'has two lines',
      'planted\nplanted',
      'it has more than one word, or characters that a token cannot have',
    ],
    ['is too long', 'p'.repeat(8_193), 'it is longer than 8192 bytes'],
  ])('a file that %s is an error of the settings at the start', async (_, content, fault) => {
    const start = delivering({ url: 'http://127.0.0.1:1', tokenFile: tokenFile(content) });
    await expect(start).rejects.toMatchObject({
      code: 'settings_invalid',
      message: `AGGREGATOR_BACKEND_TOKEN_FILE: the file has no token: ${fault}.`,
    });
  });
});
