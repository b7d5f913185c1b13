// Unsigned 64-bit numbers in SQLite, whose INTEGER is signed: they are stored with the top bit flipped, so that they
// sort as they should and fit in 8 bytes. 0 is stored as −2^63, 2^64 − 1 as 2^63 − 1.

const TOP = 1n << 63n;

/** The stored form of a number from 0 to 2^64 − 1. */
export function toStored(value: bigint): bigint {
  return value - TOP;
}

/** The number that a stored form stands for. */
export function fromStored(stored: bigint): bigint {
  return stored + TOP;
}

/** The SQL expression of the digits of a stored column, as text. It flips the bit: a XOR b is (a | b) − (a & b). */
export function digitsOf(column: string): string {
  return `printf('%u', (${column} | 0x8000000000000000) - (${column} & 0x8000000000000000))`;
}
