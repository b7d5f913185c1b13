// The one setting that service and enclave share: where they meet.

import { setting } from '../../config/definition.ts';
import { socketFile } from './kinds.ts';

/** The Unix socket at which the enclave waits for the service. */
export const ENCLAVE_SOCKET = setting(
  socketFile,
  'data/enclave.sock',
  'The Unix socket at which the enclave waits for the service; both must name the same.',
);
