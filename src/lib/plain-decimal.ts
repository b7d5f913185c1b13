// Writes the exponent of a number out. It computes nothing: digits are only moved.

/** A number as ECMAScript writes it, with its exponent, if it has one, written out: `5e-7` is `0.0000005`. */
export function plainDecimal(text: string): string {
  const parts = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (parts === null) return text;
  const [, sign = '', whole = '', fraction = '', exponent = ''] = parts;
  const digits = whole + fraction;
  const point = 1 + Number(exponent);
  return point <= 0 ? `${sign}0.${'0'.repeat(-point)}${digits}` : `${sign}${digits.padEnd(point, '0')}`;
}
