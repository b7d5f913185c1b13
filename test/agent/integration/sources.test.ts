// What a node's files may be like (docs/agent.md#sources), with the real program and a real broker: logs that begin alike,
// several folders, one source or both, ids as digits, borders of chunks anywhere, and a first start without history.

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { idHash } from '../../../src/agent/domain/id-hash.ts';
import { agentFolder, startAgent } from '../../support/agent.ts';
import { AGENT_SALT } from '../../support/agent-program.ts';
import { Network } from './network.ts';
import {
  entriesOf,
  eventDocument,
  idsOf,
  MESSAGES_PER_EXECUTION,
  outcomeRecord,
  PlainNode,
} from './plain-node.ts';

const CHUNK_BYTES = 262_144;
/** More than two looks. */
const TWO_LOOKS_MS = 500;
const DIGITS = '1792917253851031498';

async function started(name: string) {
  const folder = agentFolder(name);
  return { folder, node: new PlainNode(folder), network: await Network.start() };
}

function hashes(ids: readonly string[]): readonly string[] {
  return ids.map((id) => idHash(AGENT_SALT, id)).toSorted();
}

function completedIn({ facts }: Network): readonly string[] {
  return facts
    .filter(({ type }) => type === 'task_completed')
    .map(({ data }) => String(data['taskIdHash']))
    .toSorted();
}

