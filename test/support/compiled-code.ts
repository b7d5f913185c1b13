// Where Node keeps the compiled code of programs that tests start. It only names the folder: Node makes it, checks each
// file in it against its source, and does without where it cannot write.

import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The variable for a program's environment: with compiled code it starts in half the processor time. */
export const COMPILED_CODE = { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') } as const;
