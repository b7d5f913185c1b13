// Nothing private leaves, is kept or is shown (docs/agent.md#failure-stories): every wallet, id, program and input of a node's
// files is looked for in everything that the agent makes.

import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectedMessages, secretsOf } from '../../../src/agent/simulator/node-oracle.ts';
import { makeNodePlan, STANDARD_PLAN } from '../../../src/agent/simulator/node-plan.ts';
import { nodeTimeline } from '../../../src/agent/simulator/node-timeline.ts';
import { NodeWriter } from '../../../src/agent/simulator/node-writer.ts';
import type { PlannedNode } from '../../../src/agent/simulator/planned-execution.ts';
import { agentFolder, startAgent } from '../../support/agent.ts';
import { AGENT_SALT } from '../../support/agent-program.ts';
import { until } from '../../support/until.ts';
import { Network } from './network.ts';

const PLAN = makeNodePlan({ ...STANDARD_PLAN, executions: 120, sharedShare: 1 });
const NODE = PLAN.nodes[0] as PlannedNode;
const PATHS = [
  '/',
  '/metrics',
  '/livez',
  '/readyz',
  '/api/health',
  '/api/node',
  '/api/openapi.json',
  '/api/federation/network-stats',
  '/api/federation/status',
  '/api/federation/network-stats?period=24h',
  '/no-such-page',
  '/api/federation/network-stats?period=wrong',
  `/${NODE.wallet}`,
];
/** Any Ethereum address, in any case of letters. */
const ADDRESS = /0x[0-9a-f]{40}(?![0-9a-f])/i;

async function run() {
  const folder = agentFolder('privacy');
  const writer = new NodeWriter(folder, NODE);
  writer.write(nodeTimeline(PLAN, 0));
  const network = await Network.start();
  const agent = await startAgent(folder, network.env);
  const expected = expectedMessages(PLAN, 0, AGENT_SALT);
  await network.came(expected.length);
  // A half-written file is a problem that the agent tells of.
  writer.apply('damage', 0);
  await until('the status to tell of the damage', async () => {
    const { sources } = await agent.node();
    return sources.some(({ files }) =>
      files.some(({ state }) => state === 'incomplete' || state === 'damaged'),
    );
  });
  const url = await agent.url();
  const pages = await Promise.all(
    PATHS.map(async (path) => {
      const answer = await fetch(`${url}${path}`);
      // What a visitor asked for may come back to that visitor.
      const text = `${JSON.stringify([...answer.headers])}${await answer.text()}`;
      return { path, text: path.includes(NODE.wallet) ? '' : text };
    }),
  );
  return { folder, writer, network, agent, expected, url, pages };
}

function stateFiles(folder: string): readonly string[] {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

describe('privacy', () => {
  it('privacy - row 19: no secret stands on the wire, in pages, in the log at debug, or in the state', async () => {
    const { folder, writer, network, agent, expected, url, pages } = await run();
    const places = [
      ...network.heard.map(({ text }, at) => ({ place: `message ${at}`, text })),
      ...pages.map(({ path, text }) => ({ place: path, text })),
      { place: 'the log', text: JSON.stringify(agent.log) },
      { place: 'standard error', text: agent.errors() },
      ...stateFiles(folder).map((path) => ({ place: path, text: readFileSync(path, 'latin1') })),
    ];
    expect(stateFiles(folder).length).toBeGreaterThan(1);
    const secrets = [...secretsOf(PLAN), writer.logFolder, writer.eventPath, folder];
    const logMayName = new Set([folder]);
    const found = places.flatMap(({ place, text }) => {
      const lower = text.toLowerCase();
      const leaked = secrets.filter(
        (secret) => lower.includes(secret.toLowerCase()) && !(place === 'the log' && logMayName.has(secret)),
      );
      return [...leaked, ...(ADDRESS.test(text) ? ['an address'] : [])].map(
        (secret) => `${secret} in ${place}`,
      );
    });
    expect(found).toEqual([]);
    expect(new URL(url).hostname).toBe('127.0.0.1');
    const texts = network.facts.map(({ type, data }) => `${type} ${JSON.stringify(data)}`);
    expect(texts.toSorted()).toEqual(
      expected.map(({ type, data }) => `${type} ${JSON.stringify(data)}`).toSorted(),
    );
    expect(existsSync(join(folder, 'agent.db'))).toBe(true);
    expect(globSync(join(folder, 'logs', '**', '*.db'))).toEqual([]);
  });
});
