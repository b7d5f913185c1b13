// The settings of one run as plain data, which is copied to the threads. It says nothing about the file that they come
// from.

import type { HostPort } from '../../config/address-kinds.ts';
import type { LogLevel } from '../../io/log.ts';
import type { ReceiverConfig } from '../../notify/receivers.ts';
import type { UpstreamOrder } from '../domain/choose-upstream.ts';
import type { SubmissionMode } from '../domain/information.ts';
import type { Verify } from '../domain/proof-check.ts';
import type { UpstreamAuth } from '../domain/upstream-auth.ts';

/** One pool or wallet. */
export interface UpstreamConfig {
  /** 1 to 64 printable characters; no two upstreams have the same. */
  readonly name: string;
  /** `http://` or `https://`, with path and query, without credentials. The query may hold a token: never log it. */
  readonly url: string;
  readonly auth: UpstreamAuth;
  readonly mode: SubmissionMode;
}

/** Where the log goes, and how much of it. */
export interface LoggingConfig {
  readonly level: LogLevel;
  readonly format: 'json' | 'text';
  /** Null: only standard output. */
  readonly file: string | null;
  /** Size at which the file is rotated, in MiB. */
  readonly maxSizeMib: number;
  /** Number of files, the current one included. */
  readonly maxFiles: number;
}

/** All settings of the file, checked. */
export interface MiningConfig {
  /** Where miners connect. */
  readonly listen: HostPort;
  /** The name of the key that says so, for errors. */
  readonly listenKey: 'listen_address' | 'server.listen_address';
  /** What miners must send; null: nothing. */
  readonly auth: { readonly username: string; readonly password: string } | null;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  /** Addresses and networks (`10.0.0.0/8`) whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** At least 1. */
  readonly blockTimeSecs: number;
  /** The first one, then the fallbacks in their order. */
  readonly upstreams: readonly [UpstreamConfig, ...UpstreamConfig[]];
  readonly choose: UpstreamOrder;
  readonly verify: Verify;
  readonly cache: { readonly informationTtlMs: number; readonly requestTimeoutMs: number };
  readonly database: {
    /** With links followed, so that every process that uses this file has the same path. */
    readonly path: string;
    /** As written, if it leads to another path. */
    readonly link: string | null;
    /** 0: rows are kept for ever. */
    readonly retentionDays: number;
  };
  /** Null: off. */
  readonly dashboard: { readonly listen: HostPort } | null;
  readonly logging: LoggingConfig;
  /** Where each alarm is posted as JSON; a secret. Null: nowhere. */
  readonly webhook: string | null;
  /** Further receivers of alarms; their addresses are secrets. */
  readonly receivers: readonly ReceiverConfig[];
}
