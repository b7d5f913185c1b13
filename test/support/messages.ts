// Messages as a monitor sends them, each with what a test is about and nothing else.

export interface Publication {
  readonly subject: string;
  readonly payload: string;
}

function publication(subject: string, type: string, nodeId: string, data: object): Publication {
  const envelope = { version: '1.0', type, nodeId, timestamp: '2026-01-15T10:30:00.000Z', data };
  return { subject, payload: JSON.stringify(envelope) };
}

export function hashOf(task: number): string {
  return task.toString(16).padStart(64, '0');
}

export function taskReceived(task: number, nodeId = 'node-0001'): Publication {
  const data = { chainId: '1', taskType: 'wasm', taskIdHash: hashOf(task) };
  return publication('truebit.tasks.received', 'task_received', nodeId, data);
}

export function taskCompleted(task: number, success: boolean, nodeId = 'node-0001'): Publication {
  const data = { chainId: '1', taskIdHash: hashOf(task), success, executionTimeBucket: '<100ms' };
  return publication('truebit.tasks.completed', 'task_completed', nodeId, data);
}

export function invoiceCreated(invoice: number, nodeId = 'node-0001'): Publication {
  const data = { invoiceIdHash: hashOf(invoice), chainId: '1', operation: 'compute' };
  return publication('truebit.invoices.created', 'invoice_created', nodeId, data);
}

export function heartbeat(nodeId: string, status = 'online'): Publication {
  return publication('truebit.heartbeat', 'heartbeat', nodeId, { status });
}

export function nodeJoined(nodeId: string): Publication {
  return publication('truebit.nodes.joined', 'node_joined', nodeId, { status: 'online' });
}

export function nodeLeft(nodeId: string): Publication {
  return publication('truebit.nodes.left', 'node_left', nodeId, { status: 'offline' });
}

/** One `task_received` for each number from `from` up to, and without, `to`. */
export function tasks(from: number, to: number): Publication[] {
  return Array.from({ length: to - from }, (_, index) => taskReceived(from + index));
}
