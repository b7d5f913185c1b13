// Ends a switch over a union: the compiler rejects the call while a case is missing.

/** Throws; `value` is `never` once every case is handled. */
export function unreachable(value: never): never {
  throw new Error(`unreachable case of type ${typeof value}`);
}
