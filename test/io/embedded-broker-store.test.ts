// The store of the embedded broker, from one version of nats-server to another: a newer one reads it, an older one is not
// started on it. With Debian's nats-server and the ones of today; with one of them alone, stand-ins tell another version.

import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from 'nats';
import { describe, expect, test } from 'vitest';
import type { BrokerOptions } from '../../src/io/embedded-broker/broker.ts';
import { formatVersion } from '../../src/io/embedded-broker/version.ts';
import { BROKER_2_12, brokerIsAtLeast, CURRENT_BROKER, versionOf } from '../support/broker-version.ts';
import { binary, brokerOptions, processesOf, temporaryFolder, testBroker } from './broker-fixtures.ts';

const MESSAGES = 100;
const told = (program: string) => formatVersion(versionOf(program));

/** The nats-server of these tests, which tells that it is another of its series, for which the configuration is the same. */
function disguised(patch: number): string {
  const path = join(temporaryFolder(), 'nats-server');
  const version = told(binary).replace(/\d+$/, String(patch));
  writeFileSync(
    path,
    `#!/bin/sh\nif [ "$1" = --version ]; then echo 'nats-server: v${version}'; else exec '${binary}' "$@"; fi\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

/** Runs the broker of a folder with that program, and puts messages into its stream; gives how many are in it. */
async function run(options: BrokerOptions, program: string, publish = 0): Promise<number> {
  const { broker } = await testBroker({ ...options, binary: program });
  const { url: servers, user = '', password: pass = '', inboxPrefix = '' } = await broker.start();
  const connection = await connect({ servers, user, pass, inboxPrefix });
  const manager = await jetstreamManager(connection);
  const names = await manager.streams.names().next();
  if (names.length === 0) await manager.streams.add({ name: 'KEPT', subjects: ['kept.>'] });
  for (let index = 0; index < publish; index++) await jetstream(connection).publish(`kept.${index}`);
  const { messages } = (await manager.streams.info('KEPT')).state;
  await connection.close();
  await broker.stop();
  return messages;
}

/** Every file of the folder with its time and size: what a start that changes nothing leaves as it is. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('aggregator.'))
    .map((name) => {
      const { mtimeMs, size } = statSync(join(folder, name));
      return `${name} ${size} ${mtimeMs}`;
    })
    .toSorted();
}

async function expectRefused(options: BrokerOptions, newer: string, older: string): Promise<void> {
  const before = filesOf(options.dir);
  const { broker } = await testBroker({ ...options, binary: older });
  const versions = `nats-server ${told(newer)} wrote the broker's store .*, and the older ${told(older)} `;
  await expect(broker.start()).rejects.toMatchObject({
    code: 'broker_store_newer',
    message: expect.stringMatching(new RegExp(`^${versions}.*NATS_SERVER_BIN.*move that folder away.*\\.$`)),
  });
  expect(processesOf(options.dir)).toEqual([]);
  expect(filesOf(options.dir)).toEqual(before);
}

describe('broker store', () => {
  test('broker store - a newer nats-server opens it, an older one then no more, and changes nothing', async () => {
    const options = await brokerOptions();
    const [older, newer] = [binary, disguised(901)];
    expect(await run(options, older, MESSAGES)).toBe(MESSAGES);
    expect(await run(options, newer, MESSAGES)).toBe(2 * MESSAGES);
    for (const old of [older, disguised(900)]) await expectRefused(options, newer, old);
    // The remedies: a version that is at least as new, and a store that is moved away.
    expect(await run(options, disguised(902))).toBe(2 * MESSAGES);
    rmSync(join(options.dir, 'jetstream'), { recursive: true });
    expect(await run(options, older)).toBe(0);
  });

  test('broker store - a note that cannot be understood stops nobody, and is written again', async () => {
    const options = await brokerOptions();
    await run(options, binary, MESSAGES);
    const note = join(options.dir, 'jetstream/nats-server.version');
    expect(readFileSync(note, 'utf8')).toBe(`${told(binary)}\n`);
    writeFileSync(note, 'rubbish');
    expect(await run(options, binary)).toBe(MESSAGES);
    expect(readFileSync(note, 'utf8')).toBe(`${told(binary)}\n`);
    // A store from before there were notes.
    rmSync(note);
    expect(await run(options, binary)).toBe(MESSAGES);
  });

  test('broker store - an older nats-server does not take over or end a newer one that was left behind', async () => {
    const options = await brokerOptions();
    const { broker } = await testBroker({ ...options, binary: disguised(901) });
    const { url } = await broker.start();
    const lockFree = { lockFolder: () => ({ release: () => undefined }) };
    const { broker: second } = await testBroker({ ...options, binary }, lockFree);
    await expect(second.start()).rejects.toMatchObject({ code: 'broker_store_newer' });
    await (await connect({ servers: url })).close();
    await broker.stop();
  });

  test.runIf(CURRENT_BROKER !== undefined && BROKER_2_12 !== undefined)(
    "broker store - 2.12 and 2.15 read what older ones wrote; Debian's and 2.12 are not started on what 2.15 wrote",
    async () => {
      const [middle, newest] = [BROKER_2_12 ?? '', CURRENT_BROKER ?? ''];
      const options = await brokerOptions();
      let messages = 0;
      const rising = brokerIsAtLeast([2, 12, 0]) ? [middle, newest] : [binary, middle, newest];
      for (const each of rising) {
        messages += MESSAGES;
        expect(await run(options, each, MESSAGES)).toBe(messages);
      }
      for (const older of rising.slice(0, -1)) await expectRefused(options, newest, older);
      expect(await run(options, newest)).toBe(messages);
    },
  );
});
