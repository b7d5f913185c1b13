// Logs that are renamed, compressed, replaced and cut (docs/agent.md#failure-stories), with the real program and a real
// broker.

import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { agentFolder, startAgent } from '../../support/agent.ts';
import { Network } from './network.ts';
import { entriesOf, idsOf, MESSAGES_PER_EXECUTION, PlainNode } from './plain-node.ts';

const LOGS_ONLY = { AGENT_EVENTS: '' };
/** Time in which a log is written on through its old descriptor, in ms. */
const WRITES_ON_MS = 2_000;
/** More than two looks. */
const TWO_LOOKS_MS = 500;
const INODE_ATTEMPTS = 200;

async function started(name: string) {
  const folder = agentFolder(name);
  const node = new PlainNode(folder);
  const network = await Network.start();
  const env = { ...network.env, ...LOGS_ONLY };
  return { folder, node, network, env, start: () => startAgent(folder, env) };
}

describe('rotation', () => {
  it('rotation - row 1: what is written through the old descriptor of a renamed log comes, and everything once', async () => {
    const { node, network, start, folder } = await started('rename');
    node.log(idsOf('before', 10));
    const agent = await start();
    await network.came(10 * MESSAGES_PER_EXECUTION);
    const descriptor = openSync(node.logPath(), 'a');
    renameSync(node.logPath(), join(folder, 'moved-away'));
    const during = idsOf('during', 10);
    for (const id of during) {
      writeSync(descriptor, entriesOf(id));
      await delay(WRITES_ON_MS / during.length);
    }
    node.log(idsOf('after', 10));
    await network.came(30 * MESSAGES_PER_EXECUTION);
    closeSync(descriptor);
    await agent.settled();
    expect(network.facts.length).toBe(30 * MESSAGES_PER_EXECUTION);
    expect(network.repeated).toEqual([]);
  });

  it('rotation - row 3: a log that is compressed while the agent runs and while it is stopped tells only what is new', async () => {
    const { node, network, start } = await started('gzip');
    node.log(idsOf('first', 20), 'a.log');
    node.log(idsOf('second', 20), 'b.log');
    const agent = await start();
    await network.came(40 * MESSAGES_PER_EXECUTION);
    const compress = (name: string, news: readonly string[]) => {
      const text = `${readFileSync(node.logPath(name), 'utf8')}${news.map((id) => entriesOf(id)).join('')}`;
      writeFileSync(node.logPath(`${name}.1.gz`), gzipSync(text));
      rmSync(node.logPath(name));
    };
    compress('a.log', idsOf('running', 3));
    await network.came(43 * MESSAGES_PER_EXECUTION);
    await agent.settled();
    await agent.stop();
    compress('b.log', idsOf('stopped', 3));
    const again = await start();
    await network.came(46 * MESSAGES_PER_EXECUTION);
    await again.settled();
    expect(network.facts.length).toBe(46 * MESSAGES_PER_EXECUTION);
    expect(network.repeated).toEqual([]);
  });

  it.each([5, 60])(
    'rotation - row 5: another log under the same inode is read whole, with %i entries',
    async (count) => {
      const { node, network, start } = await started('inode');
      node.log(idsOf('old', 20));
      const agent = await start();
      await network.came(20 * MESSAGES_PER_EXECUTION);
      await agent.settled();
      const { ino } = statSync(node.logPath());
      const text = idsOf('new', count)
        .map((id) => entriesOf(id))
        .join('');
      rmSync(node.logPath());
      replaceAtInode(node, text, ino);
      await network.came((20 + count) * MESSAGES_PER_EXECUTION);
      await agent.settled();
      expect(network.facts.length).toBe((20 + count) * MESSAGES_PER_EXECUTION);
      expect(network.repeated).toEqual([]);
    },
  );

  it('rotation - rows 2 and 6: after a cut while it was stopped the new entries come once, and further starts are silent', async () => {
    const { node, network, start } = await started('cut');
    node.log(idsOf('old', 20));
    const first = await start();
    await network.came(20 * MESSAGES_PER_EXECUTION);
    await first.settled();
    await first.stop();
    writeFileSync(node.logPath(), '');
    node.log(idsOf('new', 3));
    for (let starts = 0; starts < 4; starts++) {
      const agent = await start();
      if (starts === 0) await network.came(23 * MESSAGES_PER_EXECUTION);
      await agent.settled();
      await delay(TWO_LOOKS_MS);
      expect(network.facts.length).toBe(23 * MESSAGES_PER_EXECUTION);
      await agent.stop();
    }
    const joined = network.heard.filter(({ type }) => type === 'node_joined').length;
    expect(joined).toBe(5);
    expect(network.repeated).toEqual([]);
  });
});

/** Makes files until one gets the inode. Where inodes are not used again, cutting and writing the same file is the like. */
function replaceAtInode(node: PlainNode, text: string, inode: number): void {
  const path = node.logPath();
  const others: string[] = [];
  for (let attempt = 0; attempt < INODE_ATTEMPTS; attempt++) {
    const other = join(node.logFolder, `other-${attempt}`);
    appendFileSync(other, text);
    others.push(other);
    if (statSync(other).ino === inode) break;
  }
  renameSync(others.at(-1) ?? '', path);
  for (const other of others.slice(0, -1)) rmSync(other);
}
