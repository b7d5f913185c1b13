// Small files of a node for tests that write them by hand: entries and records of the simplest form.

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const HEAD = 'info: @truebit/worker-runner-node:1.0.0';

/** Entries that tell of one execution from its receipt to its completion, as one text. */
export function entriesOf(id: string, padding = ''): string {
  const entry = (text: string) => `2026-01-15 10:00:00 ${HEAD} ${text}\n`;
  return [
    entry(
      `Message received from task_created: {"executionId":"${id}","chainId":1,"taskType":"wasm"}${padding}`,
    ),
    entry(`Starting task execution ${id}`),
    entry(`Command execution stdout: {"executionId":"${id}","elapsed":120000000,"wasi":{"exitCode":0}}`),
    entry(`Execution ${id} completed`),
  ].join('');
}

/** Messages of {@link entriesOf}. */
export const MESSAGES_PER_EXECUTION = 2;

/** A record that an execution was completed. */
export function outcomeRecord(id: string, more: object = {}): string {
  return JSON.stringify({ type: 'computed_outcome', executionId: id, timestamp: 1_768_471_200_000, ...more });
}

/** The text of an event file. */
export function eventDocument(records: readonly string[]): string {
  return `{"records":[${records.join(',\n')}]}\n`;
}

/** The files of a node by their usual places below a folder. */
export class PlainNode {
  readonly logFolder: string;
  readonly eventPath: string;

  constructor(folder: string) {
    this.logFolder = join(folder, 'logs', '@truebit', 'worker-runner-node-0xAbc', 'debug');
    this.eventPath = join(folder, 'build', 'datadb', 'node-eventDB.json');
    mkdirSync(this.logFolder, { recursive: true });
    mkdirSync(join(folder, 'build', 'datadb'), { recursive: true });
  }

  logPath(name = 'node.log'): string {
    return join(this.logFolder, name);
  }

  /** Appends the entries of these executions to a log. */
  log(ids: readonly string[], name?: string): void {
    appendFileSync(this.logPath(name), ids.map((id) => entriesOf(id)).join(''));
  }

  /** Writes the event file anew with the completions of these executions. */
  events(ids: readonly string[], more: object = {}): void {
    writeFileSync(this.eventPath, eventDocument(ids.map((id) => outcomeRecord(id, more))));
  }
}

/** Names of executions: `name-0`, `name-1`, … */
export function idsOf(name: string, count: number, from = 0): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${name}-${from + at}-execution`);
}
