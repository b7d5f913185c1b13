// What probes and Prometheus read: `/livez`, `/readyz`, `/metrics`. Never behind an API key, and never a query.

import type { FastifyInstance } from 'fastify';
import { sendJson } from './answers.ts';
import { LIVEZ, type Schema } from './schema.ts';

/** What the health routes ask. */
export interface HealthParts {
  /** Whether the main loop turns. */
  live(): boolean;
  /** The body of `/readyz`; whether it says `ready` decides the status. */
  readiness(): { readonly status: 'ready' | 'not_ready' };
  /** Of that body. */
  readonly readinessSchema: Schema;
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Adds the routes. */
export function addHealthRoutes(app: FastifyInstance, parts: HealthParts): void {
  const livez = { summary: 'Whether the main loop turns', answer: LIVEZ, otherwise: { 503: LIVEZ } };
  app.get('/livez', { config: { describes: livez } }, (_request, reply) => {
    const live = parts.live();
    return sendJson(reply.code(live ? 200 : 503), JSON.stringify({ status: live ? 'ok' : 'not_live' }));
  });
  const answer = parts.readinessSchema;
  const readyz = { summary: 'Whether all is well, and why not', answer, otherwise: { 503: answer } };
  app.get('/readyz', { config: { describes: readyz } }, (_request, reply) => {
    const readiness = parts.readiness();
    return sendJson(reply.code(readiness.status === 'ready' ? 200 : 503), JSON.stringify(readiness));
  });
  const metrics = {
    summary: 'Metrics in the text format of Prometheus',
    contentType: 'text/plain',
    answer: { type: 'string' },
  };
  app.get('/metrics', { config: { describes: metrics } }, async (_request, reply) => {
    const { contentType, text } = await parts.metrics();
    return reply.header('content-type', contentType).send(text);
  });
}
