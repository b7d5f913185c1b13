// Judges the line of one client's summaries: which numbers are missing, where periods leave time out or overlap, which
// summaries replace others, and whose buckets count. Pure: it reads no clock and no database. docs/trades.md#the-reference-backend.

/** What the judgement needs of one stored summary. */
export interface Link {
  /** In the order received, ascending over the life of the database. */
  readonly number: number;
  readonly digest: string;
  /** Null for the summary of a job: it never takes part in the line. */
  readonly seq: number | null;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  /** Digest of the summary before, as this one states it. */
  readonly prev: string | null;
  /** Digest of the summary that this one replaces. */
  readonly revises: string | null;
  /** Time that the client itself declares as not covered. */
  readonly gap: { readonly fromMs: number; readonly toMs: number } | null;
}

/**
 * Kinds of findings. `missing`: numbers were skipped. `gap`: time between two consecutive periods. `overlap`: a period
 * begins before the end of the one before. `broken_link`: `prev` names another summary than the one before. `fork`: two
 * summaries have one number. `unknown_revision`: a correction names no summary of this client. `moved_revision`: a
 * correction has another period than the summary that it names. `declared_gap`: the client says that time is not covered.
 */
export const FINDING_KINDS = [
  'missing',
  'gap',
  'overlap',
  'broken_link',
  'fork',
  'unknown_revision',
  'moved_revision',
  'declared_gap',
] as const;

/** One of {@link FINDING_KINDS}. */
export type FindingKind = (typeof FINDING_KINDS)[number];

/** One thing that is not as it should be. Members that do not apply are null. */
export interface Finding {
  readonly kind: FindingKind;
  /** Of the summary at which it shows; of `missing` the first number that is missing. */
  readonly seq: number | null;
  /** Of `missing`: how many; of `fork`: how many summaries have the number; else 1. */
  readonly count: number;
  readonly digest: string | null;
  /** The time in question; of `missing` the time between the two summaries that are there. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/** The judgement. */
export interface Chain {
  /** In the order of their numbers. */
  readonly findings: readonly Finding[];
  /** Numbers of the summaries whose buckets count. */
  readonly counted: ReadonlySet<number>;
  /** By the number of a summary that a correction replaces: the number of that correction. */
  readonly replacedBy: ReadonlyMap<number, number>;
}

type Numbered = Link & { readonly seq: number };

/** Judges all summaries of one client, in any order. */
export function judgeChain(links: readonly Link[]): Chain {
  const byReceipt = links.toSorted((a, b) => a.number - b.number);
  const groups = groupBySeq(byReceipt);
  const kept = [...groups.values()].flatMap(([first]) => first ?? []);
  const replacements = judgeCorrections(byReceipt, new Set(kept));
  const findings = [...judgeForks(groups), ...judgeLine(kept, groups), ...replacements.findings];
  const counted = new Set<number>();
  for (const link of byReceipt) {
    const isKept = link.seq === null || groups.get(link.seq)?.[0] === link;
    if (isKept && link.revises === null) counted.add(replacements.replacedBy.get(link.number) ?? link.number);
  }
  return {
    findings: findings.toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0)),
    counted,
    replacedBy: replacements.replacedBy,
  };
}

/** By number, ascending; of one number in the order received. The first one received is the one that counts. */
function groupBySeq(byReceipt: readonly Link[]): ReadonlyMap<number, readonly Numbered[]> {
  const numbered = byReceipt.filter((link): link is Numbered => link.seq !== null);
  const groups = new Map<number, Numbered[]>();
  for (const link of numbered.toSorted((a, b) => a.seq - b.seq || a.number - b.number)) {
    const group = groups.get(link.seq);
    if (group === undefined) groups.set(link.seq, [link]);
    else group.push(link);
  }
  return groups;
}

