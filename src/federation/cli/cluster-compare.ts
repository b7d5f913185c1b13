// Compares the rows of replicas by their digests. Replicas that count on are never at one place for long, so a difference
// counts only if both had applied the same number of messages. It connects to nothing.

import {
  addDigests,
  DIGEST_TABLES,
  type DigestAnswer,
  type DigestRange,
  type DigestRequest,
  type DigestSummary,
  type DigestTable,
  isBalanced,
  type RangeDigests,
  type RowDigest,
} from '../domain/digests.ts';

/** The answers of all replicas to one question, by their names. */
export type Answers<A extends DigestAnswer = DigestAnswer> = ReadonlyMap<string, A>;

/** What the comparison needs of its command. */
export interface CompareParts {
  /** Asks all replicas; rejects if one of them does not answer. */
  ask(request: DigestRequest): Promise<Answers>;
  /** Rows last seen before this are not compared; ms since the epoch. */
  readonly keptMs: number;
  /** True when no question may be repeated any more. */
  isOver(): boolean;
  /** Waits before a question is repeated. */
  rest(): Promise<void>;
  progress(phase: string, share: number): void;
}

/** `unsettled`: the replicas never stood at the same place, and the rows were never equal. */
export type Verdict = 'equal' | 'differs' | 'unsettled';

/** One table of the report. */
export interface ComparedTable {
  readonly table: string;
  /** Rows in the first replica. */
  readonly rows: number;
  readonly verdict: Verdict;
  /** The first row that differs: its id is above `after` and up to `upto`. Null if there is none, or it is not known. */
  readonly first: Pick<DigestRange, 'after' | 'upto'> | null;
}

/** The account of one input stream in one replica. */
export interface ComparedAccount {
  readonly replica: string;
  readonly stream: string;
  readonly first: number;
  readonly upto: number;
  readonly isBalanced: boolean;
}

/** What the comparison found. */
export interface ComparisonReport {
  readonly replicas: readonly string[];
  /** The number of messages that each had applied at the end, in the order of `replicas`. */
  readonly progress: readonly number[];
  readonly tables: readonly ComparedTable[];
  readonly accounts: readonly ComparedAccount[];
  readonly isClean: boolean;
}

/** Ids in one range: it is read in a third of a second. */
const RANGE_IDS = 20_000;
/** A difference must be seen this often at equal progress, because a command may reach one replica a moment later. */
const SEEN_OFTEN = 3;

/** Compares all tables and checks the accounts. */
export async function compareReplicas(parts: CompareParts): Promise<ComparisonReport> {
  parts.progress('asking', 0);
  const [verdict, summaries] = await settle(parts, { type: 'summary' });
  const summary = only(summaries, 'summary');
  const tables: ComparedTable[] = [];
  for (const table of DIGEST_TABLES) tables.push(...(await compareTable(parts, table, summary)));
  for (const name of ['labels', 'commands', 'sources'] as const)
    tables.push(smallTable(name, verdict, summary));
  const accounts = [...summary].flatMap(([replica, { sources }]) =>
    sources.map((source) => ({
      replica,
      stream: source.stream,
      first: source.first,
      upto: source.upto,
      isBalanced: isBalanced(source),
    })),
  );
  return {
    replicas: [...summary.keys()],
    progress: [...summary.values()].map(({ progress }) => progress),
    tables,
    accounts,
    isClean: tables.every((table) => table.verdict === 'equal') && accounts.every((each) => each.isBalanced),
  };
}

function smallTable(
  table: 'labels' | 'commands' | 'sources',
  verdict: Verdict,
  summary: Answers<DigestSummary>,
): ComparedTable {
  const values = [...summary.values()].map((each) => each[table]);
  const [first] = summary.values();
  const rows = first === undefined ? 0 : table === 'sources' ? first.sources.length : first[table].rows;
  return { table, rows, verdict: areSame(values) ? 'equal' : verdict, first: null };
}

/** Compares one large table: its rows, and, in the tables that have reporters, the reporters too. */
async function compareTable(
  parts: CompareParts,
  table: DigestTable,
  summary: Answers<DigestSummary>,
): Promise<readonly ComparedTable[]> {
  const last = Math.max(...[...summary.values()].map(({ lastIds }) => lastIds[table]));
  const ranges: DigestRange[] = [];
  for (let after = 0; after < last; after += RANGE_IDS)
    ranges.push({
      type: 'range',
      table,
      after,
      upto: Math.min(last, after + RANGE_IDS),
      keptMs: parts.keptMs,
    });
  const sums = new Sums();
  const open: DigestRange[] = [];
  for (const [index, range] of ranges.entries()) {
    parts.progress(table, index / ranges.length);
    const answers = only(await parts.ask(range), 'range');
    sums.add(answers);
    if (!areSame(digestsOf(answers))) open.push(range);
  }
  if (open.length === 0) return sums.names(table).map((name) => equal(name, sums));
  // The same rows may have other ids in another replica; then only the sums of the whole tables are equal.
  if (sums.areComparable && areSame(sums.totals())) return sums.names(table).map((name) => equal(name, sums));
  return judgeOpen(parts, table, open, sums);
}

