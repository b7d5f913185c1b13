// What the broker says about a stream: the source asks for it, and the writer finds the position with it.

/** The broker's description of a stream when the source attaches to it. Plain data: it crosses threads. */
export interface StreamFacts {
  readonly name: string;
  /** The stream's creation time as the broker writes it. */
  readonly created: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
}
