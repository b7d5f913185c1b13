// The code of an error of the system, of Node or of SQLite, for sentences and for decisions.

/** For example `ENOSPC` or `SQLITE_BUSY`; null for an error that carries none, and for what is no error. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
