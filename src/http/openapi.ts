// `/api/openapi.json`: made from the descriptions that stand beside the routes, so that a route cannot be there without
// one and none can be described that is not there.

import type { FastifyInstance } from 'fastify';
import { programVersion } from '../lib/version.ts';
import { sendTagged } from './answers.ts';
import { errorSchema, type Schema } from './schema.ts';
import { tagged } from './shared-answers.ts';

/** A query or path parameter. */
export interface Parameter {
  readonly name: string;
  readonly in?: 'query' | 'path';
  readonly description: string;
  readonly schema: Schema;
}

/** What a route is for. */
export interface RouteDescription {
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  /** Of the answer 200. */
  readonly answer: Schema;
  /** Of the answer 200; JSON if absent. */
  readonly contentType?: string;
  /** Answered with an entity tag, and with 304 to who has it already. */
  readonly tagged?: boolean;
  /** Statuses that the rest does not tell, each with the schema of its body. */
  readonly otherwise?: Readonly<Record<number, Schema>>;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    describes?: RouteDescription;
  }
}

/** What the document says of the whole. */
export interface ApiDescription {
  readonly title: string;
  readonly description: string;
  /** The codes of refusals that are the program's own. */
  readonly codes: readonly string[];
}

/** Collects the descriptions of all routes that are added after it; call the function returned to add the address. */
export function collectDescriptions(app: FastifyInstance, api: ApiDescription): () => void {
  const error = errorSchema(api.codes);
  const paths: Record<string, Schema> = {};
  app.addHook('onRoute', ({ method, url, config }) => {
    const described = config?.describes;
    if (described === undefined || method !== 'GET') return;
    paths[url.replace(/:([a-zA-Z]+)/g, '{$1}')] = { get: operation(url, described, error) };
  });
  return () => {
    const document = {
      openapi: '3.1.0',
      info: { title: api.title, version: programVersion(), description: api.description },
      // Beside this document's own folder: behind a reverse proxy that need not be the root of the host.
      servers: [{ url: '..' }],
      paths,
      components: { securitySchemes: { bearer: BEARER } },
    };
    const answer = tagged(JSON.stringify(document));
    app.get('/api/openapi.json', (request, reply) => sendTagged(request, reply, answer));
  };
}

function operation(url: string, described: RouteDescription, error: Schema): Schema {
  const json = (schema: Schema) => ({ 'application/json': { schema } });
  const content =
    described.contentType === undefined
      ? json(described.answer)
      : { [described.contentType]: { schema: described.answer } };
  const { parameters = [], tagged: isTagged = false } = described;
  const headers = isTagged && { headers: { ETag: ETAG } };
  const isGuarded = url.startsWith('/api/');
  const refusals = {
    // Only a parameter can be wrong in a request for a route.
    ...(parameters.length > 0 && { 400: error }),
    ...(isGuarded && { 401: error, 403: error }),
    ...described.otherwise,
  };
  return {
    summary: described.summary,
    ...(isGuarded && { security: KEY_OR_NONE }),
    parameters: parameters.map(({ name, in: place = 'query', description, schema }) => ({
      name,
      in: place,
      required: place === 'path',
      description,
      schema,
    })),
    responses: {
      200: { description: described.summary, ...headers, content },
      ...(isTagged && { 304: { description: 'What If-None-Match names is still the answer', ...headers } }),
      ...Object.fromEntries(
        Object.entries(refusals).map(([status, schema]) => [
          status,
          { description: STATUS_TEXTS[status] ?? 'Refused', content: json(schema) },
        ]),
      ),
    },
  };
}

const BEARER = {
  type: 'http',
  scheme: 'bearer',
  description: 'An API key with the permission subscribe; asked for with API_AUTH=required',
};
/** The document is the same whatever API_AUTH is. */
const KEY_OR_NONE = [{}, { bearer: [] }];
const ETAG = { description: 'For If-None-Match', schema: { type: 'string' } };

const STATUS_TEXTS: Readonly<Record<string, string>> = {
  400: 'The request cannot be read',
  401: 'With API_AUTH=required: no API key, or none in force',
  403: 'With API_AUTH=required: an API key without the permission subscribe',
  404: 'There is nothing at this address',
  503: 'Not now; for queries the header Retry-After says when',
};
