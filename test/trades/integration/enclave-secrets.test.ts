// What users of exchange accounts plant is found nowhere: keys, secrets, tokens, signed addresses, symbols, prices, sizes and
// ids of fills are looked for in every log, metric, answer, file, command line, report and body, in what crosses the
// socket between the two processes, and after the end of the sessions in the enclave's memory.

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { HeapInspector, type InspectedHeap } from '../../support/inspected-heaps.ts';
import { MAIN } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { formsOf, Planted } from '../secrets/planted.ts';
import { fillsOf, type PlantedAccount, SecretsStage } from '../secrets/stage.ts';
import { ECHOES } from '../secrets/taps.ts';

const HOUR_MS = 3_600_000;
const PASSWORD = 'PLPASSWORD-93151-xyz';
const NAMED_SYMBOL = 'ZQXNAMED/USDT';
/** Never a secret's, and long enough to be found by nothing else. */
const UNSIGNED = ['signature=', 'X-MBX-APIKEY', 'x-bapi-sign', 'recvWindow='];

/** Answers that polls get too; registrations get all. */
const POLLED_ECHOES = ['rows', 'rows in a result'];

const valuesOf = ({ base, userId, apiKey, secret, prices, sizes, ids }: PlantedAccount) => [
  base,
  userId,
  apiKey,
  secret,
  ...prices,
  ...sizes,
  ...ids,
];

/** Texts of everything that can be asked of the programs, errors and what does not exist included. */
async function answersOf({ service, enclave, backend, accounts }: SecretsStage): Promise<string> {
  const [{ apiKey, base } = accounts[0] as PlantedAccount] = accounts;
  const paths = [
    '/metrics',
    '/readyz',
    '/livez',
    '/health',
    '/',
    '/api/openapi.json',
    '/.well-known/aggregator/keys',
  ];
  const pages = ['health', 'jobs', 'accounts?limit=200', 'outbox', 'buckets?client=1', 'clients', 'nothing'];
  const wrong = [
    `/${apiKey}`,
    `/enclave/summary/${apiKey}`,
    `/enclave/summary?token=${apiKey}`,
    `/users/x?${base}`,
  ];
  const asked: [string, RequestInit?][] = [
    ...[service, enclave, backend].flatMap((url) =>
      [...paths, ...wrong].map((path): [string] => [url + path]),
    ),
    ...pages.map((page): [string] => [`${service}/api/trades/${page}`]),
    ...['health', 'clients', 'client?client=1', 'summaries?client=1&page=1'].map((page): [string] => [
      `${backend}/api/ingest/${page}`,
    ]),
    [`${enclave}/enclave/summary`, { headers: { authorization: `Bearer ${apiKey}`, cookie: apiKey } }],
    [`${enclave}/enclave/session`, { method: 'DELETE', headers: { authorization: `Basic ${apiKey}` } }],
    [`${enclave}/enclave/submit_key`, { method: 'POST', body: JSON.stringify({ apiKey, secret: base }) }],
    [`${enclave}/enclave/submit_key`, { method: 'POST', body: `{"${apiKey}": ${base}` }],
    [
      `${service}/users`,
      { method: 'POST', body: `{"apiKey":"${apiKey}`, headers: { 'content-type': 'application/json' } },
    ],
    [`${service}/users`, { method: 'POST', body: apiKey, headers: { 'content-type': apiKey } }],
    [`${service}/jobs/${apiKey}`],
  ];
  const answers = await Promise.all(
    asked.map(async ([url, init]) => {
      const answer = await fetch(url, init);
      return `${JSON.stringify([...answer.headers])} ${await answer.text()}`;
    }),
  );
  return [...answers, await feedOf(service)].join('\n');
}

/** The beginning of the page's live feed. */
async function feedOf(service: string): Promise<string> {
  const ended = new AbortController();
  const answer = await fetch(`${service}/api/trades/events`, { signal: ended.signal });
  const piece = await answer.body?.getReader().read();
  ended.abort();
  return Buffer.from(piece?.value ?? []).toString();
}

/** The command lines of all processes, looked at until the command has ended. */
async function commandLines(running: Promise<unknown>): Promise<string> {
  const seen = new Set<string>();
  let isOver = false;
  void running.finally(() => (isOver = true));
  await until('the command', () => {
    for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        seen.add(readFileSync(`/proc/${id}/cmdline`, 'utf8'));
      } catch {
        // It has ended.
      }
    }
    return isOver;
  });
  return [...seen].join('\n');
}

function command(stage: SecretsStage, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const { folder } = stage.place;
    execFile(
      process.execPath,
      [MAIN, ...args],
      { cwd: folder, env: { AGGREGATOR_CALLED_FROM: folder } },
      (error, out, err) => (error === null ? resolve(out + err) : reject(new Error(`${out}${err}`))),
    );
  });
}

