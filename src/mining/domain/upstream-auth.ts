// How the aggregator names itself to an upstream. Plain data.

/** What the settings say about it; the sinks make a header of it. */
export type UpstreamAuth =
  | { readonly type: 'none' }
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  /** The content of the file, trimmed, is `user:password`. */
  | { readonly type: 'cookie'; readonly path: string }
  /** The token as an HTTP header takes it. */
  | { readonly type: 'bearer'; readonly token: string };
