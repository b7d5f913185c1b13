// Chooses the stream to read (docs/federation.md#the-stream): the program's own, made or adjusted to the settings;
// another owner's that covers all six inputs, which is never altered; or none. Pure.

/** The name of the program's own stream. */
export const OUR_STREAM = 'TRUEBIT_INGEST';

/** The properties of a stream that matter for the choice. */
export interface StreamDescription {
  readonly name: string;
  /** Absent for a mirror. */
  readonly subjects?: readonly string[] | undefined;
}

/** The stream to read: the program's own, another owner's, or none. */
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

/** NATS subject matching: `*` matches one token, a final `>` matches one or more. */
export function matches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const tokens = subject.split('.');
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '>') return tokens.length > i;
    if (i >= tokens.length || (wanted[i] !== '*' && wanted[i] !== tokens[i])) return false;
  }
  return wanted.length === tokens.length;
}
