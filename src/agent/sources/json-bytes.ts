// The classes of bytes in JSON, as tables.

/** 1 for a byte that stands for itself within a string; 0 for the quote, the backslash and control characters. */
export const PLAIN: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === 0x22 || byte === 0x5c ? 0 : 1,
);

/** By its first byte: 1 a string, 2 a number, 3 an object or array, 4 true, false or null, 0 nothing. */
export const KIND_OF: Uint8Array = tableOf({ '"': 1, '-0123456789': 2, '{[': 3, tfn: 4 });

/** The byte that stands for the one behind a backslash; 0 if there is none. */
export const ESCAPES: Uint8Array = tableOf({
  '"': 0x22,
  '\\': 0x5c,
  '/': 0x2f,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
});

// Parts of a number. Even ones may end it.
const ZERO = 0;
/** Where a number begins, behind the minus if it has one. */
export const SIGN = 1;
const WHOLE = 2;
const POINT = 3;
const FRACTION = 4;
const EXPONENT_MARK = 5;
const EXPONENT = 6;
const EXPONENT_SIGN = 7;

/**
 * The part of a number that `byte` belongs to, behind a byte of the given part; −1 if it belongs to none. An even part may
 * end the number.
 */
export function partOfNumber(part: number, byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) {
    if (part === SIGN) return byte === 0x30 ? ZERO : WHOLE;
    if (part === ZERO) return -1;
    if (part === POINT) return FRACTION;
    return part === EXPONENT_MARK || part === EXPONENT_SIGN ? EXPONENT : part;
  }
  if (byte === 0x2e) return part === ZERO || part === WHOLE ? POINT : -1;
  if (byte === 0x65 || byte === 0x45)
    return part === ZERO || part === WHOLE || part === FRACTION ? EXPONENT_MARK : -1;
  return (byte === 0x2b || byte === 0x2d) && part === EXPONENT_MARK ? EXPONENT_SIGN : -1;
}

/** The value of a hex digit; −1 if the byte is none. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** The text in UTF-8. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

function tableOf(values: Readonly<Record<string, number>>): Uint8Array {
  const table = new Uint8Array(256);
  for (const [characters, value] of Object.entries(values)) {
    for (const character of characters) table[character.charCodeAt(0)] = value;
  }
  return table;
}
