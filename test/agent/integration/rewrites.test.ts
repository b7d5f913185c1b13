// An event file that is written anew again and again while it is read, and starts on unchanged files
// (docs/agent.md#failure-stories).

import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { agentFolder, startAgent } from '../../support/agent.ts';
import { Network } from './network.ts';
import { idsOf, MESSAGES_PER_EXECUTION, PlainNode } from './plain-node.ts';

const REWRITES = 1_000;
const STARTS = 5;
/** More than two looks. */
const TWO_LOOKS_MS = 500;

describe('rewrites', () => {
  it('rewrites - row 10: a file that is written anew 1,000 times gives each fact once', async () => {
    const folder = agentFolder('rewrites');
    const node = new PlainNode(folder);
    const network = await Network.start();
    const agent = await startAgent(folder, { ...network.env, AGENT_LOGS: '' });
    const ids = idsOf('rewritten', REWRITES);
    for (let count = 1; count <= REWRITES; count++) {
      node.events(ids.slice(0, count));
      // The reader gets its turn in the middle of everything.
      if (count % 10 === 0) await delay(10);
    }
    await network.came(REWRITES);
    await agent.settled();
    expect(network.counts).toEqual({ task_completed: REWRITES });
    expect(network.repeated).toEqual([]);
  });

  it('rewrites - row 2: five starts on unchanged files send nothing but presence', async () => {
    const folder = agentFolder('starts');
    const node = new PlainNode(folder);
    node.log(idsOf('logged', 30));
    node.events(idsOf('event', 30));
    const network = await Network.start();
    const messages = 30 * MESSAGES_PER_EXECUTION + 30;
    for (let start = 0; start <= STARTS; start++) {
      const agent = await startAgent(folder, network.env);
      if (start === 0) await network.came(messages);
      await agent.settled();
      await delay(TWO_LOOKS_MS);
      await agent.stop();
    }
    expect(network.facts.length).toBe(messages);
    const presence = network.heard.filter((message) => !network.facts.includes(message));
    const count = (type: string) => presence.filter((message) => message.type === type).length;
    expect([count('node_joined'), count('node_left')]).toEqual([STARTS + 1, STARTS + 1]);
    expect(count('heartbeat')).toBeGreaterThanOrEqual(STARTS + 1);
  });

  it('rewrites - row 17: nothing waits for events of the file system', async () => {
    const folder = agentFolder('polled');
    const node = new PlainNode(folder);
    const network = await Network.start();
    const agent = await startAgent(folder, network.env);
    node.log(idsOf('logged', 1));
    node.events(idsOf('event', 1));
    await network.came(MESSAGES_PER_EXECUTION + 1);
    const own = `/proc/${agent.process.pid}/fd`;
    const watches = readdirSync(own).filter((name) => linkOf(`${own}/${name}`).includes('inotify'));
    expect(watches).toEqual([]);
  });
});

/** A descriptor may close before it is looked at. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
