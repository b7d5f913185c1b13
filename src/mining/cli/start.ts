// What the command `mining` starts. The parts of the program load here, so that a command that only reads the settings
// file starts quickly.

import type { Program } from '../../cli/until-signal.ts';
import type { Environment } from '../../config/environment.ts';
import type { LossyLog } from '../../io/log.ts';
import type { CodedError } from '../../lib/errors.ts';
import { systemTimers } from '../../lib/timers.ts';
import { programVersion } from '../../lib/version.ts';
import type { MiningConfig } from '../config/config.ts';
import type { Alarm } from '../domain/alarm.ts';
import { Webhook } from '../sinks/webhook.ts';
import { createMining, type MiningSeams } from '../threads/main.ts';

/** The program as the command sees it. */
export interface MiningProgram extends Program {
  /**
   * Takes over settings of a new reading of the file, which differ only where `compare` says "now". Logging has changed
   * already. Must not throw.
   */
  change(config: MiningConfig): void;
}

/** What the command gives the program. */
export interface MiningStart {
  readonly env: Environment;
  readonly log: LossyLog;
  /** To be called if the program cannot continue; it is then stopped, and the exit code is 1. */
  fatal(error: CodedError): void;
}

/** Makes the program; starts nothing. */
export type MakeMining = (config: MiningConfig, start: MiningStart) => MiningProgram;

/** Makes the program of this package, with its webhook; without `seams` as an operator has it. */
export function makeMining(
  config: MiningConfig,
  { log, fatal }: MiningStart,
  seams: MiningSeams = {},
): MiningProgram {
  const webhook = new Webhook(config.webhook, {
    timers: systemTimers,
    userAgent: `aggregator/${programVersion()}`,
    failed: (reason) => log.warn(`alarms: the webhook does not take them: ${reason}`),
    works: (lost) => log.info(`alarms: the webhook takes them again; ${lost} were lost`),
  });
  const alarm = (told: Alarm) => webhook.tell(told);
  const app = createMining(config, {
    log,
    fatal,
    alarm,
    alarms: () => webhook.counts,
    isDemonstration: false,
    seams,
  });
  return {
    async start() {
      await webhook.start();
      await app.start();
    },
    async stop() {
      await app.stop();
      await webhook.stop();
    },
    kill: () => app.kill(),
    change(next) {
      webhook.change(next.webhook);
      app.change(next);
    },
  };
}
