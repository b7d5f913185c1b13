// The answers that both ports give: `/livez`, `/readyz`, `/metrics`, `/stats`, `/health`. They are plain data, so that
// the miners' port, which is not a server of this folder, can send them too.

import { errorBody } from '../../http/answers.ts';
import {
  type HealthAnswer,
  type HealthParts,
  jsonAnswer,
  livezAnswer,
  metricsAnswer,
  readyzAnswer,
} from '../../http/health.ts';
import type { Readiness } from './readiness.ts';
import type { SharedStatistics } from './shared-statistics.ts';

/** What the answers need from the program. */
export interface MiningAnswerParts extends Pick<HealthParts, 'live' | 'metrics'> {
  readiness(): Readiness;
  readonly statistics: SharedStatistics;
  /** Called with the error of statistics that failed inside the program. */
  failed(error: unknown): void;
}

/** The answers; each call makes the answer of this moment. */
export interface MiningAnswers {
  readonly livez: () => HealthAnswer;
  readonly readyz: () => HealthAnswer;
  readonly metrics: () => Promise<HealthAnswer>;
  /** 500 with a JSON error if the statistics fail inside the program. */
  readonly stats: () => HealthAnswer;
  readonly health: () => HealthAnswer;
}

/** Makes the answers; both ports use the same ones, and so share the text of `/stats`. */
export function createMiningAnswers(parts: MiningAnswerParts): MiningAnswers {
  return {
    livez: () => livezAnswer(parts),
    readyz: () => readyzAnswer(parts),
    metrics: () => metricsAnswer(parts),
    stats: () => {
      try {
        return jsonAnswer(200, parts.statistics.latest().text());
      } catch (error) {
        parts.failed(error);
        const message = 'the request failed inside the aggregator, its log says why';
        return jsonAnswer(500, errorBody('internal', message));
      }
    },
    health: () => ({ status: 200, contentType: 'text/plain; charset=utf-8', body: 'OK' }),
  };
}
