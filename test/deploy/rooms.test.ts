// What no import rule sees: paths and words of a domain in a room of mechanism, folders that are no room, and readings
// of the clock, of chance and of the environment outside the files that own them.

import { globSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFileSync(`${ROOT}${file}`, 'utf8');

const DOMAINS = (/const domains = '([a-z|]+)'/.exec(read('.dependency-cruiser.cjs'))?.[1] ?? '').split('|');

/** A path into a domain's folder, in code or in the `import()` of a comment. */
const PATH = new RegExp(`(?<![\\w-])(?:${DOMAINS.join('|')})/`, 'gi');
/** Words that only a domain says. Pools have tasks and streams have heartbeats, so these words are not here. */
const WORDS =
  /truebit|invoice|task_(?:received|completed)|tasks\.(?:received|completed)|node\.(?:heartbeat|join|leave)|network-stats|(?<![a-z])(?:federation|mining|miners?|trades?|exchanges?)(?![a-z])/gi;

/** By file: what it may say, and why. */
const EXCEPTIONS: Readonly<Record<string, { readonly words: readonly string[]; readonly reason: string }>> = {
  'src/store/program-identity.ts': {
    words: ['federation', 'mining', 'trades'],
    reason: 'the marks of all programs stand in one table, so that no two programs can have the same mark',
  },
  'src/notify/receiver.ts': {
    words: ['exchange'],
    reason:
      'the name of the file that posts over kept connections (io/http-exchange.ts); no exchange of trades',
  },
  'src/lib/command-name.ts': {
    words: ['truebit'],
    reason: 'the name under which npm installs the command',
  },
  'src/io/embedded-broker/credentials.ts': {
    words: ['truebit'],
    reason:
      'the name by which the product recognises a broker that it started; stored beside existing databases',
  },
};

/** Reads the clock or chance. Only lib/clock.ts may; secrets and ids (randomBytes, randomUUID) are something else. */
const CLOCK =
  /\bDate\s*\??\.\s*now\b|\bnew\s+Date\s*(?:\(\s*\)|(?![\s(\w]))|(?<!new\s+)\bDate\s*\(|\bhrtime\b|\bperformance\s*\??\.\s*(?:now|timeOrigin)\b|\b(?:Date|performance|Math)\s*\[|\}\s*=\s*(?:globalThis\s*\.\s*)?(?:Date|performance|Math)\b|\bMath\s*\.\s*random\b|\brandomInt\b|\bgetRandomValues\b|\bTemporal\s*\.\s*Now\b/g;
const ENVIRONMENT =
  /\bprocess\s*(?:\??\.\s*env\b|\[)|\benv\b[^{}]*\}\s*=\s*process\b|['"](?:node:)?process['"]/g;

/** The text without its comments; every character that stays keeps its place. */
function codeOf(file: string, text: string): string {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const pieces: string[] = [];
  let end = 0;
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    const children = node.getChildren(tree);
    if (children.length > 0) {
      children.forEach(visit);
      return;
    }
    const start = node.getStart(tree);
    pieces.push(text.slice(end, start).replaceAll(/\S.*\S|\S/g, ''), text.slice(start, node.end));
    end = node.end;
  };
  visit(tree);
  return pieces.join('');
}

const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([match]) => match);

/** Paths and words of a domain in a file of a room of mechanism. */
function domainIn(file: string, text: string): readonly string[] {
  const allowed = EXCEPTIONS[file]?.words ?? [];
  return [...found(text, PATH), ...found(codeOf(file, text), WORDS)].filter(
    (word) => !allowed.includes(word),
  );
}

/** Readings of the clock, chance or the environment that the file does not own. */
function readingsIn(file: string, text: string): readonly string[] {
  const code = codeOf(file, text);
  return [
    ...(file === 'src/lib/clock.ts' ? [] : found(code, CLOCK)),
    ...(file === 'src/config/environment.ts' ? [] : found(code, ENVIRONMENT)),
  ];
}

/** The names under `src` that docs/architecture.md lists. */
function known(): readonly string[] {
  const lines = read('docs/architecture.md').matchAll(/^src\/([^\s,]+(?:, [^\s,]+)*)/gm);
  return [...DOMAINS, ...[...lines].flatMap(([, names = '']) => names.split(', '))];
}

/** Names under `src` that are no domain, no room and no entry. */
const strangers = (names: readonly string[]) => names.filter((name) => !known().includes(name));

const files = globSync('src/**/*.{ts,js}', { cwd: ROOT });
const inRoom = files.filter((file) => {
  const [, room = '', ...rest] = file.split('/');
  return rest.length > 0 && !DOMAINS.includes(room);
});
/** Browsers have a clock of their own. */
const onServer = files.filter((file) => !file.includes('/page/'));

const findings = (of: readonly string[], look: (file: string, text: string) => readonly string[]) =>
  of.flatMap((file) => look(file, read(file)).map((what) => `${file}: ${what}`));

describe('rooms', () => {
  it('every folder under src is a domain or a room of docs/architecture.md', () => {
    expect(strangers(readdirSync(`${ROOT}src`))).toEqual([]);
    expect(strangers(['cluster', 'store', 'federation', 'main.ts', 'x.ts'])).toEqual(['cluster', 'x.ts']);
  });

  it('a room of mechanism has no path into a domain and no word of one', () => {
    expect(inRoom.length).toBeGreaterThan(100);
    expect(findings(inRoom, domainIn)).toEqual([]);
  });

  it('every exception is needed', () => {
    for (const [file, { words }] of Object.entries(EXCEPTIONS)) {
      const said = found(codeOf(file, read(file)), WORDS);
      for (const word of words) expect(said, file).toContain(word);
    }
  });

  it.each([
    "new URL('../federation/workers/pool-thread.ts', import.meta.url);",
    "import.meta.resolve('../federation/domain/rule.ts');",
    'await import(`../federation/${name}.ts`);',
    "createRequire(import.meta.url)('../federation/domain/rule.ts');",
    "/** @typedef {import('../../federation/domain/rule.ts').Rule} Rule */",
    "join('..', 'federation', 'store');",
    "const subject = 'truebit.heartbeat';",
    'const subject = `${prefix}.tasks.received`;',
    "const type = 'task_received';",
    'const invoices = 0;',
    "await open('api/federation/events');",
  ])('finds the domain in %s', (text) => {
    expect(domainIn('src/http/page/planted.js', text)).not.toEqual([]);
  });

  it.each([
    '// docs/federation.md explains the invoice.\nconst queueTasks = 1;',
    'const FEED_HEARTBEAT_MS = 1; // of the federation',
    '/** Examining a task: the agent. */\nconst determining = /\\/proc\\/1\\/task/;',
  ])('finds none in %s', (text) => {
    expect(domainIn('src/http/planted.ts', text)).toEqual([]);
  });
});

describe('clock, chance, environment', () => {
  it('no file reads them but the one that owns them', () => {
    expect(findings(onServer, readingsIn)).toEqual([]);
  });

  it.each([
    'new Date()',
    'new Date;',
    'Date()',
    'Date.now()',
    "Date['now']()",
    'const { now } = Date;',
    'process.hrtime.bigint()',
    "import { hrtime } from 'node:process';",
    'globalThis.performance.now()',
    'performance.timeOrigin',
    'Math.random()',
    "import { randomInt } from 'node:crypto';",
    'crypto.getRandomValues(bytes)',
    'process.env.HOME',
    "process['env']",
    "process['hrtime']()",
    'const { env } = process;',
  ])('finds %s', (text) => {
    expect(readingsIn('src/lib/planted.ts', text)).not.toEqual([]);
  });

  it.each([
    'new Date(nowMs).toISOString()',
    'performance.eventLoopUtilization()',
    '// new Date() and process.env',
    "randomBytes(32).toString('hex')",
    'validDate(text)',
  ])('finds nothing in %s', (text) => {
    expect(readingsIn('src/lib/planted.ts', text)).toEqual([]);
  });
});
