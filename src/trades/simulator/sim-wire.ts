// The border between the kernel of the simulated exchanges (server, faults, records) and the rules of one exchange. Types
// only.

import type { IncomingHttpHeaders } from 'node:http';
import type { ExchangeState, IdForms } from './exchange-state.ts';
import type { ExchangeName, Fault, Scenario, SimMarket } from './scenario.ts';

/** A request to the exchange. */
export interface SimRequest {
  /** From 1, in the order in which requests came. */
  readonly ordinal: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The query exactly as it came, without `?`: signatures cover it. */
  readonly queryText: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The body exactly as it came. */
  readonly body: string;
  /** The key that the request names, whether it exists or not; null without one. */
  readonly apiKey: string | null;
  /** Now by the exchange's clock, in ms. */
  readonly nowMs: number;
  /** What the rules note for the record. */
  readonly notes: {
    /** What it costs of the rate budget. */
    weight: number;
    nonce: string | null;
    /** The exchange's number or word of a refusal. */
    code: string | null;
  };
}

/** An answer. An object is sent as JSON, text as it is. */
export interface SimAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One address of the exchange. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  answer(request: SimRequest): SimAnswer;
}

/** What the rules of one exchange receive. */
export interface SimParts {
  readonly state: ExchangeState;
  /** Most rows of a page: the smaller of the exchange's own bound and the scenario's. */
  pageSize(exchangeMax: number): number;
  /** Open of the candle of a pair, for example `BNB/USDT`, that begins at an hour; null if there is none. */
  candleOpen(pair: string, hourMs: number): string | null;
  readonly scenario: Scenario;
}

/** The rules of one exchange at work. */
export interface ExchangeService {
  readonly routes: readonly Route[];
  /** Called for every request before its route: an answer here refuses it (a ban, a used budget). */
  gate(request: SimRequest): SimAnswer | null;
  /** How the exchange words a fault with a status: 429, 418, 403 or 500. */
  failure(fault: Fault, request: SimRequest): SimAnswer;
  /** For an address that it does not have. */
  unknownPath(request: SimRequest): SimAnswer;
  /** Headers of every answer. */
  headers(request: SimRequest): Readonly<Record<string, string>>;
}

/** The rules of one exchange. */
export interface ExchangeRules extends IdForms {
  readonly name: ExchangeName;
  /** Where it listens if nothing is said. */
  readonly port: number;
  /** Markets where the scenario has none. */
  readonly markets: readonly SimMarket[];
  /** The key that a request names; null without one. */
  apiKeyOf(headers: IncomingHttpHeaders): string | null;
  serve(parts: SimParts): ExchangeService;
}
