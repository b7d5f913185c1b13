// The producers of attestation documents: a real sidecar over HTTP, and a kernel of the tests behind the calls of
// configfs-tsm, which no machine here has.

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { reportDataOf, userDataOf } from '../../../../src/trades/domain/attestation.ts';
import { Attestor } from '../../../../src/trades/enclave/attestation/attestor.ts';
import { createNitroProducer } from '../../../../src/trades/enclave/attestation/nitro.ts';
import { noProducer } from '../../../../src/trades/enclave/attestation/none.ts';
import { DOCUMENT_BYTES_MAX, type Producer } from '../../../../src/trades/enclave/attestation/producer.ts';
import { openTsmProducer } from '../../../../src/trades/enclave/attestation/tsm.ts';
import type { TsmFiles } from '../../../../src/trades/enclave/attestation/tsm-report.ts';
import { Challenges } from '../../../../src/trades/enclave/keys/challenges.ts';
import { SealKey } from '../../../../src/trades/enclave/keys/seal-key.ts';
import { ManualTime } from '../../../support/manual-time.ts';

const USER_DATA = Buffer.alloc(32, 1);
const NONCE = Buffer.alloc(16, 2);
const failed = (message: RegExp) =>
  expect.objectContaining({ code: 'attestation_failed', message: expect.stringMatching(message) });

