// The demonstration: a simulated node in a temporary folder, an aggregator beside it, and between them the real agent, all
// on free ports of this machine. Everything that it makes is removed at its end.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { untilSignal } from '../../cli/until-signal.ts';
import type { Environment } from '../../config/environment.ts';
import { ChildProgram } from '../../io/child-program.ts';
import { freePortFrom } from '../../io/free-port.ts';
import { createLog, type LossyLog } from '../../io/log.ts';
import { systemClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { getText } from '../../lib/http-get.ts';
import { type Part, startAt } from '../../lib/part.ts';
import { systemTimers } from '../../lib/timers.ts';
import { readSettings } from '../config/settings.ts';
import { NodeSim } from '../simulator/node-sim.ts';
import { createAgent } from '../threads/main.ts';

const HOST = '127.0.0.1';
/** The aggregator's page is searched from here on; the ports of its broker and of the agent follow. */
const FIRST_PORT = 8080;
const FIRST_BROKER_PORT = 4242;
const AGENT_PORT = 8090;
/** Time in which the aggregator must be ready, in ms. */
const READY_MS = 30_000;
const ASK_AGAIN_MS = 200;
/** Few enough for the aggregator's limit: three messages each, and signs of life. */
const EXECUTIONS_PER_MINUTE = 12;
/** Executions of the past, so that something is there at once. */
const EARLIER_EXECUTIONS = 10;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Runs the demonstration until a signal; resolves with the exit code. `because` is a sentence for the log. */
export async function demonstrate(env: Environment, because: string): Promise<number> {
  const { settings } = readSettings(env);
  if (settings.isBrokerNamed) requireThisMachine(settings.nats.servers);
  const log = createLog({ ...settings.log, hidesErrorTexts: true });
  log.info(`DEMONSTRATION: ${because}`);
  log.info('DEMONSTRATION: a simulated node with invented tasks; nothing leaves this machine');
  return untilSignal({
    log,
    ready: 'DEMONSTRATION ready: open both pages; tasks appear every few seconds; stop with Ctrl-C',
    stopping: 'ending the simulated node and the aggregator, and removing their files',
    make: (fatal) => new Demonstration(env, log, fatal),
  });
}

/** Invented tasks must not reach a real federation. */
function requireThisMachine(servers: readonly string[]): void {
  const elsewhere = servers.find((server) => !LOOPBACK.test(new URL(server).hostname));
  if (elsewhere === undefined) return;
  throw new CodedError(
    'settings_invalid',
    `FEDERATION_NATS_URL leads to ${new URL(elsewhere).host}: a demonstration sends invented tasks, so it uses a broker of this machine only. Leave it unset, or run the agent without --demo.`,
  );
}

/** The whole: the aggregator, the node, the agent, started in this order. */
class Demonstration implements Part {
  readonly #env: Environment;
  readonly #log: LossyLog;
  readonly #fatal: (error: CodedError) => void;
  readonly #started = new AsyncDisposableStack();
  readonly #folder = mkdtempSync(join(tmpdir(), 'agent-demonstration-'));
  #aggregator: ChildProgram | null = null;

  constructor(env: Environment, log: LossyLog, fatal: (error: CodedError) => void) {
    this.#env = env;
    this.#log = log;
    this.#fatal = fatal;
  }

  async start(): Promise<void> {
    this.#started.defer(() => rmSync(this.#folder, { recursive: true, force: true }));
    const named = (this.#env['FEDERATION_NATS_URL'] ?? '').trim();
    const brokerUrl = named === '' ? await this.#startAggregator() : named;
    const node = this.#makeNode();
    await startAt(this.#started, node);
    const [files] = node.settings;
    const { settings } = readSettings({
      ...this.#env,
      FEDERATION_NATS_URL: brokerUrl,
      ...files,
      AGENT_OUTCOME_WAIT: '2000',
      DB_PATH: join(this.#folder, 'agent.db'),
      HOST,
      PORT: String(await freePortFrom(HOST, AGENT_PORT)),
    });
    const agent = createAgent(settings, { log: this.#log, fatal: this.#fatal, isDemonstration: true });
    const { url } = await startAt(this.#started, agent);
    this.#log.info(`DEMONSTRATION: the agent's page: ${url}`);
  }

  stop(): Promise<void> {
    return this.#started.disposeAsync();
  }

  kill(): void {
    this.#aggregator?.kill();
  }

  #makeNode(): NodeSim {
    return new NodeSim(
      {
        folder: join(this.#folder, 'node'),
        seed: systemClock.nowMs(),
        nodes: 1,
        ratePerMinute: EXECUTIONS_PER_MINUTE,
        tasks: Infinity,
        history: EARLIER_EXECUTIONS,
        faults: [],
        inputCharacters: 300,
      },
      {
        clock: systemClock,
        timers: systemTimers,
        ended: () => undefined,
        failed: (error) => {
          this.#log.error('DEMONSTRATION: the files of the simulated node cannot be written', { error });
          this.#fatal(new CodedError('demonstration_failed', 'The simulated node ended.'));
        },
      },
    );
  }

  /** Starts an aggregator with its broker; resolves with the broker's address. */
  async #startAggregator(): Promise<string> {
    const httpPort = await freePortFrom(HOST, FIRST_PORT);
    const brokerPort = await freePortFrom(HOST, FIRST_BROKER_PORT);
    const [, main = ''] = process.argv;
    const { PATH = '', HOME = '', NATS_SERVER_BIN, NODE_COMPILE_CACHE } = this.#env;
    const aggregator = new ChildProgram({
      words: ['--max-semi-space-size=8', main, 'serve'],
      env: {
        PATH,
        HOME,
        ...(NATS_SERVER_BIN === undefined ? {} : { NATS_SERVER_BIN }),
        ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }),
        DB_PATH: join(this.#folder, 'aggregator.db'),
        HTTP_HOST: HOST,
        HTTP_PORT: String(httpPort),
        EMBEDDED_NATS: 'on',
        EMBEDDED_NATS_PORT: String(brokerPort),
        EMBEDDED_NATS_WS_PORT: '0',
        // A person who watches does not wait half a minute.
        PUBLISH_INTERVAL: '3000',
        PRIVACY_MIN_CELL: '1',
      },
      ended: (output) => {
        this.#log.error('DEMONSTRATION: the aggregator ended', { output });
        this.#fatal(new CodedError('demonstration_failed', 'The aggregator of the demonstration ended.'));
      },
    });
    this.#aggregator = aggregator;
    await startAt(this.#started, aggregator);
    const url = `http://${HOST}:${httpPort}`;
    await waitUntilReady(url);
    this.#log.info(`DEMONSTRATION: the aggregator's page: ${url}`);
    return `nats://${HOST}:${brokerPort}`;
  }
}

async function waitUntilReady(url: string): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + READY_MS;
  while (systemClock.monotonicMs() < deadlineMs) {
    const answer = await getText(`${url}/readyz`, 1_000).catch(() => null);
    if (answer?.status === 200) return;
    await delay(ASK_AGAIN_MS);
  }
  throw new CodedError(
    'demonstration_failed',
    `The aggregator of the demonstration was not ready within ${READY_MS / 1000} s.`,
  );
}
