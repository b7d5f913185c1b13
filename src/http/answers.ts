// How HTTP refuses a request: one JSON shape for each program, one list of codes, the same headers everywhere. A refusal
// never shows a stack trace and never repeats text that the client sent.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TaggedText } from './shared-answers.ts';

/** The error codes that every program can answer, each with its status; `docs/errors.md` lists them. */
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
  exports_full: 503,
} as const;

/** One of the codes of {@link HTTP_ERRORS}. */
export type HttpErrorCode = keyof typeof HTTP_ERRORS;

/**
 * The JSON body of a program's refusals. `nested`: `{"error":{"code":…,"message":…}}`. `flat`:
 * `{"error":"<message>","code":…}`.
 */
export type ErrorShape = 'nested' | 'flat';

declare module 'fastify' {
  interface FastifyInstance {
    /** The shape of all refusals of this server. */
    readonly errorShape: ErrorShape;
    /** The paths at which a request may become a WebSocket; `addUpgradeRoute` adds them. */
    readonly upgradePaths: Set<string>;
  }
}

/**
 * Headers of every answer. The browser guesses no media type, allows no frame, sends no referrer and loads nothing from
 * other hosts. Old browsers know only `x-frame-options`.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** The JSON body of a refusal. `more` are further members beside the error. */
export function errorBody(
  code: string,
  message: string,
  shape: ErrorShape = 'nested',
  more: Readonly<Record<string, unknown>> = {},
): string {
  const error = shape === 'flat' ? { error: message, code } : { error: { code, message } };
  return JSON.stringify({ ...error, ...more });
}

/** Sends a refusal with the status of its code, in the shape of the server. */
export function refuse(reply: FastifyReply, code: HttpErrorCode, message: string): FastifyReply {
  return refuseWith(reply, HTTP_ERRORS[code], code, message);
}

/** Sends a refusal with a code of the program, in the shape of the server. `more` are further members of the body. */
export function refuseWith(
  reply: FastifyReply,
  status: number,
  code: string,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
): FastifyReply {
  return sendJson(reply.code(status), errorBody(code, message, reply.server.errorShape, more));
}

/** The client sent something invalid. `code` may be a program's own; `message` repeats nothing that the client sent. */
export class BadRequest extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'BadRequest';
    this.code = code;
  }
}

/** Sends text that is already JSON. Without this header fastify would serialize the text a second time. */
export function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply.header('content-type', 'application/json; charset=utf-8').send(text);
}

/** Sends JSON text that the client may keep and revalidate: 304 without a body if the client already has it. */
export function sendTagged(
  request: FastifyRequest,
  reply: FastifyReply,
  { text, tag }: TaggedText,
): FastifyReply {
  reply.headers({ etag: tag, 'cache-control': 'no-cache' });
  if (hasTag(request.headers['if-none-match'], tag)) return reply.code(304).send();
  return sendJson(reply, text);
}

/**
 * True if the header `If-None-Match` names the tag. A weak tag counts too: a proxy that compressed the answer makes the
 * tag weak.
 */
export function hasTag(header: string | undefined, tag: string): boolean {
  return (header ?? '').split(',').some((candidate) => {
    const given = candidate.trim();
    return given === '*' || given.replace(/^W\//, '') === tag;
  });
}