async function sidecar(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/attestation/raw`;
}

describe('nitro producer', () => {
  it('nitro producer - asks with hex and gives the bytes as they came', async () => {
    const asked: string[] = [];
    const document = Buffer.from([0xff, 0x00, 0xd2, 0x84, 0x80]);
    const url = await sidecar((request, response) => {
      asked.push(request.url ?? '');
      response.end(document);
    });
    const producer = createNitroProducer(`${url}?public_key=&user_data=&nonce=`, Buffer.alloc(32, 3));
    expect(producer.platform).toBe('nitro');
    expect(Buffer.from(await producer.document(USER_DATA, NONCE))).toEqual(document);
    const parameters = `public_key=${'03'.repeat(32)}&user_data=${'01'.repeat(32)}&nonce=${'02'.repeat(16)}`;
    expect(asked).toEqual([`/attestation/raw?${parameters}`]);
  });

  it.each<[string, RequestListener, RegExp]>([
    ['another status', (_request, response) => response.writeHead(500).end('planted'), /answered 500/],
    ['nothing', (_request, response) => response.end(), /answered nothing/],
    ['too much', (_request, response) => response.end(Buffer.alloc(DOCUMENT_BYTES_MAX + 1)), /65536 bytes/],
    ['no HTTP', (request) => request.socket.end('planted\r\n\r\n'), /HPE_/],
    ['a closed connection', (request) => request.socket.destroy(), /ECONNRESET/],
    ['a redirect', (_request, response) => response.writeHead(302, { location: '/x' }).end(), /answered 302/],
  ])('nitro producer - %s is an error without text of the sidecar', async (_what, listener, message) => {
    const producer = createNitroProducer(await sidecar(listener), NONCE);
    const error: unknown = await producer.document(USER_DATA, NONCE).catch((thrown: unknown) => thrown);
    expect(error).toEqual(failed(message));
    expect(String(error)).not.toContain('planted');
  });

  it('nitro producer - takes a document of the greatest length, and no address of another machine', async () => {
    const url = await sidecar((_request, response) => response.end(Buffer.alloc(DOCUMENT_BYTES_MAX)));
    expect(await createNitroProducer(url, NONCE).document(USER_DATA, NONCE)).toHaveLength(DOCUMENT_BYTES_MAX);
    const elsewhere = createNitroProducer('http://192.0.2.1:1350/', NONCE).document(USER_DATA, NONCE);
    await expect(elsewhere).rejects.toThrow(failed(/did not answer/));
    await expect(
      createNitroProducer('http://127.0.0.1:1/', NONCE).document(USER_DATA, NONCE),
    ).rejects.toThrow(failed(/ECONNREFUSED/));
  });
});

interface Report {
  generation: number;
  data: Buffer;
}

interface KernelOptions {
  readonly provider?: string;
  readonly takesData?: boolean;
  readonly bindsTo?: Buffer;
  readonly reportBytes?: number;
  readonly certificates?: Buffer;
}

/** The calls of a guest's kernel, and the reports that are there. */
function kernel(options: KernelOptions = {}): TsmFiles & { readonly reports: Map<string, Report> } {
  const { provider = 'sev_guest', takesData = true, certificates = Buffer.from('certificates') } = options;
  const reports = new Map<string, Report>();
  const reportAt = (path: string) => {
    const report = reports.get(path.slice(0, path.lastIndexOf('/')));
    if (report === undefined) throw Object.assign(new Error('no such report'), { code: 'ENOENT' });
    return report;
  };
  const outblob = ({ data }: Report) => {
    const report = Buffer.alloc(options.reportBytes ?? 1_184, 9);
    (options.bindsTo ?? data).copy(report, 0x50);
    return report;
  };
  return {
    reports,
    mkdir: async (path) => reports.set(path, { generation: 0, data: Buffer.alloc(0) }),
    rmdir: async (path) => reports.delete(path),
    async writeFile(path, data) {
      if (!takesData) return;
      expect([basename(path), data.length]).toEqual(['inblob', 64]);
      reportAt(path).data = Buffer.from(data);
      reportAt(path).generation += 1;
    },
    async readFile(path) {
      const report = reportAt(path);
      const files: Record<string, Buffer> = {
        provider: Buffer.from(`${provider}\n`),
        generation: Buffer.from(`${report.generation}\n`),
        outblob: outblob(report),
        auxblob: certificates,
      };
      return files[basename(path)] ?? Buffer.alloc(0);
    },
  };
}

describe('tsm producer', () => {
  it('tsm producer - of SEV-SNP gives the bound report, then the certificates, and removes what it made', async () => {
    const files = kernel();
    const producer = await openTsmProducer(files);
    expect(producer.platform).toBe('sev-snp');
    const [one, other] = await Promise.all([
      producer.document(USER_DATA, NONCE),
      producer.document(USER_DATA, Buffer.alloc(64)),
    ]);
    const bytes = Buffer.from(one);
    expect(bytes.subarray(0x50, 0x90)).toEqual(reportDataOf(USER_DATA, NONCE));
    expect(bytes.subarray(1_184).toString()).toBe('certificates');
    expect(other).not.toEqual(one);
    expect(files.reports.size).toBe(0);
  });

  it('tsm producer - of TDX gives the quote alone', async () => {
    const producer = await openTsmProducer(kernel({ provider: 'tdx_guest', reportBytes: 5_000 }));
    expect([producer.platform, (await producer.document(USER_DATA, NONCE)).length]).toEqual(['tdx', 5_000]);
  });

  it('tsm producer - certificates may be absent', async () => {
    const producer = await openTsmProducer(kernel({ certificates: Buffer.alloc(0) }));
    expect(await producer.document(USER_DATA, NONCE)).toHaveLength(1_184);
  });

  it.each<[string, KernelOptions, RegExp]>([
    ['that did not take the data', { takesData: false }, /did not take the data/],
    ['for other data', { bindsTo: Buffer.alloc(64, 7) }, /not bound/],
    ['of another length', { reportBytes: 1_185 }, /not bound/],
    ['that is empty', { provider: 'tdx_guest', reportBytes: 0 }, /has 0 bytes/],
    ['that is too long', { provider: 'tdx_guest', reportBytes: DOCUMENT_BYTES_MAX + 1 }, /has 65537 bytes/],
    ['with too many certificates', { certificates: Buffer.alloc(DOCUMENT_BYTES_MAX) }, /bytes/],
  ])('tsm producer - refuses a report %s, and removes it', async (_what, options, message) => {
    const files = kernel(options);
    const producer = await openTsmProducer(files);
    await expect(producer.document(USER_DATA, NONCE)).rejects.toThrow(failed(message));
    expect(files.reports.size).toBe(0);
  });

  it('tsm producer - does not start on other hardware, or without the interface', async () => {
    await expect(openTsmProducer(kernel({ provider: 'arm-cca-guest' }))).rejects.toThrow(failed(/neither/));
    await expect(openTsmProducer()).rejects.toThrow(failed(/configfs-tsm says E/));
  });
});

describe('attestor', () => {
  const key = new SealKey(Buffer.alloc(32, 0x81), false);
  const bound = { publicKey: Buffer.alloc(32, 4).toString('base64url'), kid: 'kid-of-envelopes' };

  function attestor(producer: Producer) {
    const challenges = new Challenges(new ManualTime());
    const parts = { producer, challenges, envelopeKey: bound, signingJwk: key.signingJwk };
    return { challenges, made: new Attestor({ ...parts, version: '1.2.3', configDigest: 'ab' }) };
  }

  it('attestor - answers with keys, an empty document and a challenge that can be spent once', async () => {
    const { challenges, made } = attestor(noProducer);
    await made.check();
    const answer = await made.answer(NONCE);
    expect(answer).toEqual({
      v: 1,
      platform: 'none',
      document: '',
      hpke: { kem: 32, kdf: 1, aead: 2, public_key: bound.publicKey, kid: bound.kid },
      signing: { jwk: key.signingJwk, kid: key.signingJwk.kid },
      version: '1.2.3',
      config_digest: 'ab',
      challenge: expect.any(String),
      challenge_expires: new Date(new ManualTime().nowMs() + 300_000).toISOString(),
    });
    expect([challenges.spend(answer.challenge), challenges.spend(answer.challenge)]).toEqual([true, false]);
  });

  it('attestor - binds the document to exactly the keys that it shows', async () => {
    const asked: Uint8Array[] = [];
    const { made } = attestor({
      platform: 'sev-snp',
      document: async (...given) => {
        asked.push(...given);
        return Buffer.from([0xfb]);
      },
    });
    const { document, hpke, signing, version, config_digest: configDigest } = await made.answer(NONCE);
    expect(document).toBe('-w');
    const keys = { hpkePublicKey: hpke.public_key, signingPublicKey: signing.jwk.x };
    expect(asked).toEqual([userDataOf({ configDigest, version, ...keys }), NONCE]);
  });

  it('attestor - a start without the hardware fails', async () => {
    const { made } = attestor(createNitroProducer('http://127.0.0.1:1/', NONCE));
    await expect(made.check()).rejects.toThrow(failed(/ECONNREFUSED/));
  });
});
