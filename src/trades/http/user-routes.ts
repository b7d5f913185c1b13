// The discouraged registration of exchange accounts in plain text, as an earlier program had it. It is off unless the
// operator allows it. Nothing here keeps, repeats or logs what a client sent.

import type { FastifyInstance, FastifyReply } from 'fastify';
import { refuse, refuseWith, sendJson } from '../../http/answers.ts';
import {
  decodeRegistration,
  EMPTY_SUMMARY,
  type PlainRegistration,
  type UserMetrics,
  type UserSummary,
} from '../domain/registration.ts';
import * as schemas from './schemas.ts';

/** Maximum size of the body of a registration; a secret can be a key file. */
export const REGISTRATION_BYTES_MAX = 20_000;

/** Why a registration was not taken, with its HTTP status; `reason` is a sentence of the program. */
export interface RegistrationRefusal {
  readonly status: 400 | 403 | 409 | 429 | 503;
  readonly code: string;
  readonly reason: string;
}

/** Accounts that were registered in plain text, at the enclave that polls them. */
export interface Registrations {
  /** Null if it was taken. */
  register(registration: PlainRegistration): Promise<RegistrationRefusal | null>;
  /** Ends the polling of a user's account, which it does too for an unknown user. Null if that is done. */
  remove(userId: string): Promise<RegistrationRefusal | null>;
  /** Empty for an unknown user. */
  metrics(userId: string): Promise<readonly UserMetrics[] | RegistrationRefusal>;
  /** Null for an unknown user. */
  summary(userId: string): Promise<UserSummary | RegistrationRefusal | null>;
}

/** What the routes need from the program. */
export interface UserRouteParts {
  readonly allowsPlainRegistration: boolean;
  /** Null if no enclave belongs to this service. */
  readonly registrations: Registrations | null;
}

interface UserParams {
  readonly Params: { readonly id: string };
}

const OFF =
  'Registration in plain text is off, because exchange keys would cross the network and this service unencrypted: ' +
  'revoke a key that you sent here. To register, encrypt the keys for the enclave; ' +
  'ALLOW_PLAINTEXT_REGISTRATION=true allows plain text all the same.';
const NO_ENCLAVE =
  'No enclave belongs to this service, so no exchange account can be registered or removed; jobs work without one.';

/** Adds the routes. */
export function addUserRoutes(app: FastifyInstance, parts: UserRouteParts): void {
  const { registrations } = parts;
  app.addHook('onRequest', (request, reply, done) => {
    // The body is not read: nothing of it may come near the program.
    if (!parts.allowsPlainRegistration && request.routeOptions.url?.startsWith('/users') === true)
      refuseWith(reply, 403, 'plaintext_off', OFF);
    else done();
  });
  const options = { bodyLimit: REGISTRATION_BYTES_MAX, schema: schemas.REGISTERED };
  app.post('/users', options, async (request, reply) => {
    const decoded = decodeRegistration(request.body);
    if ('fault' in decoded) return refuse(reply, 'bad_request', decoded.fault);
    if (registrations === null) return noEnclave(reply);
    const refusal = await registrations.register(decoded);
    return refusal === null ? succeed(reply, 'The account is registered') : passOn(reply, refusal);
  });
  app.delete<UserParams>('/users/:id', { schema: schemas.REMOVED }, async (request, reply) => {
    if (registrations === null) return noEnclave(reply);
    const refusal = await registrations.remove(request.params.id);
    return refusal === null ? succeed(reply, 'The account is removed') : passOn(reply, refusal);
  });
  app.get<UserParams>('/users/:id/metrics', { schema: schemas.USER_METRICS }, async (request, reply) => {
    const metrics = (await registrations?.metrics(request.params.id)) ?? [];
    if ('status' in metrics) return passOn(reply, metrics);
    return sendJson(reply, JSON.stringify({ metrics }));
  });
  app.get<UserParams>('/users/:id/summary', { schema: schemas.USER_SUMMARY }, async (request, reply) => {
    const summary = (await registrations?.summary(request.params.id)) ?? EMPTY_SUMMARY;
    if ('status' in summary) return passOn(reply, summary);
    return sendJson(reply, JSON.stringify({ summary }));
  });
}

function succeed(reply: FastifyReply, message: string): FastifyReply {
  return sendJson(reply, JSON.stringify({ success: true, message }));
}

function passOn(reply: FastifyReply, { status, code, reason }: RegistrationRefusal): FastifyReply {
  return refuseWith(reply, status, code, reason);
}

function noEnclave(reply: FastifyReply): FastifyReply {
  return refuseWith(reply, 503, 'no_enclave', NO_ENCLAVE);
}
