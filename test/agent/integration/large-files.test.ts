// Files with large parts, and large files (docs/agent.md#failure-stories): the memory stays flat, and everything is read.

import { appendFileSync, closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { agentFolder, startAgent } from '../../support/agent.ts';
import { Network } from './network.ts';
import { idsOf, MESSAGES_PER_EXECUTION, outcomeRecord, PlainNode } from './plain-node.ts';

const MEBIBYTE = 1_048_576;
const MEBIBYTE_OF_TEXT = 'x'.repeat(MEBIBYTE);
const LONG_LINE_BYTES = 50 * MEBIBYTE;
const INPUT_BYTES = 100 * MEBIBYTE;
/** Of a process that has Node, SQLite and a page in it; the specification's goal is 96 MiB above idle. */
const PEAK_ABOVE_IDLE_MAX = 160 * MEBIBYTE;

/** A member of `/proc/…/status` in bytes. */
function memory(pid: number | undefined, name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1_024;
}

/** CPU time of a process in ticks of 10 ms. */
function ticks(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

describe('large files', () => {
  it('large files - row 9: a line of 50 MB and a record of 100 MB are passed, what is behind them comes, and then it rests', async () => {
    const folder = agentFolder('large');
    const node = new PlainNode(folder);
    const network = await Network.start();
    node.log(idsOf('before', 5));
    node.events(idsOf('event', 5));
    const agent = await startAgent(folder, network.env);
    await network.came(5 * MESSAGES_PER_EXECUTION + 5);
    await agent.settled();
    const { pid } = agent.process;
    const idle = memory(pid, 'VmHWM');
    for (let bytes = 0; bytes < LONG_LINE_BYTES; bytes += MEBIBYTE)
      appendFileSync(node.logPath(), MEBIBYTE_OF_TEXT);
    appendFileSync(node.logPath(), '\n');
    node.log(idsOf('behind', 5));
    writeLargeRecord(node.eventPath);
    await network.came(10 * MESSAGES_PER_EXECUTION + 11);
    await agent.settled();
    expect(network.facts.length).toBe(10 * MESSAGES_PER_EXECUTION + 11);
    expect(network.repeated).toEqual([]);
    expect(memory(pid, 'VmHWM') - idle).toBeLessThan(PEAK_ABOVE_IDLE_MAX);
    const before = ticks(pid);
    await delay(2_000);
    // Idle: a tenth of the time, which looks and heartbeats need at most.
    expect(ticks(pid) - before).toBeLessThan(100);
  });

  it('large files - row 15: 700 MB are read with less than 256 MB of memory, and counted right', async () => {
    const folder = agentFolder('huge');
    const node = new PlainNode(folder);
    const executions = writeHugeFile(node.eventPath);
    const network = await Network.start();
    const agent = await startAgent(folder, { ...network.env, AGENT_LOGS: '' });
    await network.came(executions);
    await agent.settled();
    expect(network.counts).toEqual({ task_completed: executions });
    expect(network.repeated).toEqual([]);
    expect(memory(agent.process.pid, 'VmHWM')).toBeLessThan(256 * MEBIBYTE);
  });
});

/** An event file with the five records from before, one of 100 MB and five more. */
function writeLargeRecord(path: string): void {
  const file = openSync(path, 'w');
  const before = idsOf('event', 5).map((id) => outcomeRecord(id));
  writeSync(file, `{"records":[${before.join(',\n')},\n{"type":"computed_outcome","input":"`);
  for (let bytes = 0; bytes < INPUT_BYTES; bytes += MEBIBYTE) writeSync(file, MEBIBYTE_OF_TEXT);
  writeSync(file, '","executionId":"large-execution"},\n');
  writeSync(
    file,
    idsOf('event-behind', 5)
      .map((id) => outcomeRecord(id))
      .join(',\n'),
  );
  writeSync(file, ']}\n');
  closeSync(file);
}

/** An event file of 700 MB; returns the number of its records, each with an input of 1 MB. */
function writeHugeFile(path: string): number {
  const file = openSync(path, 'w');
  const ids = idsOf('huge', 700);
  ids.forEach((id, at) => {
    writeSync(file, at === 0 ? '{"records":[' : ',\n');
    writeSync(file, outcomeRecord(id, { input: MEBIBYTE_OF_TEXT }));
  });
  writeSync(file, ']}\n');
  closeSync(file);
  return ids.length;
}
