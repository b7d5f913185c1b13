// The heaps of a running program, one for each of its threads, as its inspector shows them after a garbage collection: a
// snapshot with the values of numbers, and a search in the memory of all buffers. The program is started with
// `--inspect=127.0.0.1:0`.

import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';

/** The heap of one thread. */
export interface InspectedHeap {
  /** The place of its thread; 0 is the main thread. */
  readonly place: number;
  /** The snapshot as JSON text: names and texts of all objects, and numbers as JavaScript prints them. */
  readonly snapshot: string;
  /** The patterns, by their place, that stand in a buffer of this thread. */
  readonly inBuffers: readonly number[];
  /** Buffers that were searched. */
  readonly buffers: number;
}

let snapshots = 0;

interface Found {
  readonly found: readonly number[];
  readonly buffers: number;
}

type Json = Readonly<Record<string, unknown>>;
/** Sends one command to one thread; resolves with its result. */
type Send = (method: string, params?: Json) => Promise<Json>;

/** What has bytes: memory, and views of it. */
const PROTOTYPES = [
  'ArrayBuffer.prototype',
  'SharedArrayBuffer.prototype',
  'Object.getPrototypeOf(Uint8Array.prototype)',
  'DataView.prototype',
];

/**
 * Runs in the inspected thread. Small buffers share a memory, in which bytes of those that are gone stand until others take
 * their place: of it only the views count. The patterns get memory of their own.
 */
const SEARCH = `function (patterns) {
  const wanted = patterns.map((text) => Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0)));
  const { isAnyArrayBuffer } = process.getBuiltinModule('node:util').types;
  const found = new Set();
  for (const object of this) {
    const isView = ArrayBuffer.isView(object);
    // Prototypes are found too.
    if (!isView && !isAnyArrayBuffer(object)) continue;
    const memory = isView ? object.buffer : object;
    const isPool = object.byteLength === Buffer.poolSize && (!isView || Buffer.isBuffer(object));
    if (memory.detached || isPool) continue;
    const bytes = isView ? Buffer.from(memory, object.byteOffset, object.byteLength) : Buffer.from(memory);
    wanted.forEach((pattern, place) => {
      if (bytes.includes(pattern)) found.add(place);
    });
  }
  return { found: [...found], buffers: this.length };
}`;

/** One thread that the inspector speaks with. */
class Thread {
  readonly #waiting = new Map<number, (message: Json) => void>();
  readonly #post: (text: string) => void;
  #last = 0;
  /** Called with each message that answers no command. */
  event: (method: string, params: Json) => void = () => undefined;

  constructor(post: (text: string) => void) {
    this.#post = post;
  }

  readonly send: Send = (method, params = {}) =>
    new Promise((resolve, reject) => {
      const id = (this.#last += 1);
      this.#waiting.set(id, (message) => {
        if (message['error'] === undefined) resolve((message['result'] ?? {}) as Json);
        else reject(new Error(`${method}: ${JSON.stringify(message['error'])}`));
      });
      this.#post(JSON.stringify({ id, method, params }));
    });

  take(text: string): void {
    const message = JSON.parse(text) as Json;
    const { id, method, params = {} } = message;
    if (typeof id !== 'number') return this.event(String(method), params as Json);
    this.#waiting.get(id)?.(message);
    this.#waiting.delete(id);
  }

  async inspect(patterns: readonly Buffer[]): Promise<Omit<InspectedHeap, 'place'>> {
    const snapshot = await this.#snapshot();
    const inBuffers = new Set<number>();
    let buffers = 0;
    for (const prototype of PROTOTYPES) {
      const found = await this.#search(prototype, patterns);
      for (const place of found.found) inBuffers.add(place);
      buffers += found.buffers;
    }
    return { snapshot, inBuffers: [...inBuffers], buffers };
  }

  /** The thread writes it: an idle thread of a pool waits where the inspector's own command would not reach it. */
  async #snapshot(): Promise<string> {
    const file = join(tmpdir(), `inspected-${process.pid}-${(snapshots += 1)}.heapsnapshot`);
    const v8 = `process.getBuiltinModule('node:v8')`;
    try {
      await this.evaluate(`${v8}.writeHeapSnapshot(${JSON.stringify(file)}, { exposeNumericValues: true })`);
      return readFileSync(file, 'utf8');
    } finally {
      rmSync(file, { force: true });
    }
  }

  /** Evaluates an expression, which must not throw. */
  async evaluate(expression: string): Promise<Json> {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return result as Json;
  }

  async #search(prototype: string, patterns: readonly Buffer[]) {
    const result = await this.evaluate(prototype);
    const { objects } = (await this.send('Runtime.queryObjects', {
      prototypeObjectId: result['objectId'],
    })) as { readonly objects: Json };
    const called = (await this.send('Runtime.callFunctionOn', {
      objectId: objects['objectId'],
      functionDeclaration: SEARCH,
      arguments: [{ value: patterns.map((pattern) => pattern.toString('base64')) }],
      returnByValue: true,
    })) as { readonly result: { readonly value?: Found }; readonly exceptionDetails?: Json };
    if (called.result.value === undefined) throw new Error(JSON.stringify(called.exceptionDetails));
    return called.result.value;
  }
}

/** The threads of one program. Closed, it leaves no trace in the program. */
export class HeapInspector {
  readonly #socket: WebSocket;
  readonly #threads: Thread[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Connects to the address that the program has printed on standard error, and to all threads that run. */
  static async open(url: string): Promise<HeapInspector> {
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 2 ** 30 });
    const inspector = new HeapInspector(socket);
    const main = inspector.#add((text) => socket.send(text));
    const workers = new Map<string, Thread>();
    main.event = (method, params) => {
      const sessionId = String(params['sessionId']);
      if (method === 'NodeWorker.attachedToWorker') {
        const post = (message: string) =>
          void main.send('NodeWorker.sendMessageToWorker', { sessionId, message }).catch(() => undefined);
        workers.set(sessionId, inspector.#add(post));
      } else if (method === 'NodeWorker.receivedMessageFromWorker') {
        workers.get(sessionId)?.take(String(params['message']));
      }
    };
    socket.on('message', (data: Buffer) => main.take(data.toString('utf8')));
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    await main.send('NodeWorker.enable', { waitForDebuggerOnStart: false });
    return inspector;
  }

  #add(post: (text: string) => void): Thread {
    const thread = new Thread(post);
    this.#threads.push(thread);
    return thread;
  }

  /** Evaluates an expression, which must not throw, in the thread of this heap. */
  async evaluate(heap: InspectedHeap, expression: string): Promise<void> {
    await this.#threads[heap.place]?.evaluate(expression);
  }

  /** The heaps of all threads, one after the other. */
  async heaps(patterns: readonly Buffer[]): Promise<readonly InspectedHeap[]> {
    const heaps: InspectedHeap[] = [];
    for (const [place, thread] of this.#threads.entries())
      heaps.push({ place, ...(await thread.inspect(patterns)) });
    return heaps;
  }

  /** The heap of one thread as it is now. */
  async again({ place }: InspectedHeap, patterns: readonly Buffer[]): Promise<InspectedHeap> {
    const [thread] = this.#threads.slice(place);
    if (thread === undefined) throw new Error('no such thread');
    return { place, ...(await thread.inspect(patterns)) };
  }

  close(): void {
    this.#socket.close();
  }
}
