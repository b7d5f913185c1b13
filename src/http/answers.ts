// How HTTP says no: one JSON shape, one list of codes, the same headers everywhere. It never shows a stack trace and
// never repeats what the client sent.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TaggedText } from './shared-answers.ts';

/** The codes that an answer of every program can carry, each with its status; `docs/errors.md` lists them. */
export const HTTP_ERRORS = {
  bad_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  bad_time: 400,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  body_too_large: 413,
  headers_too_large: 431,
  internal: 500,
  worker_timeout: 503,
  database_unusable: 503,
  feed_full: 503,
} as const;

/** One of these codes. */
export type HttpErrorCode = keyof typeof HTTP_ERRORS;

/** Headers of every answer: nothing is guessed, framed, referred to or loaded from elsewhere. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** The body of an answer that says no. */
export function errorBody(code: string, message: string): string {
  return JSON.stringify({ error: { code, message } });
}

/** Answers no. */
export function refuse(reply: FastifyReply, code: HttpErrorCode, message: string): FastifyReply {
  return sendJson(reply.code(HTTP_ERRORS[code]), errorBody(code, message));
}

/** What a client sent is not as it must be; the code may be a program's own, and the message repeats nothing of it. */
export class BadRequest extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'BadRequest';
    this.code = code;
  }
}

/** Sends text that is JSON already; without it fastify would serialize a second time. */
export function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply.header('content-type', 'application/json; charset=utf-8').send(text);
}

/** Sends JSON text that the client may keep and ask for again: 304 without a body if it has it already. */
export function sendTagged(
  request: FastifyRequest,
  reply: FastifyReply,
  { text, tag }: TaggedText,
): FastifyReply {
  reply.headers({ etag: tag, 'cache-control': 'no-cache' });
  if (hasTag(request.headers['if-none-match'], tag)) return reply.code(304).send();
  return sendJson(reply, text);
}

/** Whether the header `If-None-Match` names the tag; a proxy that compressed the answer may have made it weak. */
export function hasTag(header: string | undefined, tag: string): boolean {
  return (header ?? '').split(',').some((candidate) => {
    const given = candidate.trim();
    return given === '*' || given.replace(/^W\//, '') === tag;
  });
}
