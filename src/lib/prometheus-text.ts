// Reads the Prometheus text format, as far as this package's commands need it: samples with labels, without types and
// times.

/** One sample line of an exposition. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

function toNumber(text: string): number {
  if (text === '+Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}

/** Every sample of an exposition; comments and lines that are not samples are left out. */
export function parsePrometheusText(text: string): readonly Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const [, name, labels, value] = LINE.exec(line.trim()) ?? [];
    if (name === undefined || value === undefined) continue;
    const pairs = [...(labels ?? '').matchAll(LABEL)].map(
      ([, key, quoted]) => [key, unescape(quoted ?? '')] as const,
    );
    samples.push({ name, labels: Object.fromEntries(pairs), value: toNumber(value) });
  }
  return samples;
}

/** The sum of the samples with this name; 0 without any. */
export function sumOf(samples: readonly Sample[], name: string): number {
  return samples.reduce((total, sample) => (sample.name === name ? total + sample.value : total), 0);
}

/** The sums of the samples with this name by the value of a label. */
export function sumsBy(
  samples: readonly Sample[],
  name: string,
  label: string,
): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { name: found, labels, value } of samples) {
    const key = labels[label];
    if (found === name && key !== undefined) sums[key] = (sums[key] ?? 0) + value;
  }
  return sums;
}
