// The program `aggregator enclave` where trusted hardware is asked for: its keys are bound before anybody can ask for them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startAggregator } from '../../support/aggregator.ts';
import { answeringServer } from '../../support/http-servers.ts';
import { until } from '../../support/until.ts';
import { attest } from '../http/enclave.ts';

function startEnclave(attestationUrl: string) {
  const folder = mkdtempSync(join(tmpdir(), 'enclave-attestation-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const program = startAggregator(
    {
      HTTP_PORT: '',
      ENCLAVE_PORT: '0',
      ENCLAVE_SOCKET: 'e.sock',
      ENCLAVE_SEAL_KEY: 'seal.key',
      ENCLAVE_ATTESTATION: 'nitro',
      ATTESTATION_URL: attestationUrl,
    },
    undefined,
    { args: ['enclave'], cwd: folder, urlLine: 'enclave: ' },
  );
  onTestFinished(async () => {
    await program.stop();
  });
  return program;
}

it('enclave program - opens no port before the hardware has bound its keys', async () => {
  const held: (() => void)[] = [];
  const sidecar = await answeringServer((_seen, response) => {
    held.push(() => void response.writeHead(200).end('document'));
  });
  onTestFinished(() => sidecar.close());
  const program = startEnclave(`${sidecar.url}attestation/raw`);
  await until('the question', () => held.length === 1);
  expect(program.log.filter(({ msg }) => msg.startsWith('enclave: http'))).toEqual([]);
  sidecar.behave((_seen, response) => void response.writeHead(200).end('document'));
  held[0]?.();
  const url = await program.url();
  const { platform, document } = await attest(url);
  expect([platform, document]).toEqual(['nitro', Buffer.from('document').toString('base64url')]);
  const bound = sidecar.seen.map(({ path }) => new URLSearchParams(path.split('?')[1]).get('user_data'));
  expect(bound[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(bound[0]).not.toBe('00'.repeat(32));
  expect(new Set(bound).size).toBe(1);
});

it('enclave program - where the hardware is asked for and absent, it does not start', async () => {
  const program = startEnclave('http://127.0.0.1:1/attestation/raw');
  const { code } = await program.exit;
  expect(code).toBe(1);
  expect(program.log.filter(({ msg }) => msg.startsWith('enclave: http'))).toEqual([]);
  const words = program.errors() + program.log.map(({ msg }) => msg).join('\n');
  expect(words).toMatch(/hardware/);
  expect(words).not.toContain('    at ');
});
