// The routes for probes and Prometheus: `/livez`, `/readyz`, `/metrics`. They never need an API key and never run a
// query.

import type { FastifyInstance } from 'fastify';
import { sendJson } from './answers.ts';
import { LIVEZ, type Schema, TEXT } from './schema.ts';

/** What the health routes need from their program. */
export interface HealthParts {
  /** True while the main loop runs. */
  live(): boolean;
  /** The body of `/readyz`; its `status` decides the HTTP status. */
  readiness(): { readonly status: 'ready' | 'not_ready' };
  /** The schema of that body. */
  readonly readinessSchema: Schema;
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Adds the health routes. */
export function addHealthRoutes(app: FastifyInstance, parts: HealthParts): void {
  const livez = { summary: 'Whether the main loop turns', response: { 200: LIVEZ, 503: LIVEZ } };
  app.get('/livez', { schema: livez }, (_request, reply) => {
    const live = parts.live();
    return sendJson(reply.code(live ? 200 : 503), JSON.stringify({ status: live ? 'ok' : 'not_live' }));
  });
  const judgement = parts.readinessSchema;
  const readyz = {
    summary: 'Whether all is well, and why not',
    response: { 200: judgement, 503: judgement },
  };
  app.get('/readyz', { schema: readyz }, (_request, reply) => {
    const readiness = parts.readiness();
    return sendJson(reply.code(readiness.status === 'ready' ? 200 : 503), JSON.stringify(readiness));
  });
  const metrics = {
    summary: 'Metrics in the text format of Prometheus',
    produces: ['text/plain'],
    response: { 200: TEXT },
  };
  app.get('/metrics', { schema: metrics }, async (_request, reply) => {
    const { contentType, text } = await parts.metrics();
    return reply.header('content-type', contentType).send(text);
  });
}