function judgeForks(groups: ReadonlyMap<number, readonly Numbered[]>): readonly Finding[] {
  return [...groups.values()].flatMap((group) => {
    const last = group.at(-1);
    if (last === undefined || group.length < 2) return [];
    return [
      finding('fork', last, { count: group.length, fromMs: last.periodStartMs, toMs: last.periodEndMs }),
    ];
  });
}

/** Looks along the numbers: each must follow the one before in number, in time and by its digest. */
function judgeLine(
  kept: readonly Numbered[],
  groups: ReadonlyMap<number, readonly Numbered[]>,
): readonly Finding[] {
  const findings: Finding[] = [];
  let before: Numbered | null = null;
  /** The latest summary that is no correction: corrections stand outside the tiling. */
  let period: Numbered | null = null;
  for (const link of kept) {
    if (before !== null && link.seq > before.seq + 1) {
      const [fromMs, toMs] = [before.periodEndMs, link.periodStartMs];
      const seq = before.seq + 1;
      findings.push({ kind: 'missing', seq, count: link.seq - seq, digest: null, fromMs, toMs });
    }
    if (isLinkBroken(link, groups.get(link.seq - 1), period)) findings.push(finding('broken_link', link));
    if (link.gap !== null) findings.push(finding('declared_gap', link, link.gap));
    if (link.revises === null) {
      findings.push(...judgeTiling(period, link));
      period = link;
    }
    before = link;
  }
  return findings;
}

/**
 * `prev` names the summary with the number before, which may be a correction; a client may also name the last one that
 * is none. An omitted correction still shows, because its number is missing.
 */
function isLinkBroken(link: Numbered, group: readonly Numbered[] | undefined, period: Link | null): boolean {
  if (link.prev === null || group === undefined) return false;
  return link.prev !== period?.digest && group.every(({ digest }) => digest !== link.prev);
}

function judgeTiling(before: Link | null, link: Link): readonly Finding[] {
  if (before === null || before.periodEndMs === link.periodStartMs) return [];
  const [endMs, startMs] = [before.periodEndMs, link.periodStartMs];
  return startMs > endMs
    ? [finding('gap', link, { fromMs: endMs, toMs: startMs })]
    : [finding('overlap', link, { fromMs: startMs, toMs: endMs })];
}

/** A correction of a correction replaces the same period: of all of them the one with the highest number counts. */
function judgeCorrections(
  byReceipt: readonly Link[],
  kept: ReadonlySet<Link>,
): { readonly findings: readonly Finding[]; readonly replacedBy: ReadonlyMap<number, number> } {
  const byDigest = new Map(byReceipt.map((link) => [link.digest, link]));
  const findings: Finding[] = [];
  const replacedBy = new Map<number, number>();
  const corrections = byReceipt.filter(
    (link) => link.revises !== null && (link.seq === null || kept.has(link)),
  );
  for (const link of corrections.toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0) || a.number - b.number)) {
    const root = rootOf(link, byDigest);
    const span = { fromMs: link.periodStartMs, toMs: link.periodEndMs };
    if (root === null) findings.push(finding('unknown_revision', link, span));
    else if (root.periodStartMs !== link.periodStartMs || root.periodEndMs !== link.periodEndMs)
      findings.push(finding('moved_revision', link, span));
    else replacedBy.set(root.number, link.number);
  }
  return { findings, replacedBy };
}

/** The first summary of the period, which is no correction; null if the chain of corrections leads nowhere. */
function rootOf(correction: Link, byDigest: ReadonlyMap<string, Link>): Link | null {
  let at: Link | undefined = correction;
  // A digest covers `revises`, so no honest chain is a circle; one of forged rows must not turn for ever.
  for (let steps = 0; at !== undefined && steps <= byDigest.size; steps += 1) {
    if (at.revises === null) return at;
    at = byDigest.get(at.revises);
  }
  return null;
}

function finding(kind: FindingKind, { seq, digest }: Link, more: Partial<Finding> = {}): Finding {
  return { kind, seq, count: 1, digest, fromMs: null, toMs: null, ...more };
}
