// The library `truebit-aggregator/agent`: what another program imports to speak for a node. Everything else of the package
// is private.

// The first import of all: on an old Node nothing else is run.
export { OLDEST_NODE } from './node-version.ts';
export { FederationClient } from './federation-client.ts';
export { FederationError } from './types.ts';
export type {
  FederationClientOptions,
  FederationCredentials,
  FederationErrorCode,
  FederationEvents,
  FederationHandlers,
  FederationMessage,
  FederationStats,
  FederationSubscription,
  MessageHandler,
  MonitorInvoice,
  MonitorInvoiceDetails,
  MonitorTask,
  MonitorTime,
  NodeStatus,
} from './types.ts';
