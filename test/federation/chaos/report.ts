// The readable report of one run and of many.

import type { Result } from './run.ts';

export function describeResult(result: Result): string {
  const { scenario, faults, positions, pruned, rssBytesMax, differences, folder } = result;
  const { seed, isLimited, pruneEvery, streamChange } = scenario;
  const kinds = [
    isLimited ? 'limits' : 'no limits',
    pruneEvery === null ? 'no pruning' : 'pruning',
    `stream ${streamChange === 'none' ? 'as it is' : streamChange}`,
  ];
  const sum = (member: 'applied' | 'duplicate' | 'rejected' | 'rate_limited' | 'lost') =>
    positions.reduce((total, row) => total + row[member], 0);
  const outcomes = (['applied', 'duplicate', 'rejected', 'rate_limited', 'lost'] as const)
    .map((member) => `${sum(member)} ${member.replace('_', ' ')}`)
    .join(', ');
  const happened = [...faults.values()].reduce((total, number) => total + number, 0);
  const lines = [
    `seed ${seed} (${kinds.join(', ')}): ${differences.length === 0 ? 'equal' : 'DIFFERENT'}; ${happened} faults; ${outcomes}; ${pruned} rows pruned; ${Math.round(rssBytesMax / 1e6)} MB`,
    ...differences.map((difference) => `    ${difference}`),
  ];
  if (folder !== null) lines.push(`    kept: ${folder} (databases, streams, logs, run.json)`);
  return lines.join('\n');
}

export class Totals {
  readonly #faults = new Map<string, number>();
  #runs = 0;
  #different: number[] = [];
  #messages = 0;
  #rssBytesMax = 0;

  get isGood(): boolean {
    return this.#different.length === 0;
  }

  add({ scenario, faults, positions, rssBytesMax, differences }: Result): void {
    this.#runs++;
    if (differences.length > 0) this.#different.push(scenario.seed);
    for (const [kind, number] of faults) this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + number);
    for (const row of positions) this.#messages += row.last_seq - row.first_seq + 1;
    this.#rssBytesMax = Math.max(this.#rssBytesMax, rssBytesMax);
  }

  text(): string {
    const rows = [...this.#faults].toSorted(([left], [right]) => (left < right ? -1 : 1));
    const width = Math.max(...rows.map(([kind]) => kind.length), 0);
    const all = rows.reduce((total, [, number]) => total + number, 0);
    return [
      '',
      ...rows.map(([kind, number]) => `${kind.padEnd(width)}  ${String(number).padStart(6)}`),
      `${'all faults'.padEnd(width)}  ${String(all).padStart(6)}`,
      '',
      `${this.#runs} runs, ${this.#messages} messages, at most ${Math.round(this.#rssBytesMax / 1e6)} MB: ${
        this.isGood ? 'no difference' : `DIFFERENT: seeds ${this.#different.join(', ')}`
      }`,
    ].join('\n');
  }
}