/** Every kind of answer that gives back what it got, to requests with a key. The answers of the enclave. */
async function echoAll(stage: SecretsStage): Promise<string> {
  const told: string[] = [];
  for (const [name, echo] of Object.entries(ECHOES)) {
    for (const tap of stage.taps.values()) tap.echo = echo;
    const refused = stage.accounts.map(async ({ exchange, apiKey, secret, base }) => {
      const sealed = {
        apiKey,
        secret,
        password: PASSWORD,
        symbols: [`${base}/USDT`, NAMED_SYMBOL],
        maxRetries: 0,
      };
      return stage
        .client()
        .register({ exchange, label: name, ttl: 300, sealed })
        .then(
          () => `${name} ${exchange} was taken`,
          (error: unknown) => String(error),
        );
    });
    told.push(...(await Promise.all(refused)));
  }
  for (const tap of stage.taps.values()) tap.echo = null;
  return told.join('\n');
}

async function registerAll(stage: SecretsStage) {
  const [sealed, plain, byFiles] = stage.accounts as [PlantedAccount, PlantedAccount, PlantedAccount];
  const since = Date.now() - 2 * HOUR_MS;
  const { apiKey, secret } = sealed;
  const session = await stage.client().register({
    exchange: sealed.exchange,
    label: 'sealed',
    ttl: 3_600,
    sealed: {
      apiKey,
      secret,
      password: PASSWORD,
      symbols: [NAMED_SYMBOL],
      apiInterval: 1_000,
      maxRetries: 0,
      since,
    },
  });
  const { folder } = stage.place;
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
  write('key', byFiles.apiKey);
  write('secret', byFiles.secret);
  write('password', PASSWORD);
  const files = ['--api-key-file', 'key', '--secret-file', 'secret', '--password-file', 'password'];
  const args = [
    'register-user',
    '--enclave-url',
    stage.enclave,
    '--user',
    'files',
    '--exchange',
    byFiles.exchange,
  ];
  const more = ['--since', new Date(since).toISOString(), '--api-interval', '1000', '--max-retries', '0'];
  const running = command(stage, [...args, ...files, ...more, '--allow-unattested']);
  const lines = await commandLines(running);
  const saved = readdirSync(folder).find((name) => name.startsWith('session-')) ?? '';
  const text = readFileSync(join(folder, saved), 'utf8');
  const token = (JSON.parse(text) as { readonly session_token: string }).session_token;
  return { session, plain, lines, out: await running, tokens: [session.sessionToken, token] as const };
}

async function registerPlain(
  { service }: SecretsStage,
  { exchange, apiKey, secret }: PlantedAccount,
): Promise<string> {
  const user = { userId: 'plain', exchange, apiKey, secret, apiInterval: 1_000, maxRetries: 0 };
  const answer = await fetch(`${service}/users`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(user),
  });
  return `${answer.status} ${await answer.text()}`;
}

