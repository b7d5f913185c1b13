// Why an attestation is refused: a kind for programs, a sentence for people. Nothing of the refused document is in it.

/** What is wrong with an attestation. */
export type RefusalKind =
  /** It is not of the form that is specified, or has something that this program does not know. */
  | 'malformed'
  /** The enclave runs on no trusted hardware, and nobody allowed that. */
  | 'unattested'
  | 'unknown_platform'
  /** The policy lacks what this platform must be compared with. */
  | 'no_policy'
  | 'untrusted_root'
  | 'broken_chain'
  /** A certificate is not valid at the time of the document. */
  | 'expired'
  | 'bad_signature'
  /** The operator can look into the memory. */
  | 'debug'
  | 'wrong_measurement'
  /** The firmware is older than the policy allows. */
  | 'old_firmware'
  /** The report comes from another privilege level than the kernel's. */
  | 'wrong_privilege'
  | 'wrong_nonce'
  /** The document is about other keys than those beside it. */
  | 'wrong_keys'
  /** The document, or its challenge, is not of now. */
  | 'stale'
  | 'verifier_failed';

/** Thrown by the verifiers of this folder; `verifyAttestation` turns it into its answer. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly kind: RefusalKind;
  /** `reason`: one sentence, for the person who would have sent credentials. */
  constructor(kind: RefusalKind, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.kind = kind;
  }
}

/** Refuses unless the condition holds. Throws {@link RefusedError}. */
export function requireThat(condition: boolean, kind: RefusalKind, reason: string): asserts condition {
  if (!condition) throw new RefusedError(kind, reason);
}
