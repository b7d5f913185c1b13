// Writes and grows the files of one simulated node below a folder, as a node does: the event file is written anew as a
// whole, logs grow, are rotated, truncated and compressed. It decides nothing by chance: the caller says what happens
// when.

import {
  appendFileSync,
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { makeFolder } from '../../lib/folder.ts';
import type { NodeStep } from './node-timeline.ts';
import type { PlannedNode } from './planned-execution.ts';

/** What can happen to the files beside growth. */
export const NODE_FAULTS = ['rotate', 'truncate', 'gzip', 'damage', 'array', 'bom'] as const;
/** One of {@link NODE_FAULTS}. */
export type NodeFault = (typeof NODE_FAULTS)[number];

/** What each fault does, in one line for a person. */
export const NODE_FAULT_TEXTS: Readonly<Record<NodeFault, string>> = {
  rotate: 'a log is renamed, and a new one begins',
  truncate: 'a log is copied, and then cut to nothing',
  gzip: 'a renamed log is compressed',
  damage: 'half of the event file is written; the next record brings the whole',
  array: 'the event file is a bare array, or has other members beside the records',
  bom: 'the event file begins with a byte order mark',
};

const EVENT_FOLDER = join('build', 'datadb');
const LOG_FOLDER = join('logs', '@truebit');

/** The globs of a node's files below a folder, as settings of the agent. */
export function nodeGlobs(folder: string): { readonly AGENT_EVENTS: string; readonly AGENT_LOGS: string } {
  return {
    AGENT_EVENTS: join(folder, EVENT_FOLDER, '*-eventDB.json'),
    AGENT_LOGS: join(folder, LOG_FOLDER, 'worker-runner-node-*', 'debug'),
  };
}

/** The files of one node. All calls are synchronous, and throw the system's errors. */
export class NodeWriter {
  /** Path of the event file. */
  readonly eventPath: string;
  /** Folder of the logs. */
  readonly logFolder: string;
  readonly #recordsMax: number;
  readonly #records: string[] = [];
  readonly #rotations = new Map<number, number>();
  #writes = 0;
  #isArray = false;
  #hasMark = false;

  /** Makes the folders. `recordsMax`: records that the event file keeps; older ones leave it. */
  constructor(folder: string, { wallet, eventFile }: PlannedNode, recordsMax = Infinity) {
    this.eventPath = join(folder, EVENT_FOLDER, eventFile);
    this.logFolder = join(folder, LOG_FOLDER, `worker-runner-node-${wallet}`, 'debug');
    this.#recordsMax = recordsMax;
    makeFolder(join(folder, EVENT_FOLDER));
    makeFolder(this.logFolder);
  }

  /** Path of the log that a worker writes. */
  logPath(worker: number): string {
    return join(this.logFolder, `runner-node-${worker}.log`);
  }

  /** Writes steps: entries first, then the event file anew if there are records. */
  write(steps: readonly NodeStep[]): void {
    const logs = Map.groupBy(
      steps.filter(({ type }) => type === 'entry'),
      ({ worker }) => worker,
    );
    for (const [worker, entries] of logs)
      appendFileSync(this.logPath(worker), entries.map(({ text }) => text).join(''));
    const records = steps.filter(({ type }) => type === 'record');
    if (records.length === 0) return;
    this.#records.push(...records.map(({ text }) => text));
    if (this.#records.length > this.#recordsMax)
      this.#records.splice(0, this.#records.length - this.#recordsMax);
    this.rewrite();
  }

  /** Writes the event file anew as a whole, in place: a reader may see it empty or half-written. */
  rewrite(): void {
    writeFileSync(this.eventPath, this.#document());
  }

  /** Applies a fault to the files; without effect if there is nothing that it could change. */
  apply(fault: NodeFault, worker: number): void {
    if (fault === 'rotate') this.#rotate(worker, (from, to) => renameSync(from, to));
    if (fault === 'truncate') this.#rotate(worker, copyAndTruncate);
    if (fault === 'gzip') this.#compress(worker);
    if (fault === 'damage') this.#damage();
    if (fault === 'array') this.#isArray = !this.#isArray;
    if (fault === 'bom') this.#hasMark = !this.#hasMark;
  }

  #document(): string {
    this.#writes += 1;
    const records = `[${this.#records.join(this.#writes % 2 === 0 ? ',' : ',\n  ')}]`;
    const before = this.#writes % 3 === 0 ? '"version":{"records":[{}],"n":1e3},' : '';
    const text = this.#isArray ? records : `{${before}"records":${records},"count":${this.#records.length}}`;
    return `${this.#hasMark ? '\u{feff}' : ''}${text}\n`;
  }

  #damage(): void {
    const whole = Buffer.from(this.#document());
    writeFileSync(this.eventPath, whole.subarray(0, Math.floor(whole.length / 2)));
  }

  #rotate(worker: number, move: (from: string, to: string) => void): void {
    const path = this.logPath(worker);
    if (!hasContent(path)) return;
    const number = (this.#rotations.get(worker) ?? 0) + 1;
    this.#rotations.set(worker, number);
    move(path, `${path}.${number}`);
  }

  /** Compresses the newest renamed log. As gzip does, it writes a whole new file of the old one's time, and then removes that. */
  #compress(worker: number): void {
    const path = `${this.logPath(worker)}.${this.#rotations.get(worker) ?? 0}`;
    if (!hasContent(path)) return;
    const { atime, mtime } = statSync(path);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
    utimesSync(`${path}.gz`, atime, mtime);
    rmSync(path);
  }
}

function copyAndTruncate(from: string, to: string): void {
  copyFileSync(from, to);
  truncateSync(from);
}

function hasContent(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}
