// A simulated exchange: an HTTP server on this machine alone that answers by the rules of one exchange, plays faults,
// and records every request. It knows no exchange.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { listenError } from '../../lib/listen-fault.ts';
import type { Part } from '../../lib/part.ts';
import { type Timer, type Timers, systemTimers } from '../../lib/timers.ts';
import { answerControl, CONTROL_PATH } from './control.ts';
import { ExchangeClock } from './exchange-clock.ts';
import { ExchangeState } from './exchange-state.ts';
import { FaultList } from './fault-list.ts';
import { Refusal } from './refusal.ts';
import { readFault, readFill } from './read-scenario.ts';
import { type RecordedRequest, type RequestCounts, RequestRecord } from './request-record.ts';
import type { Fault, FaultInput, FillInput, Scenario, SimFill, SimKey } from './scenario.ts';
import { readBody, repeated, send, sendHalf, shownQuery } from './sim-http.ts';
import type { ExchangeRules, ExchangeService, SimAnswer, SimRequest } from './sim-wire.ts';

/** Longest address of a request, in characters. */
const TARGET_MAX = 16_384;
const HOUR_MS = 3_600_000;

/** How a server is made. */
export interface ExchangeServerOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  readonly clock?: Pick<Clock, 'nowMs'>;
  readonly timers?: Pick<Timers, 'after'>;
}

/** A simulated exchange. After `stop` it cannot be started again. */
export class ExchangeServer implements Part<{ readonly url: string }> {
  readonly #options: ExchangeServerOptions;
  readonly #rules: ExchangeRules;
  readonly #scenario: Scenario;
  readonly #clock: ExchangeClock;
  readonly #timers: Pick<Timers, 'after'>;
  readonly #faults = new FaultList();
  readonly #record = new RequestRecord();
  readonly #state: ExchangeState;
  readonly #service: ExchangeService;
  readonly #server: Server;
  readonly #answersDue = new Set<Timer>();
  #url = '';
  /** By the exchange's clock: when the latest 429 or 418 allows requests again. */
  #limitedUntilMs = -Infinity;

