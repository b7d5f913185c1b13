// Values that a test plants, and the search for them in bytes: as text in several encodings, and numbers as doubles.

/** A way in which a value may stand in bytes. */
interface Form {
  readonly name: string;
  readonly bytes: Buffer;
}

/** How a text stands in the base64 of something longer, by its place there. */
function base64Of(text: string, encoding: 'base64' | 'base64url'): readonly string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.from(' '.repeat(before) + text).toString(encoding);
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + text.length) * 8) / 6));
  });
}

/** The forms of one value. */
export function formsOf(text: string): readonly Form[] {
  const hex = Buffer.from(text).toString('hex');
  const texts = new Map<string, string>([
    ['text', text],
    ['lower case', text.toLowerCase()],
    ['JSON', JSON.stringify(text).slice(1, -1)],
    ['JSON twice', JSON.stringify(JSON.stringify(text)).slice(3, -3)],
    ['url', encodeURIComponent(text)],
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ['reversed', Buffer.from(text).toReversed().toString()],
  ]);
  for (const encoding of ['base64', 'base64url'] as const)
    base64Of(text, encoding).forEach((form, at) => texts.set(`${encoding} at ${at}`, form));
  const forms = [...texts].map(([name, form]) => ({ name, bytes: Buffer.from(form) }));
  forms.push({ name: 'utf16', bytes: Buffer.from(text, 'utf16le') });
  const value = Number(text);
  if (!/^\d+\.\d+$/.test(text)) return forms;
  const [big, little] = [Buffer.alloc(8), Buffer.alloc(8)];
  big.writeDoubleBE(value);
  little.writeDoubleLE(value);
  return [...forms, { name: 'double', bytes: big }, { name: 'little double', bytes: little }];
}

/** Looks for planted values. */
export class Planted {
  readonly #forms = new Map<string, readonly Form[]>();

  constructor(values: readonly string[]) {
    this.add(values);
  }

  /** Looks for these too. */
  add(values: readonly string[]): void {
    for (const value of values) this.#forms.set(value, formsOf(value));
  }

  get values(): readonly string[] {
    return [...this.#forms.keys()];
  }

  /** The planted values in bytes, as `value (form)`. */
  in(bytes: Uint8Array | string): readonly string[] {
    const buffer = Buffer.from(bytes);
    return [...this.#forms].flatMap(([value, forms]) =>
      forms.filter((form) => buffer.includes(form.bytes)).map(({ name }) => `${value} (${name})`),
    );
  }

  /** Values of which a form is not found where it was planted: always none. */
  missed(): readonly string[] {
    return [...this.#forms].flatMap(([value, forms]) =>
      forms
        .filter(
          ({ bytes }) =>
            this.in(Buffer.concat([Buffer.from('{"a":"'), bytes, Buffer.from('"}')])).length === 0,
        )
        .map(({ name }) => `${value} (${name})`),
    );
  }
}
