// The public types of the library. They name no type of another file, so that a program that imports the library needs
// the types of no other package but Node's.

/** How a client connects and who it is. Options of deployed monitors that are not listed here have no effect. */
export interface FederationClientOptions {
  /**
   * Brokers, `nats://`, `tls://`, `ws://` or `wss://`. Default: `FEDERATION_NATS_URL` of the environment, else
   * `nats://127.0.0.1:4222`.
   */
  readonly servers?: string | readonly string[] | null;
  /** Without `pass` it has no effect: the broker then takes the client for a user without a name. */
  readonly user?: string | null;
  readonly pass?: string | null;
  readonly token?: string | null;
  /** A client certificate: the text of a PEM file, or its path. */
  readonly tlsCert?: string | null;
  /** Its key: the text of a PEM file, or its path. */
  readonly tlsKey?: string | null;
  /** Authorities beside or instead of the system's: the text of a PEM file, or its path. */
  readonly tlsCa?: string | null;
  /** How the broker names the connection. Default: `truebit-monitor`. */
  readonly name?: string;
  /**
   * 4 to 64 letters, digits, `_` and `-`. Default: the one in the file of `statePath`, else a new one: `node-` and a UUID.
   */
  readonly nodeId?: string | null;
  /** 64 hex digits. Default: the aggregator's, which the client asks for; else the one in the file of `statePath`. */
  readonly salt?: string | null;
  /** Messages a minute. The client sends at most what the aggregator allows, whatever this says. */
  readonly maxMessagesPerMinute?: number | null;
  /** A key of the aggregator, 43 characters: every message is signed with it. The key itself is never sent. */
  readonly apiKey?: string | null;
  /**
   * The Ed25519 key whose signature statistics must have: a JWK, its JSON text, or its `x`. Default: the key that the
   * aggregator named first.
   */
  readonly statsKey?: string | { readonly kty: string; readonly crv: string; readonly x: string } | null;
  /**
   * A file for what waits to be sent, the salt and the node id. Without it they are in memory, and a restart loses them.
   * One process at a time may use it.
   */
  readonly statePath?: string | null;
  /** Messages that may wait. Default: 10,000. */
  readonly queueMax?: number | null;
}

/** A time: ISO text, milliseconds or seconds since 1970, or a date. */
export type MonitorTime = string | number | Date;

/** A task as deployed monitors keep it. Members that are not listed here have no effect and never leave. */
export interface MonitorTask {
  /** Give it as text: a number with more digits than a double has is refused. */
  readonly execution_id?: string | number | bigint | null;
  /** Used if there is no `execution_id`. */
  readonly id?: string | number | bigint | null;
  readonly chain_id?: string | number | null;
  readonly task_type?: string | null;
  readonly status?: string | null;
  readonly exit_code?: number | string | null;
  readonly elapsed_ms?: number | string | null;
  readonly gas_used?: number | string | null;
  readonly cached?: boolean | number | null;
  readonly received_at?: MonitorTime | null;
  readonly completed_at?: MonitorTime | null;
}

/** The node's record of an invoice. Only these members are read, in this spelling or in snake_case. */
export interface MonitorInvoiceDetails {
  readonly invoiceId?: string | number | bigint | null;
  readonly executionId?: string | number | bigint | null;
  readonly chainId?: string | number | null;
  readonly totalStepsComputed?: number | string | null;
  /** Bytes; below 65,536 pages of WebAssembly. */
  readonly peakMemoryUsed?: number | string | null;
  readonly operation?: string | null;
  readonly lineItem?: readonly {
    readonly total_steps_computed?: number | string | null;
    readonly peak_memory_used?: number | string | null;
    readonly operation?: string | null;
  }[];
  readonly taskCreated_timeStamp?: MonitorTime | null;
}

/**
 * An invoice as deployed monitors keep it: the node's own record is in `details`, as an object or as its JSON text. The
 * record itself may be given too.
 */