  /** Errors: `settings_invalid` if the scenario does not fit the exchange's markets. */
  constructor(rules: ExchangeRules, scenario: Scenario, options: ExchangeServerOptions = {}) {
    this.#options = options;
    this.#rules = rules;
    this.#scenario = scenario;
    this.#timers = options.timers ?? systemTimers;
    this.#clock = new ExchangeClock(
      options.clock ?? systemClock,
      scenario.clockOffsetMs,
      scenario.clockSteps,
    );
    this.#state = new ExchangeState(scenario, rules.markets, rules);
    for (const fault of scenario.faults) this.#faults.add(fault);
    this.#service = rules.serve({
      state: this.#state,
      scenario,
      pageSize: (exchangeMax) => Math.min(exchangeMax, scenario.pageSizeMax),
      candleOpen: (pair, hourMs) => this.#candleOpen(pair, hourMs),
    });
    this.#server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
      void this.#take(request, response);
    });
  }

  /** Errors: `port_in_use`, `settings_invalid`, `listen_failed`. */
  async start(): Promise<{ readonly url: string }> {
    const { host = '127.0.0.1', port = 0 } = this.#options;
    const listening = Promise.withResolvers<void>();
    this.#server.once('error', listening.reject);
    this.#server.listen(port, host, listening.resolve);
    try {
      await listening.promise;
    } catch (error) {
      throw listenError(error, { host, port, hostSetting: '--host', portSetting: '--port' });
    }
    const { port: taken } = this.#server.address() as AddressInfo;
    this.#url = `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
    return { url: this.#url };
  }

  async stop(): Promise<void> {
    for (const timer of this.#answersDue) timer.cancel();
    this.#answersDue.clear();
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    this.#server.closeAllConnections();
    await closed.promise;
  }

  /** Where it listens, without a slash at the end; empty before the start. */
  get url(): string {
    return this.#url;
  }

  /** Now by the exchange's clock, in ms since 1970. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Counts over all requests so far. */
  counts(): RequestCounts {
    return this.#record.counts();
  }

  /** The latest requests after number `after`. */
  requests(after = 0): readonly RecordedRequest[] {
    return this.#record.latest(after);
  }

  /** The truth: all fills of an account, future and hidden ones too, in the order of time. */
  fills(account: string): readonly SimFill[] {
    return this.#state.account(account)?.fills ?? [];
  }

  /** Names of the accounts. */
  get accounts(): readonly string[] {
    return this.#state.accountNames;
  }

  /** Adds fills, which may lie in the past. Errors: `settings_invalid`. */
  addFills(account: string, fills: readonly FillInput[]): readonly SimFill[] {
    const read = fills.map((fill, index) => readFill(fill, `fills[${index}]`));
    return read.map((fill, index) => this.#state.addFill(account, fill, `fills[${index}]`));
  }

  /** Adds a fault; without `atRequest` and `at` the next request that fits meets it. Errors: `settings_invalid`. */
  addFault(fault: FaultInput): void {
    this.#faults.add(readFault(fault, 'fault'));
  }

  /** Forgets the faults that still wait. */
  clearFaults(): void {
    this.#faults.clear();
  }

  /** Makes the exchange's clock jump. */
  stepClock(byMs: number): void {
    this.#clock.stepBy(byMs);
  }

  /** Adds a key, or replaces the one with the same `apiKey`. */
  setKey(key: SimKey): void {
    this.#state.setKey(key);
  }

  /** Revokes a key from now on. False if it is unknown. */
  revokeKey(apiKey: string): boolean {
    const key = this.#state.key(apiKey);
    if (key === undefined) return false;
    this.#state.setKey({ ...key, revokedAtMs: this.#clock.nowMs() });
    return true;
  }

  #candleOpen(pair: string, hourMs: number): string | null {
    const hours = this.#scenario.candles.get(pair);
    const hour = Math.floor(hourMs / HOUR_MS) * HOUR_MS;
    return hours?.get(hour) ?? (hours?.has(hour) === true ? null : (hours?.get('*') ?? null));
  }

  async #take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = incoming.url ?? '/';
    const isControl = target.startsWith(CONTROL_PATH);
    const apiKey = isControl ? null : this.#rules.apiKeyOf(incoming.headers);
    const ordinal = isControl ? 0 : this.#record.open(apiKey);
    const body = target.length > TARGET_MAX ? null : await readBody(incoming);
    if (body === null) {
      if (!isControl) this.#record.close(ordinal, apiKey, {});
      response.destroy();
      return;
    }
    const [path = '/', ...rest] = target.split('?');
    const queryText = rest.join('?');
    if (isControl) {
      if (path === REDIRECT_TARGET) this.#record.noteRedirectFollowed();
      send(
        response,
        answerControl(this, incoming.method ?? 'GET', path, new URLSearchParams(queryText), body),
      );
      return;
    }
    this.#clock.beforeRequest(ordinal);
    const request: SimRequest = {
      ordinal,
      method: incoming.method ?? 'GET',
      path,
      queryText,
      query: new URLSearchParams(queryText),
      headers: incoming.headers,
      body,
      apiKey,
      nowMs: this.#clock.nowMs(),
      notes: { weight: 0, nonce: null, code: null },
    };
    this.#answer(request, response);
  }

  #answer(request: SimRequest, response: ServerResponse): void {
    const { ordinal, apiKey, path, notes, nowMs, method } = request;
    const query = shownQuery(request.query);
    if (nowMs < this.#limitedUntilMs) this.#record.noteWhileLimited();
    const fault = this.#faults.take(request);
    const kind = fault === null ? null : String(fault.kind);
    this.#record.keep({
      ordinal,
      atMs: nowMs,
      method,
      path,
      query,
      apiKey,
      nonce: null,
      weight: 0,
      code: null,
      fault: kind,
    });
    let isOpen = true;
    const close = (status: number | null) => {
      if (!isOpen) return;
      isOpen = false;
      this.#record.close(ordinal, apiKey, { status, ...notes });
    };
    response.once('close', () => close(null));
    if (fault?.kind === 'timeout') return;
    if (fault?.kind === 'reset') {
      response.socket?.resetAndDestroy();
      return;
    }
    const usual = this.#answerOf(request, fault);
    const answer = fault?.kind === 'repeat' ? repeated(usual) : usual;
    const headers = { ...this.#service.headers(request), ...answer.headers };
    this.#after(fault?.kind === 'slow' ? fault.delayMs : this.#scenario.latencyMs, () => {
      if (fault?.kind === 'cut') sendHalf(response, answer);
      else {
        close(answer.status);
        this.#noteLimit(answer, fault);
        send(response, { ...answer, headers });
      }
    });
  }

  /** The answer tells its client until when to wait. */
  #noteLimit({ status, headers }: SimAnswer, fault: Fault | null): void {
    if (status !== 429 && status !== 418) return;
    const afterMs = Number(headers?.['retry-after'] ?? 0) * 1000;
    this.#limitedUntilMs = Math.max(
      this.#limitedUntilMs,
      fault?.banUntilMs ?? -Infinity,
      this.#clock.nowMs() + afterMs,
    );
  }

  #after(delayMs: number, run: () => void): void {
    if (delayMs === 0) {
      run();
      return;
    }
    const timer = this.#timers.after(delayMs, () => {
      this.#answersDue.delete(timer);
      run();
    });
    this.#answersDue.add(timer);
  }

  #answerOf(request: SimRequest, fault: Fault | null): SimAnswer {
    const played = fault === null ? null : this.#played(fault, request);
    if (played !== null) return played;
    const refused = this.#service.gate(request);
    if (refused !== null) return refused;
    const route = this.#service.routes.find(
      ({ method, path }) => method === request.method && path === request.path,
    );
    if (route === undefined) return this.#service.unknownPath(request);
    try {
      return route.answer(request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      request.notes.code = error.code;
      return error.answer;
    }
  }

  /** The answer of a fault; null if the usual answer is spoilt on its way. */
  #played(fault: Fault, request: SimRequest): SimAnswer | null {
    switch (fault.kind) {
      case 429:
      case 418:
      case 403:
      case 500:
        return this.#service.failure(fault, request);
      case 'rubbish':
        return { status: 200, body: '<html><body>Service under maintenance</body></html>' };
      case 'redirect':
        return { status: 302, body: '', headers: { location: REDIRECT_TARGET } };
      case 'answer':
        return { status: fault.status, body: fault.body };
      case 'timeout':
      case 'reset':
      case 'cut':
      case 'slow':
      case 'repeat':
        return null;
    }
  }
}

/** Where the fault `redirect` leads: whoever follows it is counted. */
const REDIRECT_TARGET = `${CONTROL_PATH}redirected`;
