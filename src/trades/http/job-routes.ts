// The jobs API: opens a job, shows it, and asks for its summary. Clients of an earlier program rely on every member and
// text. Nothing here knows how a job works.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { refuse, refuseWith, sendJson } from '../../http/answers.ts';
import { CodedError } from '../../lib/errors.ts';
import { unreachable } from '../../lib/unreachable.ts';
import type { JobRequest, JobView, OpenedJob, ProcessOutcome } from '../domain/job.ts';
import { jobAddress } from './job-address.ts';
import * as schemas from './schemas.ts';

/**
 * Silence on a connection that waits for `process`, in ms. Longer than a summary waits for the backend; other routes have
 * the server's shorter time.
 */
export const PROCESS_SILENCE_MS = 60_000;
/** `exchange` of a job whose body names none. */
const DEFAULT_EXCHANGE = 'mock';

/** The jobs, as their routes need them. */
export interface JobService {
  /** Errors: `too_many`. */
  open(request: JobRequest): OpenedJob;
  /** Whether a client with this token may use the job. */
  mayUse(jobId: string, token: string | null): 'yes' | 'unknown' | 'unauthenticated';
  /** Null if there is no such job. */
  view(jobId: string): JobView | null;
  /** Waits for the backend's answer for a bounded time. */
  process(jobId: string): Promise<ProcessOutcome> | 'unknown';
}

/** What the routes need from the program. */
export interface JobRouteParts {
  readonly jobs: JobService;
  /** The client of a job that names none. */
  readonly clientId: string;
  /** Port of the WebSocket at which jobs take trades. */
  wsPort(): number;
}

interface JobParams {
  readonly Params: { readonly id: string };
}

/** Adds the routes. */
export function addJobRoutes(app: FastifyInstance, parts: JobRouteParts): void {
  const { jobs } = parts;
  addOpenRoute(app, parts);
  app.get<JobParams>('/jobs/:id', { schema: schemas.SHOWN_JOB }, (request, reply) => {
    const jobId = permitted(request, reply, jobs);
    if (jobId === null) return reply;
    const view = jobs.view(jobId);
    return view === null ? notFound(reply) : sendJson(reply, jobText(jobId, view));
  });
  app.post<JobParams>('/jobs/:id/process', { schema: schemas.PROCESSED_JOB }, async (request, reply) => {
    const jobId = permitted(request, reply, jobs);
    if (jobId === null) return reply;
    request.raw.socket.setTimeout(PROCESS_SILENCE_MS);
    const outcome = await jobs.process(jobId);
    return outcome === 'unknown' ? notFound(reply) : sendOutcome(reply, outcome);
  });
}

function addOpenRoute(app: FastifyInstance, { jobs, clientId, wsPort }: JobRouteParts): void {
  app.post<{ Body: schemas.OpenBody }>('/jobs', { schema: schemas.OPENED_JOB }, (request, reply) => {
    const { client_id: client, exchange } = request.body ?? {};
    const wanted = { clientId: client ?? clientId, exchange: exchange ?? DEFAULT_EXCHANGE };
    let opened: OpenedJob;
    try {
      opened = jobs.open(wanted);
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'too_many') throw error;
      return refuseWith(reply.header('retry-after', '10'), 429, 'too_many_jobs', error.message);
    }
    const { jobId, token } = opened;
    const wsUrl = jobAddress({
      host: request.headers.host,
      forwardedProto: request.headers['x-forwarded-proto'],
      localAddress: request.socket.localAddress,
      port: wsPort(),
      jobId,
      token,
    });
    return sendJson(
      reply,
      JSON.stringify({ job_id: jobId, ws_url: wsUrl, ...(token !== null && { token }) }),
    );
  });
}

const BEARER = /^Bearer +([^ ]+) *$/i;

/** The id of the job if the client may use it; otherwise sends the refusal and returns null. */
function permitted(
  request: FastifyRequest<JobParams>,
  reply: FastifyReply,
  jobs: Pick<JobService, 'mayUse'>,
): string | null {
  const { id } = request.params;
  const token = BEARER.exec(request.headers.authorization ?? '')?.[1] ?? null;
  const answer = jobs.mayUse(id, token);
  if (answer === 'yes') return id;
  if (answer === 'unknown') {
    notFound(reply);
  } else {
    reply.header('www-authenticate', 'Bearer realm="aggregator"');
    refuse(reply, 'unauthenticated', 'this job needs its token: Authorization: Bearer <token>');
  }
  return null;
}

function notFound(reply: FastifyReply): FastifyReply {
  return refuse(reply, 'not_found', 'Job not found');
}

function jobText(jobId: string, { status, trades, result }: JobView): string {
  return JSON.stringify({
    job_id: jobId,
    status,
    trades_count: trades,
    ...(result !== null && { result }),
  });
}

function sendOutcome(reply: FastifyReply, outcome: ProcessOutcome): FastifyReply {
  switch (outcome.type) {
    case 'delivered':
      return sendJson(reply, JSON.stringify(outcome.result));
    case 'undelivered': {
      const { digest, backendError } = outcome;
      const message = 'The backend has not taken the summary';
      return refuseWith(reply, 502, 'not_ingested', message, { digest, backend_error: backendError });
    }
    case 'unsealed':
      return refuseWith(reply.header('retry-after', '5'), 503, 'not_sealed', outcome.reason);
    case 'unsealable':
      return refuseWith(reply, 409, 'wrong_state', outcome.reason);
    default:
      return unreachable(outcome);
  }
}
