// Personal data in every member of every record, and everywhere in every entry of the log, with the whole program and a
// real broker: afterwards it stands in the node's own files only. The messages that left are exactly the plain ones.

import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AGENT_SALT, type AgentProgram, spawnAgent } from '../../support/agent-program.ts';
import { agentFolder, startAgent } from '../../support/agent.ts';
import { CANARIES, canariesIn } from '../../support/canaries.ts';
import { connectTo, launchBroker } from '../../support/program.ts';
import { until } from '../../support/until.ts';

type Members = Readonly<Record<string, unknown>>;

const HEAD = '2026-01-15 10:00:00 debug: @truebit/worker-runner-node';
const FORMS = Object.values(CANARIES).flatMap((canary) => [canary, `at ${canary}, they say`]);
const FACTS = ['task_received', 'task_completed', 'invoice_created'];
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
  '/no-such-page',
  '/api/federation/network-stats?period=wrong',
];
/** Members that are read, and ones that a node writes beside them. */
const MORE = [
  'input',
  'error',
  'wallet',
  'taskRequesterAddress',
  'taskId',
  'taskType',
  'chainId',
  'timestamp',
];

/** Records of one execution with these members more; null: the ids are canaries too. */
function recordsOf(id: string, invoiceId: string, more: Members): readonly object[] {
  const named = { executionId: id, ...more };
  const lineItem = [{ ...more, type: 'charge', total_steps_computed: 5, peak_memory_used: 17, ...more }];
  return [
    { ...more, payload: { ...more, type: 'task_created', message: named } },
    { ...more, payload: { type: 'computed_outcome', ...more, message: named } },
    { ...more, payload: { ...more, type: 'invoice', message: { ...named, invoiceId, lineItem } } },
    { ...more, payload: { ...more, type: 'hub_message', message: named } },
  ];
}

/** Copies of the records: each canary in each member, as a text, inside a list, as a name, and as the id itself. */
function plantedRecords(): readonly object[] {
  const records: object[] = [];
  for (const canary of FORMS) {
    for (const name of MORE) {
      for (const value of [canary, [canary], { deep: [{ deeper: canary }] }]) {
        const id = `planted-${records.length}`;
        records.push(...recordsOf(id, `i-${id}`, { [name]: value }));
      }
    }
    records.push(
      ...recordsOf(`named-${records.length}`, `i-${records.length}`, { [canary]: canary }),
      ...recordsOf(canary, `${canary} invoice`, { executionId: canary, operation: canary }),
      { type: canary, executionId: canary },
      { payload: { type: 'invoice', message: { lineItem: [{ operation: canary }] } } },
    );
  }
  return records;
}

function plantedEntries(): string {
  let text = '';
  for (const [at, canary] of FORMS.entries()) {
    const name = `-${CANARIES.address}:1.0.0`;
    const entry = (words: string) => void (text += `${HEAD}${name} ${words}\n`);
    const id = `logged-${at}`;
    const json = (members: Members) => JSON.stringify({ input: canary, [canary]: canary, ...members });
    entry(
      `Message received from task_created: ${json({ executionId: id, taskType: canary, chainId: canary })}`,
    );
    entry(
      `Message received from task_created: ${json({ executionId: canary, payload: { taskType: canary } })}`,
    );
    entry(`Message received from task_created: ${json({})}`);
    entry(`Message received from task_created: ${canary}`);
    entry(`Starting task execution ${id} for ${canary}`);
    entry(`Starting task execution: ${canary}`);
    entry(`Command execution stdout: ${json({ elapsed: canary, wasi: { exitCode: canary } })}`);
    entry(`Command execution stdout: ${json({ elapsed: 5_000_000, executionId: id })}`);
    entry(`Command execution stdout: {"broken": ${canary}`);
    entry(`Execution ${id} completed for ${canary}`);
    entry(`Execution ${canary} completed`);
    entry(`Execution ID completed: ${canary}`);
    text += `${canary}\n${HEAD}:1.0.0 ${canary}\n${canary} ${HEAD}\n`;
  }
  return text;
}

/** The node's files in a folder of their own; names and folders hold an address, as real ones do. */
function writeNode(folder: string): {
  readonly env: Readonly<Record<string, string>>;
  readonly files: string;
} {
  const files = join(folder, 'node');
  const logs = join(files, `worker-runner-node-${CANARIES.address}`, 'debug');
  mkdirSync(logs, { recursive: true });
  writeFileSync(
    join(files, `${CANARIES.address}-eventDB.json`),
    JSON.stringify({ records: plantedRecords() }),
  );
  writeFileSync(
    join(files, 'damaged-eventDB.json'),
    `{"records":[{"type":"${CANARIES.email}"}] ${CANARIES.key}`,
  );
  writeFileSync(join(logs, `${CANARIES.address}.log`), plantedEntries());
  const env = { AGENT_EVENTS: join(files, '*-eventDB.json'), AGENT_LOGS: logs };
  return { env, files };
}

