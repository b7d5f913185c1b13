// Asks the aggregator over HTTP for its readiness, limits, counters, statistics and active nodes.

import { CodedError } from '../../lib/errors.ts';
import { getText } from '../../lib/http-get.ts';
import { parsePrometheusText } from '../../lib/prometheus-text.ts';
import type { Counters } from './counters.ts';
import { readCounters } from './counters.ts';
import type { AggregatorLimits } from './limits-check.ts';
import type { PublishedStatistics } from './publication.ts';
import { decodeStatistics } from './publication.ts';
import type { Period } from './vocabulary.ts';

/** The statistics of one period, as `/api/federation/network-stats` shows them. */
export interface ShownStatistics {
  readonly aggregatorId: string;
  readonly timestamp: string;
  /** False until the first tick (`awaiting_data`). */
  readonly isConnected: boolean;
  readonly data: PublishedStatistics;
}

/** The state of each active node, by node id. */
export type ActiveNodes = ReadonlyMap<string, 'online' | 'stale'>;

/** What an aggregator says about itself. */
export interface AboutAggregator {
  readonly version: string;
  readonly node: string;
  /** `jetstream` or `core`; empty if it does not say. */
  readonly mode: string;
}

/** The simulator's requests to an aggregator. */
export interface AggregatorClient {
  /** Null if the aggregator is ready, otherwise the reason that it gives. */
  notReadyBecause(): Promise<string | null>;
  limits(): Promise<AggregatorLimits>;
  about(): Promise<AboutAggregator>;
  counters(): Promise<Counters>;
  statistics(period: Period): Promise<ShownStatistics>;
  /** All nodes that are online or stale, except those in `except`. */
  activeNodes(except: ReadonlySet<string>): Promise<ActiveNodes>;
}

const REQUEST_TIMEOUT_MS = 10_000;
/** Maximum number of pages, 100 nodes each, in case the list never ends. */
const PAGES_MAX = 10_000;

type Json = Readonly<Record<string, unknown>>;

function toObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function toNumber(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Requests to one aggregator. Each throws `usage` if it gets no answer. */
interface Requests {
  /** Returns the answer whatever its status is. */
  ask(path: string): Promise<{ status: number; text: string }>;
  askText(path: string): Promise<string>;
  askJson(path: string): Promise<Json>;
}

function requestsTo(base: string, isOurs: boolean): Requests {
  async function ask(path: string): Promise<{ status: number; text: string }> {
    try {
      return await getText(base + path, REQUEST_TIMEOUT_MS, isOurs);
    } catch (error) {
      const hint = 'start the aggregator (./aggregator) or name it with --http URL';
      throw new CodedError('usage', `The aggregator does not answer at ${base}${path}: ${hint}.`, {
        cause: error,
      });
    }
  }

  async function askText(path: string): Promise<string> {
    const { status, text } = await ask(path);
    if (status === 200) return text;
    const hint =
      status === 401 || status === 403 ? 'API_AUTH must be open for a simulation' : 'is --http its address?';
    throw new CodedError('usage', `${base}${path} answered ${status}: ${hint}.`);
  }

  async function askJson(path: string): Promise<Json> {
    const text = await askText(path);
    try {
      return toObject(JSON.parse(text));
    } catch (error) {
      throw new CodedError('usage', `${base}${path} did not answer JSON: is --http its address?`, {
        cause: error,
      });
    }
  }

  return { ask, askText, askJson };
}

/**
 * Makes a client of the aggregator at `baseUrl` (`http://127.0.0.1:8080`). `isOurs` is true if the address comes from
 * the settings of this machine's aggregator. Each request throws `usage` if it fails.
 */
export function createAggregatorClient(baseUrl: string, isOurs = false): AggregatorClient {
  const { ask, askText, askJson } = requestsTo(baseUrl.replace(/\/+$/, ''), isOurs);

  async function nodesInState(state: 'online' | 'stale'): Promise<readonly string[]> {
    const ids: string[] = [];
    for (let page = 1, pages = 1; page <= Math.min(pages, PAGES_MAX); page += 1) {
      const answer = await askJson(`/api/federation/nodes?state=${state}&page=${page}`);
      pages = toNumber(answer['pages']);
      const nodes = Array.isArray(answer['nodes']) ? answer['nodes'] : [];
      ids.push(...nodes.map((node) => toText(toObject(node)['nodeId'])));
    }
    return ids;
  }

  return {
    async notReadyBecause() {
      const { status, text } = await ask('/readyz');
      return status === 200 ? null : text.slice(0, 500).trim() || `status ${status}`;
    },
    async limits() {
      const answer = await askJson('/api/federation/limits');
      return {
        ratePerMinute: toNumber(answer['ratePerMinute']),
        rateBurst: toNumber(answer['rateBurst']),
        globalPerSecond: toNumber(answer['globalPerSecond']),
        newNodesPerMinute: toNumber(answer['newNodesPerMinute']),
        maxNodes: toNumber(answer['maxNodes']),
      };
    },
    async about() {
      const samples = parsePrometheusText(await askText('/metrics'));
      const build = samples.find(({ name }) => name === 'aggregator_build_info')?.labels ?? {};
      const mode = samples.find(({ name, value }) => name === 'aggregator_ingest_mode' && value === 1);
      return {
        version: build['version'] ?? '',
        node: build['node'] ?? '',
        mode: mode?.labels['mode'] ?? '',
      };
    },
    async counters() {
      return readCounters(parsePrometheusText(await askText('/metrics')));
    },
    async statistics(period) {
      const { aggregatorId, timestamp, status, ...rest } = await askJson(
        `/api/federation/network-stats?period=${period}`,
      );
      const isConnected = status === 'connected';
      return {
        aggregatorId: toText(aggregatorId),
        timestamp: toText(timestamp),
        isConnected,
        data: decodeStatistics(rest),
      };
    },
    async activeNodes(except) {
      const nodes = new Map<string, 'online' | 'stale'>();
      for (const state of ['online', 'stale'] as const) {
        for (const nodeId of await nodesInState(state)) if (!except.has(nodeId)) nodes.set(nodeId, state);
      }
      return nodes;
    },
  };
}
