// JSON of the simulators, in which integers keep their digits. Written a second time and differently from the program's
// own, because the simulators check it.

interface Engine {
  parse(
    text: string,
    reviver: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
}

const engine = JSON as unknown as Engine;

/** Reads a JSON text: integers become bigints, fractions numbers. Throws a `SyntaxError`. */
export function parseWire(text: string): unknown {
  return engine.parse(text, (_name, value, { source }) =>
    typeof value === 'number' && source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value,
  );
}

/** Prints a value without blanks; bigints become number literals. */
export function printWire(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'bigint' ? engine.rawJSON(member.toString()) : member,
  );
}
