// The wire towards miners as a table: a request, and the answer to it byte by byte.

import { INFORMATION } from './door.ts';

/** The nine members of a submission as text, so that every digit is seen. */
export const PARAMS =
  '{"block_hash":"000abc","height":12345,"generation_signature":"9821beb3b34d9a3b30127c05f8d1e9006f8a02f565a3572145134bbe34d37a76","base_target":36650387592,"account_id":"99BC78ba577a95a11f1a344d4d2ae55f2f857b98","seed":"affeaffeaffeaffeaffeaffeaffeaffeaffeaffeaffeaffeaffeaffeaffeaffe","nonce":18446744073709551615,"compression":1,"raw_quality":9223372036854775808}';
const IN_ORDER = `[${Object.entries(JSON.parse(PARAMS) as Record<string, unknown>)
  .map(([name, value]) => {
    if (name === 'nonce') return '18446744073709551615';
    return name === 'raw_quality' ? '9223372036854775808' : JSON.stringify(value);
  })
  .join()}]`;

/** A request of a miner and what it gets. */
export interface GoldenRow {
  readonly name: string;
  readonly request: {
    readonly method?: string;
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Uint8Array;
  };
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const ACCEPTED = '{"raw_quality":9223372036854775808,"poc_time":134}';
const result = (id: string, value: string): string => `{"jsonrpc":"2.0","result":${value},"id":${id}}`;
const error = (id: string, code: number, message: string, data: object = {}): string =>
  `{"jsonrpc":"2.0","error":${JSON.stringify({ code, message, data: { ...data, reason: message } })},"id":${id}}`;
const invalid = (id: string, what: string): string =>
  error(id, -32600, `Invalid request: ${what}`, { error: what });
const submit = (envelope: string, params: string = PARAMS): string =>
  `{${envelope},"method":"submit_nonce","params":${params}}`;
const rpc = (name: string, body: string | Uint8Array, answer: string): GoldenRow => ({
  name,
  request: { body },
  status: 200,
  body: answer,
});
const ID_RULE = 'id must be a string, an unsigned 64-bit integer or null';
const U64_RULE = 'an integer from 0 to 18446744073709551615, without sign, fraction or exponent';
const DEEP = '['.repeat(100_000) + ']'.repeat(100_000);

const POLLS: readonly GoldenRow[] = [
  rpc('a poll', '{"jsonrpc":"2.0","id":1,"method":"get_mining_info","params":[]}', result('1', INFORMATION)),
  rpc(
    'a poll, members in another order',
    '{"jsonrpc":"2.0","method":"get_mining_info","params":{},"id":"a-1"}',
    result('"a-1"', INFORMATION),
  ),
  rpc('a poll with blanks', ' { "id" : 1 , "method" : "get_mining_info" } ', result('1', INFORMATION)),
  rpc('a poll without jsonrpc', '{"id":1,"method":"get_mining_info"}', result('1', INFORMATION)),
  rpc('a poll without id', '{"method":"get_mining_info"}', result('null', INFORMATION)),
  rpc(
    'a poll with an unknown member',
    '{"method":"get_mining_info","id":0,"x":[{}]}',
    result('0', INFORMATION),
  ),
  rpc(
    'a poll, the greatest id',
    '{"id":18446744073709551615,"method":"get_mining_info"}',
    result('18446744073709551615', INFORMATION),
  ),
  rpc(
    'a poll, an id one too great',
    '{"id":18446744073709551616,"method":"get_mining_info"}',
    result('null', INFORMATION),
  ),
  ...['-1', '-0', '1.0', '1e3', '1e999', 'true', '[1]', '{"a":1}', 'null', '{"rawJSON":"1"}'].map((id) =>
    rpc(`a poll, id ${id}`, `{"id":${id},"method":"get_mining_info"}`, result('null', INFORMATION)),
  ),
  rpc(
    'a poll, an id of text',
    '{"id":"\\u0000\\ud800é\\"</script>","method":"get_mining_info"}',
    result('"\\u0000\\ud800é\\"</script>"', INFORMATION),
  ),
  rpc('a poll, an id twice', '{"id":1,"id":2,"method":"get_mining_info"}', result('2', INFORMATION)),
  rpc('a poll of any jsonrpc', '{"jsonrpc":1,"id":1,"method":"get_mining_info"}', result('1', INFORMATION)),
];

const SUBMISSIONS: readonly GoldenRow[] = [
  rpc('a submission', submit('"jsonrpc":"2.0","id":7'), result('7', ACCEPTED)),
  rpc('a submission, params in order', submit('"jsonrpc":"2.0","id":"x"', IN_ORDER), result('"x"', ACCEPTED)),
  rpc('a submission, id null', submit('"jsonrpc":"2.0","id":null'), result('null', ACCEPTED)),
  rpc(
    'a submission, the greatest id',
    submit('"jsonrpc":"2.0","id":18446744073709551615'),
    result('18446744073709551615', ACCEPTED),
  ),
  rpc('a submission without jsonrpc', submit('"id":7'), invalid('7', 'jsonrpc must be a string, "2.0"')),
  rpc(
    'a submission, jsonrpc a number',
    submit('"jsonrpc":2.0,"id":7'),
    invalid('7', 'jsonrpc must be a string, "2.0"'),
  ),
  rpc(
    'a submission without id',
    submit('"jsonrpc":"2.0"'),
    invalid('null', `id is missing: it must be a string, an unsigned 64-bit integer or null`),
  ),
  ...['1.5', '-1', '18446744073709551616', 'false', '[]', '{}'].map((id) =>
    rpc(`a submission, id ${id}`, submit(`"jsonrpc":"2.0","id":${id}`), invalid('null', ID_RULE)),
  ),
  rpc(
    'a submission without params',
    '{"jsonrpc":"2.0","id":1,"method":"submit_nonce"}',
    invalid(
      '1',
      'params must be an object, or an array of block_hash, height, generation_signature, base_target, account_id, seed, nonce, compression, raw_quality',
    ),
  ),
  rpc(
    'a submission, a member missing',
    submit('"jsonrpc":"2.0","id":1', '{"block_hash":"a"}'),
    invalid('1', `height is missing: it must be ${U64_RULE}`),
  ),
  rpc(
    'a submission, a number too great',
    submit('"jsonrpc":"2.0","id":1', PARAMS.replace('18446744073709551615', '18446744073709551616')),
    invalid('1', `nonce must be ${U64_RULE}`),
  ),
  rpc(
    'a submission, a number out of range for a double',
    submit('"jsonrpc":"2.0","id":1', PARAMS.replace('12345', '1e999')),
    invalid('1', `height must be ${U64_RULE}`),
  ),
  rpc(
    'a submission, account with markup',
    submit('"jsonrpc":"2.0","id":1', PARAMS.replace(/"99BC\w*"/, '"<script>alert(1)</script>"')),
    invalid('1', 'account_id must be a string of 40 hexadecimal digits'),
  ),
  rpc(
    'a submission, base target 0',
    submit('"jsonrpc":"2.0","id":1', PARAMS.replace('36650387592', '0')),
    error('1', -32001, 'Invalid submission: base_target must be at least 1'),
  ),
];

const OTHER_RPC: readonly GoldenRow[] = [
  rpc(
    'an unknown method',
    '{"jsonrpc":"2.0","id":1,"method":"getblock"}',
    error('1', -32601, 'Method not found: getblock'),
  ),
  rpc(
    'an inherited name as a method',
    '{"jsonrpc":"2.0","id":1,"method":"__proto__"}',
    error('1', -32601, 'Method not found: __proto__'),
  ),
  rpc(
    'a long method',
    `{"id":1,"method":"${'m'.repeat(1000)}"}`,
    error('1', -32601, `Method not found: ${'m'.repeat(128)}…`),
  ),
  rpc('a method that is no string', '{"id":1,"method":1}', invalid('1', 'method must be a string')),
  rpc('no method', '{"id":1}', invalid('1', 'method must be a string')),
  rpc('a number as the request', '7', invalid('null', 'a request must be an object')),
  rpc('null as the request', 'null', invalid('null', 'a request must be an object')),
  rpc(
    'a batch',
    `[{"id":1,"method":"get_mining_info"},${submit('"jsonrpc":"2.0","id":2')},7]`,
    `[${result('1', INFORMATION)},${result('2', ACCEPTED)},${invalid('null', 'a request must be an object')}]`,
  ),
  rpc(
    'a batch of 100',
    `[${Array(100).fill('{"id":5,"method":"x"}').join()}]`,
    `[${Array(100)
      .fill(error('5', -32601, 'Method not found: x'))
      .join()}]`,
  ),
  rpc(
    'a batch of 101',
    `[${Array(101).fill('{"id":5,"method":"x"}').join()}]`,
    invalid('null', 'a batch has at most 100 requests'),
  ),
  rpc('an empty batch', '[]', invalid('null', 'the batch is empty')),
  rpc('a batch in a batch', '[[]]', `[${invalid('null', 'a request must be an object')}]`),
  rpc(
    'JSON of depth 100,000',
    DEEP,
    invalid('null', 'the request has too many values, or they are too deep'),
  ),
  rpc(
    'a million values',
    `[${'0,'.repeat(999_999)}0]`,
    invalid('null', 'the request has too many values, or they are too deep'),
  ),
];

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };
const plain = (name: string, request: GoldenRow['request'], status: number, body: string): GoldenRow => ({
  name,
  request,
  status,
  body,
  headers: TEXT,
});
const POLL = '{"id":1,"method":"get_mining_info"}';

