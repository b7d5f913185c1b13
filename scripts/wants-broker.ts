// Whether the program would start a nats-server of its own with the settings of this environment: exit code 0 if so. Asked by
// ./aggregator, which fetches one only then. It starts nothing, and leaves it to the program to say which settings are wrong.

import { environment } from '../src/config/environment.ts';
import { readSettings, wantsOwnBroker } from '../src/federation/config/settings.ts';
import { CodedError } from '../src/lib/errors.ts';

try {
  process.exitCode = wantsOwnBroker(readSettings(environment()).settings) ? 0 : 1;
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  process.exitCode = 1;
}
