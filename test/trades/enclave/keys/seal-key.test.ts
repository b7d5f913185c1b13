// The seal key: what is derived from it, where it comes from, and that nothing shows it.

import { createHash, createPublicKey, randomBytes, sign, verify } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemTimers } from '../../../../src/lib/timers.ts';
import { openSealKey } from '../../../../src/trades/enclave/keys/open-seal-key.ts';
import { SealKey } from '../../../../src/trades/enclave/keys/seal-key.ts';
import {
  runSealKeyCommand,
  SEAL_KEY_COMMAND_TIMEOUT_MS,
  SEAL_KEY_OUTPUT_BYTES_MAX,
} from '../../../../src/trades/enclave/keys/seal-key-command.ts';
import { until } from '../../../support/until.ts';
import { ManualTime } from '../../../support/manual-time.ts';

const BYTES = createHash('sha256').update('a seal key of tests').digest();

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'aggregator-seal-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function fileWith(content: Uint8Array | string, mode = 0o600): string {
  const path = join(folder(), 'seal.key');
  writeFileSync(path, content, { mode });
  chmodSync(path, mode);
  return path;
}

const fromFile = (file: string) => openSealKey({ file }, systemTimers);
const fromCommand = (command: string) => openSealKey({ command }, systemTimers);
const unusable = (message: RegExp) =>
  expect.objectContaining({ code: 'key_unusable', message: expect.stringMatching(message) });

describe('seal key', () => {
  it('seal key - the same bytes give the same ids and keys, other bytes give others', () => {
    const [one, same, other] = [new SealKey(BYTES, false), new SealKey(BYTES, true), SealKey.temporary()];
    const derived = (key: SealKey) => [
      key.sealId,
      key.signingJwk.x,
      key.accountId(['binance', 'spot', 'id', '7']),
      Buffer.from(key.windowKey('a')).toString('hex'),
    ];
    expect(derived(one)).toEqual(derived(same));
    expect([one.isTemporary, other.isTemporary]).toEqual([false, true]);
    const all = [...derived(one), ...derived(other), Buffer.from(one.windowKey('b')).toString('hex')];
    expect(new Set(all).size).toBe(all.length);
    expect(one.accountId([])).toMatch(/^[0-9a-f]{64}$/);
  });

  it('seal key - two lists of parts never have one account id', () => {
    const key = new SealKey(BYTES, false);
    const lists = [[], [''], ['', ''], ['ab'], ['a', 'b'], ['a,b'], ['a","b'], ['a\0b'], ['b', 'a']];
    expect(new Set(lists.map((parts) => key.accountId(parts))).size).toBe(lists.length);
  });

  it('seal key - signs with the key whose public half it shows', () => {
    const key = new SealKey(BYTES, false);
    const signature = sign(null, Buffer.from('text'), key.signingKey);
    const { kty, crv, x } = key.signingJwk;
    const publicKey = createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
    expect(verify(null, Buffer.from('text'), publicKey, signature)).toBe(true);
  });

  it('seal key - neither inspection nor JSON shows it or what is secret of it', () => {
    const key = new SealKey(BYTES, false);
    const { d = '' } = key.signingKey.export({ format: 'jwk' });
    const shown =
      inspect([key, key.checkpoints, key.signingKey], { depth: 9, showHidden: true }) +
      JSON.stringify([key, key.checkpoints]);
    for (const secret of [BYTES.toString('hex'), BYTES.toString('base64'), d, '<Buffer'])
      expect(shown).not.toContain(secret);
  });

  it.each([0, 31, 33])('seal key - %i bytes are none', (length) => {
    expect(() => new SealKey(Buffer.alloc(length), false)).toThrow(RangeError);
  });
});