/** Signatures of requests that an exchange got. */
function signaturesIn(requests: readonly string[]): readonly string[] {
  const found = requests.flatMap((text) => [
    ...text.matchAll(/(?:signature=|"x-bapi-sign":"|"api-sign":")([^"&\s]{40,})/g),
  ]);
  return [...new Set(found.map(([, signature = '']) => signature))].slice(-40);
}

it('planted secrets - are found in no log, metric, answer, file, command line, report, body, socket or memory', async () => {
  const stage = await new SecretsStage().start();
  const planted = new Planted([...stage.accounts.flatMap(valuesOf), PASSWORD, 'ZQXNAMED', ...UNSIGNED]);
  const refusals = await echoAll(stage);
  for (const tap of stage.taps.values())
    expect(tap.echoed).toBeGreaterThanOrEqual(Object.keys(ECHOES).length);
  expect(refusals).not.toContain('was taken');
  const { session, plain, lines, out, tokens } = await registerAll(stage);
  planted.add(tokens);
  const bodies = () => stage.ingest.requests.filter((text) => text.includes('"hourly_buckets"'));
  await until('the summaries', () => bodies().length >= 2, 60_000);

  // Only what was sent in plain text crosses to the enclave.
  const crossed = stage.socket.bytes;
  expect(crossed.includes('"sealed":"')).toBe(true);
  expect(planted.in(crossed)).toEqual([]);
  stage.socket.clear();
  const answered = await registerPlain(stage, plain);
  expect(answered).toContain('200 {"success":true');
  const plainOnly = new Set(planted.in(stage.socket.bytes).map((found) => found.split(' ')[0]));
  expect(plainOnly).toEqual(new Set([plain.apiKey, plain.secret]));
  stage.socket.clear();
  stage.sims.get(plain.exchange)?.addFills('it', fillsOf(plain, Date.now() - 30_000, '1'));

  // Polls meet the same answers.
  for (const name of POLLED_ECHOES) {
    const taps = [...stage.taps.values()].map((tap) => ({ tap, before: tap.echoed }));
    for (const { tap } of taps) tap.echo = ECHOES[name] ?? null;
    await until(`a poll with ${name}`, () => taps.some(({ tap, before }) => tap.echoed > before), 30_000);
  }
  for (const tap of stage.taps.values()) tap.echo = null;
  const requests = [...stage.taps.values()].flatMap((tap) => tap.requests);
  const signatures = signaturesIn(requests);
  expect(signatures.length).toBeGreaterThan(10);
  planted.add(signatures);

  // A report, and the memory while the sessions run: here they are, so the search works.
  process.kill(stage.pid('enclave'), 'SIGWINCH');
  const report = await until('the report', () => {
    const [name] = readdirSync(stage.reports);
    const text = name === undefined ? '' : readFileSync(join(stage.reports, name), 'utf8');
    return text.trimEnd().endsWith('}') ? text : null;
  });
  expect(report).not.toContain('PLENVIRONMENT7731');
  expect(report).not.toContain('"environmentVariables"');
  const credentials = stage.accounts.flatMap(({ apiKey, secret }) => [apiKey, secret]);
  const hidden = [...credentials, PASSWORD, ...tokens];
  const address = [...(stage.programs[0]?.errors().matchAll(/ws:\/\/\S+/g) ?? [])].at(-1)?.[0] ?? '';
  const inspector = await HeapInspector.open(address);
  const patterns = hidden.map((text) => Buffer.from(text));
  // A text that an exchange gave back is looked up as the name of a market or a code, and V8 remembers the latest names.
  const foundIn = ({ snapshot, inBuffers }: InspectedHeap) => {
    const own = snapshot.replaceAll(/"ECHO (?:[^"\\]|\\.)*"/g, '');
    return [
      ...hidden.filter((text) => own.includes(text)),
      ...inBuffers.map((at) => `${hidden[at]} (buffer)`),
    ];
  };
  const inHeap = async () => {
    const [heap] = await inspector.heaps(patterns);
    if (heap === undefined) throw new Error('no heap');
    return { heap, found: foundIn(heap) };
  };
  expect((await inHeap()).found).toEqual(expect.arrayContaining(credentials));
  const answers = await answersOf(stage);

  // The sessions end: two by their tokens, one by its user's name.
  for (const token of tokens) await stage.client().end(token);
  await fetch(`${stage.service}/users/plain`, { method: 'DELETE' });
  await until('the last summaries', () => bodies().length >= 4, 30_000);
  // V8 lets go of some texts only at a later collection.
  const heap = await until(
    'a memory without credentials',
    async () => {
      const later = await inHeap();
      return later.found.length === 0 ? later.heap : null;
    },
    20_000,
  );
  await inspector.evaluate(
    heap,
    `globalThis.kept = ['${credentials[0]}', Buffer.alloc(70000).fill('${PASSWORD}')]`,
  );
  const kept = foundIn(await inspector.again(heap, patterns));
  inspector.close();
  expect(kept).toEqual(expect.arrayContaining([credentials[0], `${PASSWORD} (buffer)`]));

  const found = (bytes: Uint8Array | string) => planted.in(bytes);
  expect(found(answers + (await answersOf(stage)))).toEqual([]);
  expect(found(refusals + answered + out + session.sessionId)).toEqual([]);
  expect(found(lines)).toEqual([]);
  expect(found(report)).toEqual([]);
  expect(found(stage.socket.bytes)).toEqual([]);
  expect(found(stage.ingest.requests.join('\n'))).toEqual([]);
  const files = stage.files();
  expect(files.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['trades.db', 'trades.db-wal', 'ingest.db']),
  );
  expect(files.flatMap(({ name, bytes }) => found(bytes).map((text) => `${name}: ${text}`))).toEqual([]);
  expect(await stage.stop()).toEqual([0, 0, 0]);
  expect(stage.files().flatMap(({ name, bytes }) => found(bytes).map((text) => `${name}: ${text}`))).toEqual(
    [],
  );
  expect(found(stage.output)).toEqual([]);
  expect(stage.output.length).toBeGreaterThan(3_000);

  // What is planted is found, in every form.
  expect(planted.missed()).toEqual([]);
  expect(planted.in(requests.join('\n')).length).toBeGreaterThan(10);
  expect(formsOf(stage.accounts[0]?.prices[0] ?? '').map(({ name }) => name)).toContain('double');
}, 120_000);
