// A count with its noun, for people. It knows English alone.

/** `1 summary`, `1,000 summaries`: a count, and the words for one or for several; without `many`, `one` with an s. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
