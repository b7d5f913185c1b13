// `keygen` and `verify FILE`, run as a person would.

import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { withSignature } from '../../../src/trades/domain/canonical.ts';
import { readKeyFile } from '../../../src/io/key-file.ts';
import { runCommand } from '../../support/command.ts';
import { freePort } from '../../support/free-port.ts';
import { FIRST, KID, SECOND, SIGNING_KEY } from '../domain/check-values.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'aggregator-keygen-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Writes both check values as bodies, and the key set, and returns the paths. */
function files() {
  const at = folder();
  const write = (name: string, text: string) => {
    writeFileSync(join(at, name), text);
    return join(at, name);
  };
  const keys = JSON.stringify({ keys: [{ ...SIGNING_KEY.publicKey, provenance: 'polled' }] });
  return {
    first: write('first.json', `${withSignature(FIRST.text, FIRST.signature)}\n`),
    second: write('second.json', withSignature(SECOND.text, SECOND.signature)),
    changed: write('changed.json', withSignature(FIRST.text, FIRST.signature).replace('10050', '10051')),
    twice: write(
      'twice.json',
      withSignature(FIRST.text, FIRST.signature).replace('"exchange"', '"exchange":"x","exchange"'),
    ),
    keys: write('keys.json', keys),
    keysText: keys,
    missing: join(at, 'missing.json'),
  };
}

describe('keygen', () => {
  it('keygen - makes a file with mode 0600, says its public half, and never replaces it', async () => {
    const path = join(folder(), 'a.key');
    const env = { AGGREGATOR_PRIVATE_KEY: path };
    const made = await runCommand(['keygen'], env);
    const key = readKeyFile(path);
    expect(made).toEqual({
      code: 0,
      stderr: '',
      stdout: `key file    ${path}\nkid         ${key?.publicKey.kid}\npublic key  ${JSON.stringify(key?.publicKey)}\n`,
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const before = readFileSync(path, 'utf8');
    for (const args of [['keygen'], ['keygen', '--out', path]]) {
      const again = await runCommand(args, env);
      expect(again).toMatchObject({ code: 1, stdout: '' });
      expect(again.stderr).toMatch(/exists already.* \[key_exists\]\n$/);
    }
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('keygen - --out is found from the folder of the caller, and wins over the setting', async () => {
    const at = folder();
    const env = { AGGREGATOR_PRIVATE_KEY: join(at, 'no.key'), AGGREGATOR_CALLED_FROM: at };
    expect(await runCommand(['keygen', '--out', 'b.key'], env)).toMatchObject({ code: 0 });
    expect([existsSync(join(at, 'b.key')), existsSync(join(at, 'no.key'))]).toEqual([true, false]);
  });

  it('keygen - its output may be the null device, because the file has everything', () => {
    const path = join(folder(), 'a.key');
    execFileSync(process.execPath, [MAIN, 'keygen', '--out', path], { env: {}, stdio: 'ignore' });
    expect(readKeyFile(path)).not.toBeNull();
  });
});

describe('verify FILE', () => {
  it('verify FILE - a genuine summary, with the keys of a set', async () => {
    const { second, keys } = files();
    expect(await runCommand(['verify', second, '--keys', keys])).toEqual({
      code: 0,
      stderr: '',
      stdout: `genuine: test-client-1 on binance, 2025-01-01T00:00:00.000Z to 2025-01-01T01:00:00.000Z
signed by   ${KID}
provenance  polled: the enclave read these trades from the exchange
trades      1 (buckets of an hour: 1)
digest      ${SECOND.digest}
`,
    });
  });

  it('verify FILE - the keys of the service at AGGREGATOR_PORT, with proxies in the environment', async () => {
    const { first, keysText } = files();
    const asked: (string | undefined)[] = [];
    const port = await freePort();
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.end(keysText);
    }).listen(port, '127.0.0.1');
    onTestFinished(() => void server.close());
    const env = { AGGREGATOR_PORT: String(port), NODE_USE_ENV_PROXY: '1', HTTP_PROXY: 'http://127.0.0.1:1' };
    const { code, stdout } = await runCommand(['verify', '--json', '--', first], env);
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      expect.objectContaining({
        genuine: true,
        digest: FIRST.digest,
        provenance: 'polled',
        hours: 2,
        trades: 3,
      }),
    ]);
    expect(asked).toEqual(['/.well-known/aggregator/keys']);
  });

  it('verify FILE - a PEM file will do, and then nobody says what the key signs', async () => {
    const { first } = files();
    const pem = join(folder(), 'a.pem');
    writeFileSync(pem, SIGNING_KEY.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const { code, stdout } = await runCommand(['verify', first, '--keys', pem]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('provenance  unknown')]);
  });

  it('verify FILE - what is not genuine, and what cannot be read, ends with 1 and one sentence', async () => {
    const { first, changed, twice, keys, missing } = files();
    const port = String(await freePort());
    const rows: readonly (readonly [readonly string[], RegExp])[] = [
      [[changed, '--keys', keys], /^Not genuine: the signature does not match.*\[not_genuine\]\n$/],
      [
        [twice, '--keys', keys],
        /^Not genuine: two members of an object have the same name\. \[not_genuine\]\n$/,
      ],
      [[keys, '--keys', keys], /^Not genuine: the summary has no member client_id\. \[not_genuine\]\n$/],
      [[missing, '--keys', keys], /cannot be read\. \[not_found\]\n$/],
      [[first, '--keys', missing], /with the keys cannot be read\. \[not_found\]\n$/],
      [[first, '--keys', first], /contains no Ed25519 key\. \[not_found\]\n$/],
      [[first], /ECONNREFUSED.*start the service, or name the keys with --keys\. \[not_found\]\n$/],
    ];
    for (const [args, message] of rows) {
      const ended = await runCommand(['verify', ...args], { AGGREGATOR_PORT: port });
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toMatch(message);
    }
    const { code, stdout } = await runCommand(['verify', changed, '--keys', keys, '--json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([1, { genuine: false, kind: 'signature' }]);
  });

  it('verify FILE - help shows both forms, and options before the file may have values', async () => {
    const { first, keys } = files();
    const { stdout } = await runCommand(['verify', '--help']);
    expect(stdout).toContain('Usage: ./aggregator verify [options]\n');
    expect(stdout).toContain('Usage: ./aggregator verify FILE [options]\n');
    expect(await runCommand(['verify', '--keys', keys, first])).toMatchObject({ code: 0 });
    expect(await runCommand(['verify', '--keys', keys, '--file', first])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('does not contain a message') as string,
    });
  });
});
