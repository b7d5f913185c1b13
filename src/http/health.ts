// The answers for probes and Prometheus: `/livez`, `/readyz`, `/metrics`. They never need an API key and never run a
// query. A program that listens on a second port gives the same answers there.

import type { FastifyInstance, FastifyReply } from 'fastify';
import { LIVEZ, type Schema, TEXT } from './schema.ts';

/** What the health answers need from their program. */
export interface HealthParts {
  /** True while the main loop runs. */
  live(): boolean;
  /** The body of `/readyz`; its `status` decides the HTTP status. */
  readiness(): { readonly status: 'ready' | 'not_ready' };
  /** The schema of that body. */
  readonly readinessSchema: Schema;
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** An answer, ready to send by any server. */
export interface HealthAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** An answer with a text that is already JSON. */
export function jsonAnswer(status: number, body: string): HealthAnswer {
  return { status, contentType: 'application/json; charset=utf-8', body };
}

/** The answer to `/livez`: 200, or 503 while the main loop does not run. */
export function livezAnswer(parts: Pick<HealthParts, 'live'>): HealthAnswer {
  const live = parts.live();
  return jsonAnswer(live ? 200 : 503, JSON.stringify({ status: live ? 'ok' : 'not_live' }));
}

/** The answer to `/readyz`: 200 if ready, otherwise 503. */
export function readyzAnswer(parts: Pick<HealthParts, 'readiness'>): HealthAnswer {
  const readiness = parts.readiness();
  return jsonAnswer(readiness.status === 'ready' ? 200 : 503, JSON.stringify(readiness));
}

/** The answer to `/metrics`. */
export async function metricsAnswer(parts: Pick<HealthParts, 'metrics'>): Promise<HealthAnswer> {
  const { contentType, text } = await parts.metrics();
  return { status: 200, contentType, body: text };
}

/** Sends an answer as it is. */
export function sendAnswer(reply: FastifyReply, { status, contentType, body }: HealthAnswer): FastifyReply {
  return reply.code(status).header('content-type', contentType).send(body);
}

/** Adds the health routes. */
export function addHealthRoutes(app: FastifyInstance, parts: HealthParts): void {
  const livez = { summary: 'Whether the main loop turns', response: { 200: LIVEZ, 503: LIVEZ } };
  app.get('/livez', { schema: livez }, (_request, reply) => sendAnswer(reply, livezAnswer(parts)));
  const judgement = parts.readinessSchema;
  const readyz = {
    summary: 'Whether all is well, and why not',
    response: { 200: judgement, 503: judgement },
  };
  app.get('/readyz', { schema: readyz }, (_request, reply) => sendAnswer(reply, readyzAnswer(parts)));
  const metrics = {
    summary: 'Metrics in the text format of Prometheus',
    produces: ['text/plain'],
    response: { 200: TEXT },
  };
  app.get('/metrics', { schema: metrics }, async (_request, reply) =>
    sendAnswer(reply, await metricsAnswer(parts)),
  );
}