describe('sources', () => {
  it('sources - row 22: logs that begin alike, and empty ones that grow, are each read', async () => {
    const { folder, node, network } = await started('alike');
    const alike = entriesOf('alike-0-execution', 'x'.repeat(2_048));
    for (const name of ['one.log', 'two.log']) {
      writeFileSync(node.logPath(name), alike);
      node.log(idsOf(name, 5), name);
    }
    for (const name of ['three.log', 'four.log']) writeFileSync(node.logPath(name), '');
    const agent = await startAgent(folder, { ...network.env, AGENT_EVENTS: '' });
    await network.came(11 * MESSAGES_PER_EXECUTION);
    for (const name of ['one.log', 'two.log', 'three.log', 'four.log'])
      node.log(idsOf(`${name}-on`, 5), name);
    await network.came(31 * MESSAGES_PER_EXECUTION);
    await agent.settled();
    await delay(TWO_LOOKS_MS);
    expect(network.facts).toHaveLength(31 * MESSAGES_PER_EXECUTION);
    expect(network.repeated).toEqual([]);
  });

  it('sources - row 16: signs of several bytes, escapes and braces on every border of a chunk', async () => {
    const { folder, node, network } = await started('borders');
    const nasty = 'é€😀\\"{[\\\\\\u00e9\\ud83d\\ude00]}';
    const record = (id: string) =>
      `{"a":"${nasty}","type":"computed_outcome","executionId":"é€😀\\u00e9\\"${id}"}`;
    const length = Buffer.byteLength(record('00')) + 1;
    const ids: string[] = [];
    for (let shift = 0; shift < length; shift++) {
      const id = String(shift).padStart(2, '0');
      ids.push(`é€😀é"${id}`);
      // The border lies `shift` bytes behind the beginning of the record.
      const before = `[${' '.repeat(CHUNK_BYTES - shift - 1)}`;
      const path = node.eventPath.replace('node-', `node-${id}-`);
      writeFileSync(path, `${before}${record(id)},\n{"type":"other"}]`);
    }
    const agent = await startAgent(folder, { ...network.env, AGENT_LOGS: '' });
    await network.came(length);
    await agent.settled();
    expect(completedIn(network)).toEqual(hashes(ids));
  });

  it('sources - two folders of logs and two event files, and what both tell comes once', async () => {
    const { folder, node, network } = await started('folders');
    const second = join(folder, 'second', 'debug');
    mkdirSync(second, { recursive: true });
    node.log(idsOf('shared', 5));
    writeFileSync(
      join(second, 'b.log'),
      [...idsOf('shared', 5), ...idsOf('own', 5)].map((id) => entriesOf(id)).join(''),
    );
    node.events([...idsOf('shared', 5), ...idsOf('event', 5)]);
    writeFileSync(join(folder, 'more-eventDB.json'), eventDocument([outcomeRecord('more-0-execution')]));
    const agent = await startAgent(folder, {
      ...network.env,
      AGENT_LOGS: `${node.logFolder},${second}`,
      AGENT_EVENTS: `${node.eventPath},${join(folder, '*-eventDB.json')}`,
    });
    await network.came(26);
    await agent.settled();
    await delay(TWO_LOOKS_MS);
    expect(network.counts).toEqual({ task_received: 10, task_completed: 16 });
    expect(network.repeated).toEqual([]);
    expect(completedIn(network)).toEqual(
      hashes([...idsOf('shared', 5), ...idsOf('own', 5), ...idsOf('event', 5), 'more-0-execution']),
    );
  });

  it.each(['the log', 'the event file'])(
    'sources - an id is its digits, as a number or a text, and %s may tell it first',
    async (first) => {
      const { folder, node, network } = await started('digits');
      const log = entriesOf(DIGITS).replaceAll(`"${DIGITS}"`, DIGITS);
      const events = eventDocument([
        `{"payload":{"type":"task_created","message":{"executionId":${DIGITS},"chainId":"1"}}}`,
        `{"payload":{"type":"computed_outcome","message":{"executionId":"${DIGITS}"}}}`,
        `{"type":"invoice","invoiceId":${DIGITS},"executionId":${DIGITS}}`,
      ]);
      const write = [() => appendFileSync(node.logPath(), log), () => writeFileSync(node.eventPath, events)];
      const [one, other] = first === 'the log' ? write : write.toReversed();
      one?.();
      const agent = await startAgent(folder, network.env);
      await network.came(2);
      await agent.settled();
      other?.();
      await network.came(3);
      await agent.settled();
      await delay(TWO_LOOKS_MS);
      expect(network.counts).toEqual({ task_received: 1, task_completed: 1, invoice_created: 1 });
      const own = idHash(AGENT_SALT, DIGITS);
      for (const { data } of network.facts) expect(data['taskIdHash']).toBe(own);
      expect(network.facts.find(({ type }) => type === 'invoice_created')?.data['invoiceIdHash']).toBe(own);
    },
  );

  it('sources - AGENT_HISTORY=none: nothing of what both sources held is sent, and everything that comes later', async () => {
    const { folder, node, network } = await started('none');
    node.log(idsOf('logged', 20));
    const task = `{"type":"task_created","executionId":"open","chainId":"43113","timestamp":${Date.now() - 60_000}}`;
    const held = [
      ...idsOf('held', 20).map((id) => outcomeRecord(id)),
      task,
      '{"type":"invoice","invoiceId":"i"}',
    ];
    writeFileSync(node.eventPath, eventDocument(held));
    const env = { ...network.env, AGENT_HISTORY: 'none' };
    const agent = await startAgent(folder, env);
    await agent.settled();
    await delay(TWO_LOOKS_MS);
    expect(network.facts).toEqual([]);
    expect((await agent.node()).facts).toMatchObject({ queued: 0 });
    node.log(idsOf('later', 2));
    writeFileSync(node.eventPath, eventDocument([...held, outcomeRecord('open')]));
    await network.came(2 * MESSAGES_PER_EXECUTION + 1);
    await agent.settled();
    expect(await agent.stop()).toBe(0);
    const again = await startAgent(folder, env);
    node.log(idsOf('last', 1));
    await network.came(3 * MESSAGES_PER_EXECUTION + 1);
    await again.settled();
    await delay(TWO_LOOKS_MS);
    expect(network.counts).toEqual({ task_received: 3, task_completed: 4 });
    expect(completedIn(network)).toEqual(hashes([...idsOf('later', 2), ...idsOf('last', 1), 'open']));
    const open = network.facts.find(({ data }) => data['taskIdHash'] === idHash(AGENT_SALT, 'open'));
    expect(open?.data['chainId']).toBe('43113');
  });
});
