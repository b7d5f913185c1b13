// Reads the code of an error of the system, of Node or of SQLite.

/**
 * The error's code, for example `ENOSPC` or `SQLITE_BUSY`; null for an error without one, and for a value that is no
 * error.
 */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