const HTTP: readonly GoldenRow[] = [
  plain(
    'no content type',
    { body: POLL, headers: { 'content-type': '' } },
    415,
    'content-type must be application/json\n',
  ),
  plain(
    'another content type',
    { body: POLL, headers: { 'content-type': 'text/plain' } },
    415,
    'content-type must be application/json\n',
  ),
  {
    name: 'a content type with a charset',
    request: { body: POLL, headers: { 'content-type': 'Application/JSON; charset=utf-8' } },
    status: 200,
    body: result('1', INFORMATION),
    headers: { 'content-type': 'application/json' },
  },
  plain('no JSON', { body: '{"id":1' }, 400, 'the body is not JSON\n'),
  plain('an empty body', { body: '' }, 400, 'the body is not JSON\n'),
  plain('a NUL byte', { body: '{"id":"\u0000","method":"x"}' }, 400, 'the body is not JSON\n'),
  plain(
    'bytes that are no UTF-8',
    { body: Buffer.from('{"id":"é","method":"x"}', 'latin1') },
    400,
    'the body is not JSON\n',
  ),
  plain(
    'an array that is left open 100,000 times',
    { body: '['.repeat(100_000) },
    400,
    'the body is not JSON\n',
  ),
  plain('over 2 MiB', { body: `"${'x'.repeat(2_097_151)}"` }, 413, 'a request has at most 2097152 bytes\n'),
  rpc('exactly 2 MiB', `"${'x'.repeat(2_097_150)}"`, invalid('null', 'a request must be an object')),
  plain('an unknown path', { path: '/rpc', body: POLL }, 404, 'not found\n'),
  plain('an unknown path, read', { method: 'GET', path: '/favicon.ico' }, 404, 'not found\n'),
  plain('GET of the root', { method: 'GET' }, 405, 'method not allowed\n'),
  plain('PUT of the root', { method: 'PUT', body: POLL }, 405, 'method not allowed\n'),
  {
    name: 'the root with a query',
    request: { path: '/?a=1', body: POLL },
    status: 200,
    body: result('1', INFORMATION),
  },
  ...['http://door/', 'http://door', 'HTTPS://door:8080/?a=1'].map((path) => ({
    name: `the whole address ${path} as target`,
    request: { path, body: POLL },
    status: 200,
    body: result('1', INFORMATION),
  })),
  plain('the whole address of the health', { method: 'GET', path: 'http://door/health' }, 200, 'OK'),
  plain('the whole address of nothing', { path: 'http://door//', body: POLL }, 404, 'not found\n'),
  plain('POST of the health', { path: '/health' }, 405, 'method not allowed\n'),
  plain('the health', { method: 'GET', path: '/health' }, 200, 'OK'),
  {
    name: 'the statistics',
    request: { method: 'GET', path: '/stats' },
    status: 200,
    body: '{"uniqueMiners":0}',
    headers: { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' },
  },
  { name: 'a notification', request: { path: '/notify', body: '000abc' }, status: 204, body: '' },
  plain('a notification by GET', { method: 'GET', path: '/notify' }, 405, 'method not allowed\n'),
  plain(
    'a notification through a proxy',
    { path: '/notify', headers: { 'x-forwarded-for': '127.0.0.1' } },
    403,
    'only a node on this machine may notify\n',
  ),
  ...['/livez', '/readyz', '/metrics'].map((path) => ({
    name: path,
    request: { method: 'GET', path },
    status: 200,
    body: `${path}\n`,
  })),
  plain(
    'the metrics through a proxy',
    { method: 'GET', path: '/metrics', headers: { 'x-forwarded-for': '127.0.0.1' } },
    404,
    'not found\n',
  ),
];

/** Every row, without authentication. */
export const GOLDEN: readonly GoldenRow[] = [...POLLS, ...SUBMISSIONS, ...OTHER_RPC, ...HTTP];

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const REQUIRED = error('null', -32004, 'Authentication required');
const WRONG = error('null', -32005, 'Authentication invalid: the user name or the password is wrong');
const withAuth = (name: string, authorization: string | null, answer: string): GoldenRow => ({
  name,
  request: { body: POLL, headers: authorization === null ? {} : { authorization } },
  status: 200,
  body: answer,
});

/** Rows of a door that asks for the user `rig` with the password `pass:wörd`. */
export const GOLDEN_AUTH: readonly GoldenRow[] = [
  withAuth('no credentials', null, REQUIRED),
  withAuth('right credentials', basic('rig:pass:wörd'), result('1', INFORMATION)),
  withAuth(
    'right credentials, scheme in lower case',
    basic('rig:pass:wörd').replace('Basic', 'basic'),
    result('1', INFORMATION),
  ),
  withAuth('another password', basic('rig:pass:word'), WRONG),
  withAuth('a longer password', basic('rig:pass:wörd '), WRONG),
  withAuth('another user', basic('rog:pass:wörd'), WRONG),
  withAuth('another scheme', 'Bearer cmlnOnBhc3M6d8O2cmQ=', WRONG),
  withAuth('a scheme without credentials', 'Basic', WRONG),
  withAuth('no credentials, nothing', '', WRONG),
  plain('the health needs none', { method: 'GET', path: '/health' }, 200, 'OK'),
];
