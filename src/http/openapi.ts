// `/api/openapi.json`: @fastify/swagger makes it from the schemas that check the routes. This file adds the facts that
// hold for all routes: the meaning of each status, and which routes need a key. A route without a schema is not listed.

import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { programVersion } from '../lib/version.ts';
import { type ErrorShape, sendTagged } from './answers.ts';
import { mayNeedKey } from './guarded-paths.ts';
import { errorSchema, type Schema } from './schema.ts';
import { tagged } from './shared-answers.ts';

/** The parts of the document that describe the whole API. */
export interface ApiDescription {
  readonly title: string;
  readonly description: string;
  /** The program's own error codes. */
  readonly codes: readonly string[];
  /** The shape of all refusals; `nested` if absent. */
  readonly errorShape?: ErrorShape;
  /** True if the API and the badges may need an API key. */
  readonly hasKeys: boolean;
  /** True if pages of every origin may read the API. */
  readonly anyOrigin: boolean;
}

/** The bodies of an answer with an entity tag: a client that already has the answer gets a 304 without a body. */
export function unlessUnchanged(answer: Schema) {
  return { 200: answer, 304: { type: 'null' } } as const;
}

/** Describes all routes that are added after the plugin is loaded. */
export function describeRoutes(app: FastifyInstance, api: ApiDescription): void {
  const error = errorSchema(api.codes, api.errorShape);
  void app.register(swagger, {
    stripBasePath: false,
    openapi: {
      openapi: '3.1.0',
      info: { title: api.title, version: programVersion(), description: api.description },
      // Relative to this document's own folder, because a reverse proxy may serve the API below the root of its host.
      servers: [{ url: '..' }],
      ...(api.hasKeys && { components: { securitySchemes: { bearer: BEARER } } }),
    },
    transform: ({ schema, url }) => ({
      url,
      schema:
        schema?.response === undefined
          ? { hide: true }
          : described(schema, api.hasKeys && mayNeedKey(url), error),
    }),
  });
}

/** Adds the route of the document. The document is made once, before the first request. */
export function addDocumentRoute(app: FastifyInstance): void {
  let answer = tagged('{}');
  app.addHook('onReady', (done) => {
    answer = tagged(JSON.stringify(app.swagger()));
    done();
  });
  app.get('/api/openapi.json', (request, reply) => sendTagged(request, reply, answer));
}

function described(schema: FastifySchema, isGuarded: boolean, error: Schema): FastifySchema {
  const hasBody = schema.body !== undefined;
  const canBeWrong = hasBody || schema.querystring !== undefined || schema.params !== undefined;
  const bodies: Readonly<Record<string, Schema>> = {
    ...(canBeWrong && { 400: error }),
    ...(isGuarded && { 401: error, 403: error }),
    ...(hasBody && { 413: error }),
    ...(schema.response as Readonly<Record<string, Schema>>),
  };
  const isTagged = '304' in bodies;
  const { summary = '', produces: [mediaType = JSON_TYPE] = [] } = schema;
  const answer = (status: string, body: Schema) => ({
    description: STATUS_TEXTS[status] ?? summary,
    // The plugin removes the description from a header object, so each answer needs a copy.
    ...(isTagged && /200|304/.test(status) && { headers: { ETag: { ...ETAG } } }),
    ...(status === '304'
      ? body
      : { content: { [status === '200' ? mediaType : JSON_TYPE]: { schema: body } } }),
  });
  const response = Object.entries(bodies).map(([status, body]) => [status, answer(status, body)]);
  return { ...schema, ...(isGuarded && { security: KEY_OR_NONE }), response: Object.fromEntries(response) };
}

const JSON_TYPE = 'application/json';
const ETAG = { type: 'string', description: 'For If-None-Match' };
const BEARER = {
  type: 'http',
  scheme: 'bearer',
  description: 'An API key with the permission subscribe; asked for with API_AUTH=required',
} as const;
/** The document is the same for every value of API_AUTH. */
const KEY_OR_NONE = [{}, { bearer: [] }];

const STATUS_TEXTS: Readonly<Record<string, string>> = {
  304: 'What If-None-Match names is still the answer',
  400: 'The request cannot be read',
  401: 'With API_AUTH=required: no API key, or none in force',
  403: 'With API_AUTH=required: an API key without the permission subscribe',
  404: 'There is nothing at this address',
  413: 'The body is too long',
  503: 'Not now; for queries the header Retry-After says when',
};
