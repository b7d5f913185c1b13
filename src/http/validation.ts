// Configures how fastify's validator checks requests and words its refusals: in the terms of the schema, never with
// text from the client. It converts nothing and drops nothing: it refuses input that differs from its schema.

import type { FastifySchemaValidationError, FastifyServerOptions } from 'fastify';
import { BadRequest } from './answers.ts';
import { isTime, type Refusal } from './parameter.ts';

/** Options for a server whose routes have schemas. */
export const VALIDATION: Pick<FastifyServerOptions, 'ajv' | 'schemaErrorFormatter'> = {
  ajv: {
    customOptions: {
      coerceTypes: false,
      removeAdditional: false,
      // With `verbose` an error carries the schema that failed, which holds the refusal.
      verbose: true,
      keywords: ['x-refusal'],
    },
    onCreate: (ajv) => void ajv.addFormat('date-time', isTime),
  },
  schemaErrorFormatter: ([error], part) => refusalOf(error, part === 'body'),
};

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

/**
 * The name of the refused part, from its path through the schema: a path through the data could contain names that a
 * client chose.
 */
function nameOf(error: Refused | undefined): string {
  const path = (error?.schemaPath ?? '').matchAll(/\/properties\/([^/]+)/g);
  const missing = error?.params['missingProperty'];
  return [...path]
    .map(([, name]) => name)
    .concat(typeof missing === 'string' ? missing : [])
    .join('.');
}
