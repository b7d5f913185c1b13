// Which stream to read (docs/federation.md#the-stream): ours, made or kept to the settings; somebody else's that covers
// all six inputs, never altered; or none. Pure.

/** The stream that is ours. */
export const OUR_STREAM = 'TRUEBIT_INGEST';

/** A stream that the broker has, as far as the choice goes. */
export interface StreamDescription {
  readonly name: string;
  /** A mirror has none. */
  readonly subjects?: readonly string[] | undefined;
}

export type StreamChoice =
  | { readonly type: 'ours'; readonly exists: boolean }
  | { readonly type: 'theirs'; readonly name: string }
  | { readonly type: 'none'; readonly reason: string };

/** Chooses among the broker's streams for these input subjects. */
export function chooseStream(streams: readonly StreamDescription[], inputs: readonly string[]): StreamChoice {
  if (streams.some((stream) => stream.name === OUR_STREAM)) return { type: 'ours', exists: true };
  const covered = streams.map((stream) => ({
    name: stream.name,
    count: inputs.filter((input) => (stream.subjects ?? []).some((pattern) => matches(pattern, input)))
      .length,
  }));
  const whole = covered.find((stream) => stream.count === inputs.length);
  if (whole !== undefined) return { type: 'theirs', name: whole.name };
  const partial = covered.filter((stream) => stream.count > 0);
  if (partial.length === 0) return { type: 'ours', exists: false };
  const names = partial.map((stream) => `${stream.name} (${stream.count} of ${inputs.length})`).join(', ');
  return {
    type: 'none',
    reason: `the stream ${names} takes some of the inputs but not all, so none can be read in order: give it all ${inputs.length}, or none`,
  };
}

/** NATS subject matching: `*` stands for one token, a last `>` for one or more. */
export function matches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const tokens = subject.split('.');
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '>') return tokens.length > i;
    if (i >= tokens.length || (wanted[i] !== '*' && wanted[i] !== tokens[i])) return false;
  }
  return wanted.length === tokens.length;
}
