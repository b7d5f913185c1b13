// Makes the parts of the jobs from the settings: the job desk and the job WebSocket. It starts nothing.

import type { NodeActors } from '../../actors/node-actors.ts';
import type { Log } from '../../io/log.ts';
import { systemClock } from '../../lib/clock.ts';
import { systemTimers } from '../../lib/timers.ts';
import { programVersion } from '../../lib/version.ts';
import type { WorkerPool } from '../../workers/pool.ts';
import { JobActors } from '../actors/job-actors.ts';
import type { Settings } from '../config/settings.ts';
import type { Journal } from '../domain/facts.ts';
import type { EntryIds } from '../ingest/entry-ids.ts';
import { JobDesk } from '../ingest/job-desk.ts';
import type { DeskOutbox } from '../ingest/job-desk-parts.ts';
import type { SummarySigner } from '../sinks/signer.ts';
import { JOB_ANSWERS_BYTES_MAX, JOB_CONNECTIONS_MAX, JobSocket } from '../sources/job-socket.ts';
import type { SealQuestions } from '../workers/seal-questions.ts';

/** What the desk works with. */
export interface JobParts {
  readonly journal: Journal;
  readonly outbox: DeskOutbox;
  readonly entryIds: Pick<EntryIds, 'take'>;
  readonly actors: NodeActors;
  readonly sealPool: Pick<WorkerPool<SealQuestions>, 'ask'>;
  readonly signer: SummarySigner;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
}

/** Makes the desk. */
export function makeDesk(settings: Settings, { actors, sealPool, signer, ...parts }: JobParts): JobDesk {
  const { jobs, canonical, withMetadata, returnBasis } = settings;
  return new JobDesk(
    {
      jobsMax: jobs.jobsMax,
      jobTradesMax: jobs.tradesMax,
      jobTtlMs: jobs.ttlMs,
      heldBytesMax: jobs.heldBytesMax,
      hasTokens: jobs.hasTokens,
      connectorVersion: programVersion(),
      withMetadata,
      canonical,
      returnBasis,
    },
    {
      ...parts,
      seal: (request) => sealPool.ask('seal', request),
      sign: (text) => signer.sign(text),
      signingKeyId: () => signer.publicKey.kid,
      actors: new JobActors(actors),
      clock: systemClock,
      timers: systemTimers,
    },
  );
}

/** Makes the WebSocket of this desk's jobs. */
export function makeJobSocket({ listen }: Pick<Settings, 'listen'>, desk: JobDesk): JobSocket {
  return new JobSocket(
    {
      host: listen.host,
      port: listen.wsPort,
      hostSetting: 'AGGREGATOR_HOST',
      portSetting: 'AGGREGATOR_WS_PORT',
      connectionsMax: JOB_CONNECTIONS_MAX,
      unsentBytesMax: JOB_ANSWERS_BYTES_MAX,
    },
    { desk, clock: systemClock, timers: systemTimers },
  );
}
