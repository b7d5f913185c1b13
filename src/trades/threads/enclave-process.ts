// The enclave as a child process of the service: starts it, starts it again when it dies, leaves alone another one that
// holds the socket already, and stops it in order. It polls nothing and reads no message.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Log } from '../../io/log.ts';
import { type Backoff, backoffMs } from '../../lib/backoff.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';

/** Exit code of an enclave that finds another one with the same seal key at its socket. */
export const ENCLAVE_RUNS_ALREADY = 3;

/** Waits before a dead enclave is started again, and before one that could not start. */
const RESTART: Backoff = { leastMs: 500, mostMs: 30_000 };
const REFUSED: Backoff = { leastMs: 5_000, mostMs: 60_000 };
/** An enclave that ran so long had no trouble with its start, in ms. */
const WELL_RUNNING_MS = 60_000;
/** Time between two looks whether the enclave of an earlier service is there still, in ms. */
const LOOK_MS = 1_000;
/** How often it may be missing before another one is started. */
const MISSED_LOOKS_MAX = 3;
/** Time to end after it was asked over the link, and the time until it is killed, in ms. */
const ASKED_MS = 5_000;
const KILL_MS = 10_000;

/** Flags of Node that the enclave always has: no debugger by a signal, and no environment in a report. */
export const HARDENING = ['--disable-sigusr1', '--report-exclude-env'] as const;

/** What is started. */
export interface EnclaveCommand {
  /** The entry of the program, whose command `enclave` is run. */
  readonly main: string;
  /** Flags of this process's Node; those of a debugger are left out. */
  readonly nodeFlags: readonly string[];
  /** The whole environment of the enclave. */
  readonly env: Readonly<Record<string, string>>;
}

/** What an {@link EnclaveProcess} needs. */
export interface EnclaveProcessParts {
  /** True while the enclave is linked. */
  isLinked(): boolean;
  /** Asks the linked enclave to end in order; false if none is linked. */
  askToStop(): boolean;
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Timers;
  /** From 0 (included) to 1 (excluded). */
  random(): number;
}

/** Keeps an enclave running, from `start` to `stop`. */
export class EnclaveProcess implements Part {
  readonly #command: EnclaveCommand;
  readonly #parts: EnclaveProcessParts;
  #child: ChildProcess | null = null;
  /** Of the child that runs: resolves when it is gone. */
  #ended: Promise<void> = Promise.resolve();
  #timer: Timer | null = null;
  #failures = 0;
  /** True while the enclave of an earlier service runs. */
  #isTakenUp = false;
  #missedLooks = 0;
  #isStopped = false;

  constructor(command: EnclaveCommand, parts: EnclaveProcessParts) {
    this.#command = command;
    this.#parts = parts;
  }

  /** Starts the enclave, and does not wait until it is linked. */
  async start(): Promise<void> {
    this.#run();
  }

  /** Ends the enclave in order: it hands out what it has. A child that does not end is killed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    const isAsked = this.#parts.askToStop();
    if (this.#child !== null) await this.#endChild(this.#child, isAsked);
    else if (isAsked) await this.#unlinked();
  }

  /** Asks a child to end, and does not wait for it. */
  kill(): void {
    this.#isStopped = true;
    this.#child?.kill('SIGTERM');
  }

  #run(): void {
    const { main, nodeFlags, env } = this.#command;
    const { clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    const words = [process.execPath, ...plainFlags(nodeFlags), ...HARDENING, main, 'enclave'];
    // A core file would hold keys. The group of its own keeps a Ctrl-C from it: it stops when the service asks it to.
    const child = spawn('/bin/sh', ['-c', 'ulimit -c 0; exec "$@"', 'sh', ...words], {
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
      env,
    });
    // It must not keep this process alive if the program gives up without stopping it.
    child.unref();
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const end = (code: number | null, how: string) => {
        if (this.#child !== child) return;
        this.#child = null;
        resolve();
        if (!this.#isStopped) this.#gone(code, how, clock.monotonicMs() - startedMs);
      };
      child.once('error', (error: NodeJS.ErrnoException) => end(null, error.code ?? 'no code'));
      child.once('exit', (code, signal) => end(code, signal ?? `exit code ${code}`));
    });
  }

  #gone(code: number | null, how: string, ranMs: number): void {
    const { log, random } = this.#parts;
    if (code === ENCLAVE_RUNS_ALREADY) {
      if (!this.#isTakenUp) log.info('enclave: one with the same seal key runs already, and is taken up');
      this.#isTakenUp = true;
      this.#missedLooks = 0;
      this.#failures = 0;
      this.#later(LOOK_MS, () => this.#look());
      return;
    }
    this.#isTakenUp = false;
    if (ranMs >= WELL_RUNNING_MS) this.#failures = 0;
    const waitMs = backoffMs(code === 1 ? REFUSED : RESTART, this.#failures, random());
    this.#failures++;
    log.warn(`enclave: its process ended (${how}); it is started again in ${Math.ceil(waitMs / 1000)} s`);
    this.#later(waitMs, () => this.#run());
  }

  /** Another service may have stopped the enclave that was taken up, or it died. */
  #look(): void {
    this.#missedLooks = this.#parts.isLinked() ? 0 : this.#missedLooks + 1;
    if (this.#missedLooks <= MISSED_LOOKS_MAX) this.#later(LOOK_MS, () => this.#look());
    else this.#run();
  }

  #later(waitMs: number, run: () => void): void {
    this.#timer = this.#parts.timers.after(waitMs, run);
  }

  async #endChild(child: ChildProcess, isAsked: boolean): Promise<void> {
    const { timers } = this.#parts;
    const terminate = timers.after(isAsked ? ASKED_MS : 0, () => child.kill('SIGTERM'));
    const kill = timers.after(KILL_MS, () => child.kill('SIGKILL'));
    await this.#ended;
    terminate.cancel();
    kill.cancel();
  }

  /** Waits until the enclave of an earlier service has ended. It is no child, so it is never signalled. */
  async #unlinked(): Promise<void> {
    const { clock, timers, isLinked } = this.#parts;
    const deadlineMs = clock.monotonicMs() + KILL_MS;
    while (isLinked() && clock.monotonicMs() < deadlineMs)
      await new Promise<void>((resolve) => timers.after(50, resolve));
  }
}

/** A debugger would read keys, and its port is taken. */
function plainFlags(flags: readonly string[]): readonly string[] {
  return flags.filter((flag) => !/^--(inspect|debug|watch|test|cpu-prof|heap-prof|env-file)/.test(flag));
}