describe('seal key file', () => {
  it('seal key file - is made once with mode 0600 whatever the mask, and read from then on', async () => {
    const path = join(folder(), 'seal.key');
    const mask = process.umask(0o377);
    onTestFinished(() => void process.umask(mask));
    const made = await fromFile(path);
    expect(statSync(path).mode & 0o7777).toBe(0o600);
    expect(readFileSync(path)).toHaveLength(32);
    expect((await fromFile(path)).sealId).toBe(made.sealId);
    expect(new SealKey(readFileSync(path), false).sealId).toBe(made.sealId);
  });

  it.each([0o604, 0o602, 0o640, 0o620, 0o644, 0o777])('seal key file - mode %i is refused', async (mode) => {
    await expect(fromFile(fileWith(BYTES, mode))).rejects.toThrow(
      unusable(/read or written by other users.*chmod 600/),
    );
  });

  it.each([0, 1, 31, 33, 100_000])('seal key file - %i bytes are refused, and stay', async (length) => {
    const path = fileWith(randomBytes(length));
    await expect(fromFile(path)).rejects.toThrow(unusable(/exactly 32 bytes/));
    expect(readFileSync(path)).toHaveLength(length);
  });

  it('seal key file - text is refused and not repeated', async () => {
    const error: unknown = await fromFile(fileWith('0123456789abcdef0123456789abcdef')).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toEqual(unusable(/holds text/));
    expect(inspect(error)).not.toContain('0123456789');
  });

  it.each([
    ['a folder', (path: string) => mkdirSync(path), /is a folder/],
    [
      'a link that leads nowhere',
      (path: string) => symlinkSync(join(path, 'no'), path),
      /cannot be made \(EEXIST\)|cannot be read/,
    ],
  ] as const)('seal key file - %s is refused', async (_what, put, message) => {
    const path = join(folder(), 'seal.key');
    put(path);
    await expect(fromFile(path)).rejects.toThrow(unusable(message));
  });

  it('seal key file - a folder that does not exist is named', async () => {
    await expect(fromFile(join(folder(), 'no', 'seal.key'))).rejects.toThrow(
      unusable(/cannot be made \(ENOENT\)/),
    );
  });
});

describe('seal key command', () => {
  it.each([
    ['raw', `printf '${[...BYTES].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}'`],
    ['hex', `echo ${BYTES.toString('hex')}`],
    ['HEX without a line end', `printf ${BYTES.toString('hex').toUpperCase()}`],
    ['base64', `echo ${BYTES.toString('base64')}`],
    ['base64url', `printf '${BYTES.toString('base64url')}\\r\\n'; echo noise >&2`],
  ])('seal key command - takes %s', async (_form, command) => {
    expect((await fromCommand(command)).sealId).toBe(new SealKey(BYTES, false).sealId);
  });

  it.each([
    ['echo planted-secret; exit 3', /ended with exit code 3/],
    ['kill -9 $$', /ended by SIGKILL/],
    ['true', /printed something else/],
    ['echo planted-secret', /printed something else/],
    ['printf 0123456789abcdef0123456789abcdef', /printed something else/],
    [`echo; echo ${BYTES.toString('hex')}`, /printed something else/],
    [`head -c ${SEAL_KEY_OUTPUT_BYTES_MAX + 1} /dev/zero`, /more than 4096 bytes/],
    ['yes planted-secret', /more than 4096 bytes/],
    ['no-such-command-here planted-secret', /ended with exit code 127/],
  ])('seal key command - %s is refused without its output', async (command, message) => {
    const error: unknown = await fromCommand(command).catch((thrown: unknown) => thrown);
    expect(error).toEqual(unusable(message));
    expect(inspect(error)).not.toMatch(/planted-secret|0123456789/);
  });

  it('seal key command - what has not ended in time is ended with all that it started', async () => {
    const time = new ManualTime();
    const pidFile = join(folder(), 'pid');
    const key = runSealKeyCommand(`sleep 600 & echo $! > ${pidFile}; wait`, time);
    const outcome = key.catch((error: unknown) => error);
    const pid = () => Number(readFileSync(pidFile, 'utf8'));
    await until('the command to start', () => statSync(pidFile, { throwIfNoEntry: false })?.size);
    await time.advance(SEAL_KEY_COMMAND_TIMEOUT_MS, async () => {});
    expect(await outcome).toEqual(unusable(/within 30 s/));
    await until('its process to end', () => isGone(pid()));
    expect(time.timers).toBe(0);
  });
});

/** True if there is no such process, or only its entry is left because nobody waits for it. */
function isGone(pid: number): boolean {
  try {
    return / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
