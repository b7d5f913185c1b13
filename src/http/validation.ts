// How fastify's validator checks what a client sent, and how a refusal is told: in the words of the schema, never in those
// of the client. It converts nothing and leaves nothing out: what is not as its schema says is refused.

import type { FastifySchemaValidationError, FastifyServerOptions } from 'fastify';
import { BadRequest } from './answers.ts';
import { isTime, type Refusal } from './parameter.ts';

/** The options of a server whose routes have schemas. */
export const VALIDATION = {
  ajv: {
    customOptions: {
      coerceTypes: false,
      removeAdditional: false,
      // An error brings the schema that refused, which says how to tell it.
      verbose: true,
      keywords: ['x-refusal'],
    },
    onCreate: (ajv) => void ajv.addFormat('date-time', isTime),
  },
  schemaErrorFormatter: ([error], part) => refusalOf(error, part === 'body'),
} satisfies FastifyServerOptions;

type Refused = FastifySchemaValidationError & { readonly parentSchema?: { readonly 'x-refusal'?: Refusal } };

function refusalOf(error: Refused | undefined, isBody: boolean): BadRequest {
  const { code = 'bad_request', allowed = 'not as the description of the API says' } =
    error?.parentSchema?.['x-refusal'] ?? {};
  const name = nameOf(error);
  const subject = !isBody ? name : name === '' ? 'the body' : `the member ${name} of the body`;
  return new BadRequest(code, `${subject} is ${PREDICATES[error?.keyword ?? ''] ?? allowed}`);
}

const PREDICATES: Readonly<Record<string, string>> = {
  required: 'missing',
  additionalProperties: 'an object with a member that it may not have',
};

/** By its path through the schema: a path through the data can have names that a client chose. */
function nameOf(error: Refused | undefined): string {
  const path = (error?.schemaPath ?? '').matchAll(/\/properties\/([^/]+)/g);
  const missing = error?.params['missingProperty'];
  return [...path]
    .map(([, name]) => name)
    .concat(typeof missing === 'string' ? missing : [])
    .join('.');
}
