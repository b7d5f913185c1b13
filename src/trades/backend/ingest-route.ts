// The route `POST /api/ingest`: reads the body as bytes, and words what became of it. Senders rely on its answers
// (docs/trades.md#the-reference-backend).

import type { FastifyInstance, FastifyReply } from 'fastify';
import { refuseWith, sendJson } from '../../http/answers.ts';
import { object, oneOf, TEXT } from '../../http/schema.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { BODY_BYTES_MAX } from '../domain/read-summary.ts';
import type { BodyRoom } from './body-room.ts';
import type { IntakeOutcome } from './intake.ts';
import type { RefusalCode } from './messages.ts';

/** What the route needs. */
export interface IngestRouteParts {
  readonly room: BodyRoom;
  take(body: Uint8Array, expectedDigest: string | null): Promise<IntakeOutcome>;
  /** Counts a request whose body was not read. */
  refusedUnread(outcome: 'busy' | 'body_too_large'): void;
}

/** Codes of this route's refusals, each with its status. */
export const INGEST_ERRORS = {
  bad_summary: 400,
  wrong_idempotency_key: 400,
  unknown_key: 401,
  wrong_signature: 401,
  clients_full: 503,
  busy: 503,
  keys_unavailable: 503,
  database_unusable: 503,
} as const;

const RECEIPT = object({ ok: { type: 'boolean', const: true }, digest: TEXT });
const REFUSAL = object({ error: TEXT, code: oneOf(Object.keys(INGEST_ERRORS)) });
const SCHEMA = {
  summary: 'Takes one signed summary: 200 when it is on the disk, 409 if it is there already',
  response: { 200: RECEIPT, 400: REFUSAL, 401: REFUSAL, 409: RECEIPT, 413: REFUSAL, 503: REFUSAL },
};

/** Seconds after which a refused summary is to be sent again. */
const RETRY_SECONDS = {
  clients_full: '300',
  busy: '1',
  keys_unavailable: '5',
  database_unusable: '10',
} as const;

/** Adds the route. Its parsers and hooks hold for no other route. */
export function addIngestRoute(app: FastifyInstance, parts: IngestRouteParts): void {
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body));
    scope.addHook('onRequest', (request, reply, next) => {
      // Whatever a sender calls the body, it is read as JSON; a malformed content type would be refused.
      request.raw.headers['content-type'] = 'application/json';
      const release = parts.room.take(request.headers['content-length']);
      if (release === null) {
        parts.refusedUnread('busy');
        void retryLater(reply.header('connection', 'close'), 'busy', 'too many summaries are being received');
        return;
      }
      reply.raw.once('close', release);
      next();
    });
    scope.addHook('onError', (_request, _reply, error, next) => {
      if (error.statusCode === 413) parts.refusedUnread('body_too_large');
      next();
    });
    scope.post<{ Body: Buffer | undefined }>(
      '/api/ingest',
      { schema: SCHEMA, bodyLimit: BODY_BYTES_MAX },
      async (request, reply) => {
        const key = request.headers['idempotency-key'];
        const expected = key === undefined ? null : String(key);
        return answer(reply, await parts.take(request.body ?? Buffer.alloc(0), expected));
      },
    );
    done();
  });
}

function answer(reply: FastifyReply, outcome: IntakeOutcome): FastifyReply {
  switch (outcome.type) {
    case 'stored':
      return sendJson(reply, receiptOf(outcome.digest));
    case 'repeated':
      return sendJson(reply.code(409), receiptOf(outcome.digest));
    case 'refused':
      return refuseFor(reply, outcome.code, outcome.sentence);
    case 'busy':
      return retryLater(reply, 'busy', 'too many summaries wait to be stored');
    case 'keys_unavailable':
      return retryLater(
        reply,
        'keys_unavailable',
        'the key is not known, and the list of keys cannot be read',
      );
    case 'unavailable':
      return retryLater(reply, 'database_unusable', 'the database takes nothing at the moment');
    default:
      return unreachable(outcome);
  }
}

function receiptOf(digest: string): string {
  return JSON.stringify({ ok: true, digest });
}

function refuseFor(reply: FastifyReply, code: RefusalCode, sentence: string): FastifyReply {
  if (code === 'clients_full') return retryLater(reply, code, sentence);
  return refuseWith(reply, INGEST_ERRORS[code], code, sentence);
}

function retryLater(reply: FastifyReply, code: keyof typeof RETRY_SECONDS, sentence: string): FastifyReply {
  return refuseWith(reply.header('retry-after', RETRY_SECONDS[code]), INGEST_ERRORS[code], code, sentence);
}
