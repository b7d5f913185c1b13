// Checks that the image of every program must pass, and how checks are counted and printed. It knows no program.

import { setTimeout as wait } from 'node:timers/promises';
import type { Image, Service } from './image.ts';

/** User and group id of the user `node` of the base image. */
export const NODE_USER_ID = 1000;

const READY_PATIENCE_MS = 60_000;
const STOP_PATIENCE_MS = 5_000;
const FORBIDDEN_PROGRAMS = 'gcc cc g++ c++ make python python3 npm npx yarn corepack tsc git curl wget';
const DEVELOPMENT_PACKAGES = new Set(['typescript', 'vitest', 'oxlint', 'node', 'tsc']);

/** Counts and prints the checks of one image, and ends the services that they started. */
export class Checks {
  readonly #subject: string;
  readonly #services: Service[] = [];
  #passed = 0;
  #failed = 0;

  /** `subject` stands at the beginning of each line. */
  constructor(subject: string) {
    this.#subject = subject;
    process.on('exit', () => {
      for (const service of this.#services) kill(service, 'SIGKILL');
    });
  }

  /** Prints one check; `detail` says what was found instead. */
  check(what: string, holds: boolean, detail: () => string = () => ''): void {
    if (holds) this.#passed += 1;
    else this.#failed += 1;
    console.log(`${holds ? 'ok' : 'FAILED'} - ${this.#subject} - ${what}${holds ? '' : `: ${detail()}`}`);
  }

  /** Waits until it holds, and prints whether it did in time. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const endMs = performance.now() + READY_PATIENCE_MS;
    let isHolding = false;
    while (!isHolding && performance.now() < endMs) {
      isHolding = await Promise.resolve()
        .then(holds)
        .catch(() => false);
      if (!isHolding) await wait(100);
    }
    this.check(what, isHolding, () => `not within ${READY_PATIENCE_MS} ms`);
  }

  /** Starts the image's command. The service ends at the latest with this process. */
  start(image: Image, more: Readonly<Record<string, string>> = {}): Service {
    const service = image.start(image.config.Cmd, more);
    this.#services.push(service);
    return service;
  }

  /** Stops the service with SIGTERM, as an engine does. */
  async stop(service: Service, how: string): Promise<void> {
    const sentAtMs = performance.now();
    kill(service, 'SIGTERM');
    const outcome = await Promise.race([service.ended, wait(STOP_PATIENCE_MS, null)]);
    const tookMs = Math.round(performance.now() - sentAtMs);
    this.check(
      `${how}: SIGTERM ends it with exit code 0 within 5 s (${tookMs} ms)`,
      outcome?.code === 0,
      () => JSON.stringify(outcome),
    );
    if (outcome === null) kill(service, 'SIGKILL');
  }

  /**
   * Prints the end of what the services said if a check has failed, then the sum, and ends the process. A service that
   * still runs is killed, and waited for as long as a stop may take: one that cannot be found must not hold up the sum.
   */
  async end(): Promise<never> {
    if (this.#failed > 0)
      for (const service of this.#services) {
        kill(service, 'SIGKILL');
        const outcome = await Promise.race([service.ended, wait(STOP_PATIENCE_MS, null)]);
        console.log(outcome?.output.slice(-4_000) ?? 'A service still runs, and its process was not found.');
      }
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    process.exit(this.#failed === 0 ? 0 : 1);
  }

  /** What holds for the image of every program: its configuration, its files, its user. */
  image(
    image: Image,
    {
      health,
      command,
      userId = NODE_USER_ID,
    }: { readonly health: string; readonly command: string; readonly userId?: number },
  ): void {
    const { config } = image;
    const same = (what: string, found: string, wanted: string) =>
      this.check(what, found === wanted, () => found);
    this.check(
      'the user is named and is not root',
      !['', '0', 'root'].includes(config.User),
      () => config.User,
    );
    this.check('it has the volume /data', '/data' in config.Volumes);
    same('it stops by SIGTERM', config.StopSignal, 'SIGTERM');
    same('its health check is the status command', config.Healthcheck.Test.join(' '), `CMD ${health}`);
    same('its command is a list', config.Cmd.join(' '), command);
    same(`commands run as uid ${userId}`, image.run('id', '-u').output.trim(), String(userId));
    const find = `for p in ${FORBIDDEN_PROGRAMS}; do command -v $p; done; true`;
    same('no toolchain and no package manager is in it', image.run('sh', '-c', find).output.trim(), '');
    const packages = image.run('ls', '/app/node_modules', '/app/node_modules/.bin').output.split(/\s+/);
    const development = packages.filter((name) => DEVELOPMENT_PACKAGES.has(name));
    same('no development package is in it', development.join(' '), '');
    this.check('the program cannot change itself', image.run('touch', '/app/dist/main.js').code !== 0);
    const help = image.run('aggregator', '--help');
    this.check('its command is aggregator', help.output.startsWith('Usage: aggregator '), () => help.output);
    this.check('the health check fails while nothing runs', runHealthCheck(image) === 1);
  }

  /** That the program has the user's rights only. */
  user(service: Service, userId = NODE_USER_ID): void {
    const ids = service.userIds();
    this.check('the service is not root', ids !== null && ids.every((id) => id === userId), () =>
      String(ids),
    );
  }
}

function kill(service: Service, signal: 'SIGTERM' | 'SIGKILL'): void {
  const pid = service.pid();
  if (pid !== null) process.kill(pid, signal);
}

/** Runs the health check of the image in the container; resolves with its exit code. */
export function runHealthCheck(image: Image, more: Readonly<Record<string, string>> = {}): number | null {
  const [kind, ...command] = image.config.Healthcheck.Test;
  return kind === 'CMD' ? image.runWith(more, ...command).code : null;
}

/** Whether the program at this address says that it is ready. */
export async function isReady(address: string): Promise<boolean> {
  return (await fetch(`${address}/readyz`)).status === 200;
}

/** Whether the page and everything that it loads come from the image. */
export async function servesDashboard(address: string): Promise<boolean> {
  const page = await (await fetch(address)).text();
  const links = [...page.matchAll(/(?:src|href)="((?:\.?\/)?assets\/[^"]+)"/g)].map(([, path = '']) => path);
  const answers = await Promise.all(links.map((path) => fetch(new URL(path, address))));
  return links.length >= 4 && answers.every(({ status }) => status === 200);
}
