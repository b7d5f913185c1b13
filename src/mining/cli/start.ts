// What the command `mining` starts. The parts of the program load here, so that a command that only reads the settings
// file starts quickly.

import type { Program } from '../../cli/until-signal.ts';
import type { Environment } from '../../config/environment.ts';
import type { LossyLog } from '../../io/log.ts';
import type { CodedError } from '../../lib/errors.ts';
import { randomShare, systemClock } from '../../lib/clock.ts';
import { systemTimers } from '../../lib/timers.ts';
import { programVersion } from '../../lib/version.ts';
import { Receivers } from '../../notify/receivers.ts';
import type { MiningConfig } from '../config/config.ts';
import type { Alarm } from '../domain/alarm.ts';
import { receiversOf } from '../config/arrange-alarms.ts';
import { noticeOf } from '../sinks/notices.ts';
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

/** Makes the program of this package, with the receivers of its alarms; without `seams` as an operator has it. */
export function makeMining(
  config: MiningConfig,
  { log, fatal }: MiningStart,
  seams: MiningSeams = {},
): MiningProgram {
  const receivers = new Receivers(receiversOf(config), {
    clock: systemClock,
    timers: systemTimers,
    random: randomShare,
    userAgent: `aggregator/${programVersion()}`,
    source: () => ({ name: 'aggregator mining', id: 'mining', url: null }),
    failed: (name, reason) => log.warn(`alarms: the receiver ${name} does not take them: ${reason}`),
    works: (name, lost) => log.info(`alarms: the receiver ${name} takes them again; ${lost} were lost`),
  });
  const app = createMining(config, {
    log,
    fatal,
    alarm: (told: Alarm) => receivers.tell(noticeOf(told)),
    alarms: () => ({ ...receivers.totals, receivers: receivers.views, problem: receivers.problem }),
    isDemonstration: false,
    seams,
  });
  return {
    async start() {
      await receivers.start();
      await app.start();
    },
    async stop() {
      await app.stop();
      await receivers.stop();
    },
    kill: () => app.kill(),
    change(next) {
      receivers.change(receiversOf(next));
      app.change(next);
    },
  };
}
