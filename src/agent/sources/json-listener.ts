// What the reading of JSON tells, token by token. It knows no bytes.

/** Who is told. Calls come in the order of the text. */
export interface JsonListener {
  /** An object or an array begins. */
  opened(isObject: boolean): void;
  /** The innermost object or array ends; `JsonTokens.offset` lies behind its bracket. */
  closed(): void;
  /** The name of a member was read, if `keepsNames` is set. */
  named(): void;
  /** A scalar was read. */
  scalar(): void;
}