/** Every file of the agent, with the canaries in it. */
function canariesInState(state: string): string[] {
  const names = readdirSync(state).filter((name) => statSync(join(state, name)).isFile());
  expect(names).toEqual(expect.arrayContaining(['agent.db', 'agent.db.identity']));
  return names.flatMap((name) =>
    canariesIn(readFileSync(join(state, name))).map((canary) => `${canary} in ${name}`),
  );
}

async function answersOf(agent: AgentProgram): Promise<string> {
  const url = await agent.url();
  const answers = PATHS.map(async (path) => {
    const answer = await fetch(url + path);
    return JSON.stringify([...answer.headers]) + (await answer.text());
  });
  return (await Promise.all(answers)).join('\n');
}

describe('canaries', () => {
  it('canaries - none leaves the files of the node: wire, state, log, pages, metrics, also after a kill', async () => {
    const folder = agentFolder('canaries');
    // The state lies in a folder that the wallet names too.
    const state = join(folder, `state-${CANARIES.address}`);
    mkdirSync(state);
    const node = writeNode(folder);
    expect(
      canariesIn(readFileSync(join(node.files, `${CANARIES.address}-eventDB.json`))).length,
    ).toBeGreaterThan(5);
    const broker = await launchBroker({});
    const wire: string[] = [];
    const hearing = await connectTo(broker.url);
    hearing.subscribe('>', {
      callback: (_error, { subject, headers, data }) =>
        void wire.push(`${subject} ${String(headers)} ${Buffer.from(data).toString('latin1')}`),
    });
    const reply = JSON.stringify({
      federationSalt: AGENT_SALT,
      heartbeatIntervalMs: 30_000,
      ratePerMinute: 600_000,
      aggregatorId: 'test-network',
    });
    hearing.subscribe('truebit.federation.join', {
      callback: (_error, message) => void message.respond(reply),
    });
    await hearing.flush();
    const env = {
      ...node.env,
      DB_PATH: join(state, 'agent.db'),
      FEDERATION_NATS_URL: broker.url,
    };
    const agent = await startAgent(folder, env);
    const read = await until('everything to be read and sent', async () => {
      const found = await agent.node();
      const { messages, completions } = found.waiting;
      return found.facts.queued > 500 && messages === 0 && completions === 0 ? found : null;
    });
    const facts = wire.filter((line) => FACTS.some((type) => line.includes(`"type":"${type}"`)));
    expect(facts).toHaveLength(read.facts.queued);
    expect(canariesIn(wire.join('\n'))).toEqual([]);
    // New problems while it runs: a file that grows into damage, and one that goes.
    appendFileSync(join(node.files, `${CANARIES.address}-eventDB.json`), CANARIES.email);
    rmSync(join(node.files, 'damaged-eventDB.json'));
    await until('the damage to be shown', async () => {
      const files = (await agent.node()).sources.flatMap((source) => source.files);
      return files.some(({ name, state: shown }) => name === '0x…-eventDB.json' && shown === 'damaged');
    });
    expect(canariesIn(await answersOf(agent))).toEqual([]);
    expect(canariesInState(state)).toEqual([]);
    await agent.kill();
    expect(canariesInState(state)).toEqual([]);
    const again = await startAgent(folder, env);
    await until('the connection', async () => (await again.node()).broker.connected);
    expect(canariesInState(state)).toEqual([]);
    expect(await again.stop()).toBe(0);
    expect(canariesInState(state)).toEqual([]);
    expect(canariesIn(wire.join('\n'))).toEqual([]);
    const told = (program: AgentProgram) => JSON.stringify(program.log) + program.errors();
    expect(canariesIn(told(agent) + told(again))).toEqual([]);
    expect(told(agent)).not.toContain(folder);
    expect(agent.log.some(({ level }) => level === 'warn')).toBe(true);
  });

  it('canaries - a start that fails says why, without a folder', async () => {
    const folder = agentFolder('canaries');
    const state = join(folder, `state-${CANARIES.address}`);
    mkdirSync(state);
    writeFileSync(join(state, 'agent.db'), 'no database, and nothing of an agent beside it');
    const { env } = writeNode(folder);
    const agent = spawnAgent(folder, { ...env, DB_PATH: join(state, 'agent.db') });
    expect((await agent.exit).code).toBe(1);
    expect(agent.errors()).toContain('agent.db');
    expect(canariesIn(agent.errors() + JSON.stringify(agent.log))).toEqual([]);
  });
});
