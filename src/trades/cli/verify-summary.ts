// `aggregator verify FILE`: says whether a saved summary is genuine, and whose it is. It trusts only the source of the
// keys.

import { readFileSync, statSync } from 'node:fs';
import { command } from '../../cli/command.ts';
import { flag, option } from '../../cli/command-line.ts';
import { noKeyIn, readKeySource } from '../../cli/key-source.ts';
import { print } from '../../cli/output.ts';
import { type Environment, fromCaller } from '../../config/environment.ts';
import { CodedError } from '../../lib/errors.ts';
import { ownHttpUrl } from '../config/own-url.ts';
import type { Provenance } from '../domain/facts.ts';
import { BODY_BYTES_MAX } from '../domain/read-summary.ts';
import { readVerificationKeys, type VerificationKeys } from '../domain/verification-key.ts';
import { type Genuine, type NotGenuine, verifySummary } from '../domain/verify-summary.ts';

/** The command `verify` with a file. */
export const verifySummaryCommand = command({
  about:
    'Says whether a file holds a genuine summary: the body of a request to /api/ingest. Prints whose it is, who signed it, its period and its digest. A file with two members of one name, or with a number that readers could understand in different ways, is not genuine.',
  operands: ['FILE'],
  options: {
    keys: option(
      'WHERE',
      'the public keys: an http(s) address or a file with a JWK set, or a PEM file; default /.well-known/aggregator/keys at AGGREGATOR_HOST and AGGREGATOR_PORT, else http://127.0.0.1:5000',
    ),
    json: flag('print JSON'),
  },
  exit: '0 genuine; 1 not genuine, or file or keys cannot be read; 2 usage.',
  async run({ values, operands: [file = ''] }, env) {
    const body = readBody(fromCaller(env, file));
    const verdict = verifySummary(body, await readKeys(values.keys, env));
    if (values.json) print(`${JSON.stringify(documentOf(verdict))}\n`);
    else if (verdict.kind === 'ok') print(textOf(verdict));
    else throw new CodedError('not_genuine', `Not genuine: ${verdict.reason}.`);
    return verdict.kind === 'ok' ? 0 : 1;
  },
});

function readBody(file: string): Uint8Array {
  try {
    if (statSync(file).size <= BODY_BYTES_MAX) return readFileSync(file);
  } catch (error) {
    throw new CodedError('not_found', `The file ${file} cannot be read.`, { cause: error });
  }
  throw new CodedError('not_genuine', `Not genuine: ${file} is longer than ${BODY_BYTES_MAX} bytes.`);
}

async function readKeys(given: string | undefined, env: Environment): Promise<VerificationKeys> {
  const source = await readKeySource(given, env, {
    url: () => ownHttpUrl(env),
    remedy: ': start the service, or name the keys with --keys',
  });
  const keys = readVerificationKeys(source.text);
  if (keys.size === 0) throw noKeyIn(source);
  return keys;
}

function documentOf(verdict: Genuine | NotGenuine) {
  if (verdict.kind !== 'ok') return { genuine: false, kind: verdict.kind, reason: verdict.reason };
  const { digest, keyId, provenance, canonical, payload } = verdict;
  return {
    genuine: true,
    digest,
    keyId,
    provenance,
    canonical,
    clientId: payload.client_id,
    exchange: payload.exchange,
    periodStart: payload.period_start,
    periodEnd: payload.period_end,
    hours: payload.hourly_buckets.length,
    trades: payload.totals.trades,
  };
}

const PROVENANCES: Readonly<Record<Provenance, string>> = {
  client_reported: 'client_reported: a client sent these trades to a job',
  polled: 'polled: the enclave read these trades from the exchange',
};

function textOf({ digest, keyId, provenance, payload }: Genuine): string {
  return `genuine: ${shown(payload.client_id)} on ${shown(payload.exchange)}, ${payload.period_start} to ${payload.period_end}
signed by   ${keyId}
provenance  ${provenance === null ? 'unknown: neither the summary nor the source of the key says it' : PROVENANCES[provenance]}
trades      ${payload.totals.trades} (buckets of an hour: ${payload.hourly_buckets.length})
digest      ${digest}
`;
}

/** Characters that a terminal would obey, or that show nothing, are replaced. */
function shown(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}
