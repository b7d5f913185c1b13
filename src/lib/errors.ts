// The error class with the codes that operators see: a stable code and a sentence, which contains nothing that came
// from outside.

/**
 * Every code that any program can print. One list for all programs, because an operator looks a code up on one page:
 * `docs/errors.md` lists each with its remedy; a test compares the two.
 */
export type ErrorCode =
  | 'settings_invalid'
  | 'usage'
  | 'node_too_old'
  | 'output_failed'
  | 'too_few_descriptors'
  | 'port_in_use'
  | 'listen_failed'
  | 'folder_not_writable'
  | 'database_in_use'
  | 'database_newer'
  | 'database_unusable'
  | 'copy_failed'
  | 'backup_exists'
  | 'backup_unusable'
  | 'database_missing'
  | 'database_replaced'
  | 'cluster_mismatch'
  | 'broker_binary_missing'
  | 'broker_start_failed'
  | 'broker_foreign'
  | 'broker_folder_in_use'
  | 'broker_store_newer'
  | 'jetstream_unavailable'
  | 'stream_settings'
  | 'cluster_seed_needed'
  | 'cluster_broker_old'
  | 'cluster_unreachable'
  | 'control_unreachable'
  | 'no_answer'
  | 'not_found'
  | 'too_many'
  | 'not_genuine'
  | 'not_attested'
  | 'not_registered'
  | 'key_unusable'
  | 'key_exists'
  | 'attestation_failed'
  | 'ingest_failed'
  | 'demonstration_failed'
  | 'worker_timeout'
  | 'internal';

/**
 * An error whose code decides how it is handled. A command that ends with one prints its message as one sentence and
 * exits with code 1 (2 for `usage` and `no_answer`).
 */
export class CodedError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CodedError';
    this.code = code;
  }
}