function equal(table: string, sums: Sums): ComparedTable {
  return { table, rows: sums.rowsOf(table), verdict: 'equal', first: null };
}

/** Asks again for the ranges that were not equal, until each is equal, differs, or time is up. */
async function judgeOpen(
  parts: CompareParts,
  table: DigestTable,
  open: readonly DigestRange[],
  sums: Sums,
): Promise<readonly ComparedTable[]> {
  const worst = new Map<string, { verdict: Verdict; range: DigestRange }>();
  for (const range of open) {
    const [verdict, answers] = await settle(parts, range);
    if (verdict === 'equal') continue;
    for (const name of sums.names(table)) {
      const values = digestsOf(only(answers, 'range')).map((digests) => digests[name]);
      if (areSame(values) || worst.get(name)?.verdict === 'differs') continue;
      worst.set(name, { verdict, range });
    }
  }
  return Promise.all(
    sums.names(table).map(async (name) => {
      const found = worst.get(name);
      if (found === undefined) return equal(name, sums);
      const { verdict, range } = found;
      const first = verdict === 'differs' ? await narrow(parts, range, name) : null;
      return { table: name, rows: sums.rowsOf(name), verdict, first };
    }),
  );
}

/** Halves a range that differs until one id is left, or time is up. */
async function narrow(
  parts: CompareParts,
  range: DigestRange,
  name: string,
): Promise<Pick<DigestRange, 'after' | 'upto'>> {
  let { after, upto } = range;
  while (upto - after > 1 && !parts.isOver()) {
    const middle = after + Math.floor((upto - after) / 2);
    const left = only(await parts.ask({ ...range, after, upto: middle }), 'range');
    if (areSame(digestsOf(left).map((digests) => digests[name]))) after = middle;
    else upto = middle;
  }
  return { after, upto };
}

/** Asks until all answers are equal, or differ at equal progress, or time is up. */
async function settle(parts: CompareParts, request: DigestRequest): Promise<readonly [Verdict, Answers]> {
  for (let seen = 0; ; ) {
    const answers = await parts.ask(request);
    if (areSame([...answers.values()].map(contentOf))) return ['equal', answers];
    if (areSame([...answers.values()].map(({ progress }) => progress)) && ++seen === SEEN_OFTEN)
      return ['differs', answers];
    if (parts.isOver()) return ['unsettled', answers];
    await parts.rest();
  }
}

/** What must be equal in all replicas. The progress is another way to say where they are. */
function contentOf(answer: DigestAnswer): unknown {
  if (answer.type === 'range') return answer.digests;
  const { labels, commands, sources } = answer;
  return { labels, commands, sources };
}

function digestsOf(answers: Answers<RangeDigests>): readonly RangeDigests['digests'][] {
  return [...answers.values()].map(({ digests }) => digests);
}

/** All values are plain data whose members stand in one order. */
function areSame(values: readonly unknown[]): boolean {
  return new Set(values.map((value) => JSON.stringify(value))).size <= 1;
}

function only<T extends DigestAnswer['type']>(
  answers: Answers,
  type: T,
): Answers<Extract<DigestAnswer, { readonly type: T }>> {
  const wanted = [...answers].flatMap(([replica, answer]) =>
    answer.type === type ? [[replica, answer as Extract<DigestAnswer, { readonly type: T }>] as const] : [],
  );
  return new Map(wanted);
}

/** The sums of all ranges of one table, by replica. */
class Sums {
  readonly #byReplica = new Map<string, Map<string, RowDigest>>();
  readonly #progress = new Set<number>();

  add(answers: Answers<RangeDigests>): void {
    for (const [replica, { digests, progress }] of answers) {
      this.#progress.add(progress);
      const sums = this.#byReplica.get(replica) ?? new Map<string, RowDigest>();
      this.#byReplica.set(replica, sums);
      for (const [name, digest] of Object.entries(digests)) {
        const before = sums.get(name);
        sums.set(name, before === undefined ? digest : addDigests(before, digest));
      }
    }
  }

  /** True if all ranges of all replicas were read at the same place. */
  get areComparable(): boolean {
    return this.#progress.size <= 1;
  }

  totals(): readonly unknown[] {
    return [...this.#byReplica.values()].map((sums) => Object.fromEntries(sums));
  }

  /** The names of the digests of a table; its own alone if it is empty. */
  names(table: DigestTable): readonly string[] {
    const [first] = this.#byReplica.values();
    return first === undefined ? [table] : [...first.keys()];
  }

  /** Rows in the first replica. */
  rowsOf(name: string): number {
    const [first] = this.#byReplica.values();
    return first?.get(name)?.rows ?? 0;
  }
}
