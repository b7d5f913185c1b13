// The main thread's regular work with the numbers: the tick, every interval once the source has caught up, and the
// audit, once an hour. It gives each what it needs, and reports the result.

import type { Settings } from '../config/settings.ts';
import { auditWorkerUrl } from './files.ts';
import type { Known } from './known.ts';
import type { Log } from '../../io/log.ts';
import { systemClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Part } from '../../lib/part.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { StatisticsMessage } from '../sinks/payload.ts';
import { Ticker } from '../sinks/ticker.ts';
import type { TickStatistics } from '../domain/statistics.ts';
import { Auditor } from '../workers/auditor.ts';
import type { AuditReport } from '../workers/audit.ts';
import type { WorkerPool } from '../../workers/pool.ts';
import type { RefusedReads } from '../../workers/refused-reads.ts';
import type { FederationQuestions } from '../workers/questions.ts';

/**
 * Time between two audits, and before the first. Each reads all rows, so it must be rare, and must not run while a
 * start is busy.
 */
const AUDIT_INTERVAL_MS = 3_600_000;

/** What the tick and the audit need of the main thread. */
export interface TickAndAuditParts {
  readonly log: Log;
  readonly known: Known;
  readonly pool: Pick<WorkerPool<FederationQuestions>, 'ask'>;
  readonly metrics: Pick<Metrics, 'tick' | 'published' | 'audited'>;
  readonly refusedReads: Pick<RefusedReads, 'answered' | 'refused'>;
  /** Publishes the messages; false if the broker is away. */
  publish(messages: readonly StatisticsMessage[]): Promise<boolean>;
  /** Called with the number of differences that an audit found. */
  audited(drift: number): void;
  /** Sends the tick's rows to the writer. */
  store(tick: TickStatistics): void;
  /** Time between two audits; only tests set it. */
  readonly auditIntervalMs?: number | undefined;
}

/** The ticker and the auditor as one part. */
export interface TickAndAudit extends Part {
  /** Must be called when the source has caught up; the first call starts the ticks. */
  caughtUp(): void;
}

/** Makes the ticker and the auditor. */
export function createTickAndAudit(settings: Settings, parts: TickAndAuditParts): TickAndAudit {
  // In a cluster the publisher ticks for all (src/federation/cluster/cluster-ticker.ts).
  const ticker = settings.cluster === null ? createTicker(settings, parts) : null;
  const auditor = createAuditor(settings, parts);
  return {
    start: () => auditor.start(),
    caughtUp: () => ticker?.start(),
    async stop() {
      await Promise.all([ticker?.stop(), auditor.stop()]);
    },
  };
}

function createTicker(settings: Settings, parts: TickAndAuditParts): Ticker {
  const { log, known, pool, metrics } = parts;
  return new Ticker(
    {
      intervalMs: settings.publish.intervalMs,
      publishes: settings.publish.enabled,
      aggregatorId: known.aggregatorId,
    },
    {
      readStatistics: (nowMs) => pool.ask('statistics', { nowMs }),
      readGeography: () => pool.ask('geography', { minimum: settings.privacyMinCell }),
      publish: parts.publish,
      store: parts.store,
      done(tick, seconds, published) {
        const startedAtMs = systemClock.monotonicMs() - seconds * 1000;
        known.ticked(tick, startedAtMs);
        metrics.tick(seconds);
        if (published) metrics.published(startedAtMs);
        log.debug('tick: statistics made', { seconds, published });
      },
      failed: (error) =>
        warnOfQuestion(log, 'tick: no statistics this time, the next tick tries again', error),
      isCaughtUp: () => known.isCaughtUp,
      nowMs: systemClock.nowMs,
      monotonicMs: systemClock.monotonicMs,
    },
  );
}

function createAuditor(settings: Settings, parts: TickAndAuditParts): Auditor {
  const { log, known, metrics, refusedReads } = parts;
  return new Auditor(
    {
      workerUrl: auditWorkerUrl,
      databasePath: settings.databasePath,
      intervalMs: parts.auditIntervalMs ?? AUDIT_INTERVAL_MS,
    },
    {
      done(report) {
        refusedReads.answered('audit');
        known.audited(report.drift);
        metrics.audited(report.drift, systemClock.monotonicMs());
        parts.audited(report.drift);
        if (report.drift > 0) log.error(describeDrift(report));
        else log.debug('audit: all equal');
      },
      refused: (sentence) => refusedReads.refused('audit', sentence),
      failed: (error) => log.warn('audit: it was not made, the next one tries again', { error }),
    },
  );
}

function describeDrift({ drift, checks }: AuditReport): string {
  const found = checks.filter(({ differing }) => differing > 0);
  const what = found.map(({ name, differing }) => `${name}: ${differing}`).join(', ');
  return `audit: ${drift} differ (${what}), which is a defect of the program; please report it`;
}

/** Logs that a question to the pool failed. Refusals by the database are logged by `RefusedReads`, once. */
export function warnOfQuestion(log: Pick<Log, 'warn'>, sentence: string, error: unknown): void {
  if (!(error instanceof CodedError && error.code === 'database_unusable')) log.warn(sentence, { error });
}
