// Reads DER (X.690): one form for every value, so whatever has another form is refused. It knows no certificate.

/** The bytes are no DER, or not the value that was expected. The message has none of them. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

/** One value. */
export interface DerValue {
  /** The identifier octet. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Identifier, length and content. */
  readonly whole: Uint8Array;
}

/** Identifier octets of the types that certificates have. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;

/** Octets of a length: a content of at most 16 MiB. */
const LENGTH_OCTETS_MAX = 3;
/** The number of a tag that goes on in further octets. */
const LONG_TAG = 0x1f;

/** The only value of the bytes. Throws {@link DerError} if another follows. */
export function readDer(bytes: Uint8Array, tag: number): DerValue {
  const value = valueAt(bytes);
  if (value.whole.length !== bytes.length) throw new DerError('bytes follow a value');
  return requireTag(value, tag);
}

/** The values inside a sequence, a set or an explicit tag, in order. Throws {@link DerError}. */
export function valuesIn({ content }: DerValue): readonly DerValue[] {
  const values: DerValue[] = [];
  for (let rest = content; rest.length > 0; rest = rest.subarray(values.at(-1)?.whole.length)) {
    values.push(valueAt(rest));
  }
  return values;
}

/** The value, if it is of this type. Throws {@link DerError}. */
export function requireTag(value: DerValue | undefined, tag: number): DerValue {
  if (value?.tag !== tag) throw new DerError('a value is missing, or has another type');
  return value;
}

/** A whole number from 0 to 2^31 − 1. Throws {@link DerError}. */
export function smallIntegerOf({ content }: DerValue): number {
  const [first = 0x80, second = 0] = content;
  const isMinimal = content.length === 1 || (first === 0 && second >= 0x80);
  if (content.length > 4 || first >= 0x80 || (first === 0 && !isMinimal)) {
    throw new DerError('an integer is negative, too large or not in its shortest form');
  }
  return content.reduce((number, octet) => number * 256 + octet, 0);
}

/** An object identifier in dotted form. Throws {@link DerError}. */
export function objectIdOf({ content }: DerValue): string {
  if (content.length === 0 || (content.at(-1) ?? 0) >= 0x80) throw new DerError('an identifier is cut short');
  const arcs: number[] = [];
  let arc = 0;
  let isFirstOctet = true;
  for (const octet of content) {
    if (isFirstOctet && octet === 0x80) throw new DerError('an identifier is not in its shortest form');
    arc = arc * 128 + (octet & 0x7f);
    if (arc > 0xffff_ffff) throw new DerError('an identifier is too large');
    isFirstOctet = octet < 0x80;
    if (!isFirstOctet) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [head = 0, ...tail] = arcs;
  const root = Math.min(2, Math.floor(head / 40));
  return [root, head - root * 40, ...tail].join('.');
}

function valueAt(bytes: Uint8Array): DerValue {
  const [tag = LONG_TAG, first = 0x80] = bytes;
  if ((tag & LONG_TAG) === LONG_TAG) throw new DerError('a value is missing, or its tag is too long');
  const octets = first < 0x80 ? 0 : first - 0x80;
  if (first === 0x80 || octets > LENGTH_OCTETS_MAX) throw new DerError('a length is indefinite or too long');
  const start = 2 + octets;
  const written = bytes.subarray(2, start);
  const length = octets === 0 ? first : written.reduce((number, octet) => number * 256 + octet, 0);
  if (written.length < octets || bytes.length < start + length) throw new DerError('a value is cut short');
  if (octets > 0 && (length < 0x80 || written[0] === 0)) {
    throw new DerError('a length is not in its shortest form');
  }
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(0, start + length) };
}
