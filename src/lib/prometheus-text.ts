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