export interface MonitorInvoice extends MonitorInvoiceDetails {
  readonly timestamp?: MonitorTime | null;
  /** Used if there is no `invoiceId`. */
  readonly id?: string | number | bigint | null;
  readonly details?: string | MonitorInvoiceDetails | null;
}

/** What a heartbeat says. Exact numbers never leave: they are sent as ranges. */
export interface NodeStatus {
  /** False: the node is offline. */
  readonly connected?: boolean;
  readonly activeTasks?: number;
  readonly totalTasks?: number;
  /** A code such as `EU`. */
  readonly continent?: string | null;
  /** `latitude,longitude` in degrees; it is rounded to half a degree. */
  readonly location?: string | null;
}

/** The envelope of a message (docs/federation.md). */
export interface FederationMessage {
  readonly version: string;
  readonly type: string;
  readonly nodeId: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Takes a received message, parsed, with the subject on which it came. */
export type MessageHandler = (data: unknown, subject: string) => void;

/** Handlers for the federation's subjects. */
export interface FederationHandlers {
  readonly taskReceived?: MessageHandler;
  readonly taskCompleted?: MessageHandler;
  readonly heartbeat?: MessageHandler;
  readonly networkStats?: MessageHandler;
  readonly nodeJoined?: MessageHandler;
  readonly nodeLeft?: MessageHandler;
  /** Every message, also those of the other handlers. */
  readonly all?: MessageHandler;
}

/** A subscription. It holds on later connections too. */
export interface FederationSubscription {
  readonly subject: string;
  /** The same as `subject`. */
  getSubject(): string;
  unsubscribe(): void;
}

/** Counters since the client was made, and its present state. */
export interface FederationStats {
  /** Messages that the broker confirmed. */
  readonly messagesSent: number;
  readonly messagesReceived: number;
  readonly errors: number;
  readonly reconnections: number;
  readonly connected: boolean;
  /** True while five failures in a row keep the client from sending. */
  readonly circuitOpen: boolean;
  readonly subscriptions: number;
  readonly nodeId: string;
  /** Messages that wait to be sent or confirmed. */
  readonly queued: number;
  /** True if the aggregator answered a request to join. */
  readonly joined: boolean;
}

/** Who the node is. */
export interface FederationCredentials {
  readonly nodeId: string;
  /** 64 hex digits; null as long as none is known. */
  readonly salt: string | null;
}

/** What went wrong. */
export type FederationErrorCode =
  /** The constructor does not take an option. */
  | 'invalid_option'
  /** No connection, a lost one, a broker that forbids something or does not confirm. */
  | 'broker'
  /** A task, an invoice or a message that the client does not understand. */
  | 'invalid_message'
  /** A message that the last gate did not let pass; the error names type and member. */
  | 'refused'
  /** A task or an invoice while no salt is known. */
  | 'no_salt'
  /** Too many messages wait. */
  | 'queue_full'
  /** The file of `statePath` cannot be opened or written. */
  | 'state_unusable'
  /** A received message that is no JSON, is too long, or lacks the signature that statistics must have. */
  | 'bad_received'
  /** A handler of the program threw. */
  | 'handler_failed';

/** The error of the event `error`, and of a constructor that refuses its options. Its message holds no raw id. */
export class FederationError extends Error {
  override readonly name = 'FederationError';
  readonly code: FederationErrorCode;
  constructor(code: FederationErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The events of a client, with their arguments. */
export interface FederationEvents {
  readonly connected: [];
  readonly disconnected: [];
  /** The number of the attempt since the connection was lost. */
  readonly reconnecting: [attempt: number];
  readonly reconnected: [];
  /** A received message; once, however many subscriptions it matches. */
  readonly message: [message: { readonly subject: string; readonly data: unknown }];
  /** The broker confirmed a message. */
  readonly published: [message: { readonly subject: string; readonly data: FederationMessage }];
  /** Without a listener nothing happens. */
  readonly error: [error: FederationError];
}
