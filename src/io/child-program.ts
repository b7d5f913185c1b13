// A program as a child process beside this one: it starts it in a process group of its own, so that a Ctrl-C does not reach
// it first, and stops it in order. It never restarts it.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Part } from '../lib/part.ts';

/** Time to end after SIGTERM, until it is killed, in ms. */
const KILL_AFTER_MS = 4_000;
/** Characters of its output that are kept for the report of a failure. */
const KEPT_OUTPUT_MAX = 4_000;

/** What is started. */
export interface ChildProgramOptions {
  /** The path of the program; default this process's own, Node. */
  readonly program?: string;
  /** What follows it on the command line: for Node the entry and the words of the command. */
  readonly words: readonly string[];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Called with what it prints, in parts of any length. */
  said?(text: string): void;
  /**
   * Called when it ends before it was stopped, with the end of what it printed and how it ended: `exit code 1`, `signal
   * SIGKILL`, or why it could not be run.
   */
  ended(output: string, how: string): void;
}

/** The child process, from `start` to `stop`. */
export class ChildProgram implements Part {
  readonly #options: ChildProgramOptions;
  #child: ChildProcess | null = null;
  #gone: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: ChildProgramOptions) {
    this.#options = options;
  }

  /** Starts it, and does not wait until it does its work. */
  async start(): Promise<void> {
    const { program = process.execPath, words, env } = this.#options;
    const child = spawn(program, [...words], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
    // It must not keep this process alive if this one gives up without stopping it.
    child.unref();
    this.#child = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-KEPT_OUTPUT_MAX);
        this.#options.said?.(text);
      });
    this.#gone = new Promise((resolve) => {
      let isOver = false;
      const end = (how: string) => {
        if (isOver) return;
        isOver = true;
        resolve();
        if (!this.#isStopped) this.#options.ended(output, how);
      };
      child.once('error', (error) => {
        output += error.message;
        end(error.message);
      });
      child.once('close', (code, signal) => end(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
  }

  /** Its process id from `start` on; null before, and if it could not be run. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    await this.#gone;
    clearTimeout(kill);
  }

  /** Asks it to end, and does not wait. */
  kill(): void {
    this.#isStopped = true;
    this.#child?.kill('SIGTERM');
  }
}
