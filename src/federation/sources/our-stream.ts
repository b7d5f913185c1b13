// Keeps the program's own stream as the settings demand. If the broker refuses a change, it words the refusal and the
// remedy in a sentence. It reads no messages.

import {
  describeStorageLimit,
  isRefusal,
  type JetStreamManager,
  type KeptStream,
  keepStream,
  type RefusedDifference,
  type StreamInfo,
} from '../../io/streams.ts';
import { keepsMessagesOut, type WantedStream } from '../../io/stream-settings.ts';

/** The wrong settings of the stream; the same `key` means the same fault. */
export interface StreamFault {
  readonly key: string;
  readonly sentence: string;
  /** The sentence for a stream from which no message can be read. */
  readonly unreadSentence: string;
  /** True if the stream may fail to store messages of nodes. */
  readonly keepsMessagesOut: boolean;
}

/** The program's own stream, and its wrong settings. */
export interface OurStream {
  readonly info: StreamInfo;
  /** Null if all settings are right. */
  readonly fault: StreamFault | null;
}

/** The broker refuses to make the stream at all; the message gives the reason and the remedy. */
export class StreamRefused extends Error {}

/** The settings by which an operator chooses a property. */
const SETTINGS: Readonly<Record<string, string>> = {
  max_age: 'STREAM_MAX_AGE',
  max_bytes: 'STREAM_MAX_BYTES',
};

const ROOM =
  'set STREAM_MAX_BYTES to what the broker takes, or give it more room: max_file_store in its configuration, or the storage limit of the account';

/** Makes or repairs the stream. Throws {@link StreamRefused} if no stream exists afterwards. */
export async function keepOurStream(
  manager: JetStreamManager,
  wanted: WantedStream,
  existing: StreamInfo | null,
): Promise<OurStream> {
  let kept: KeptStream;
  try {
    kept = await keepStream(manager, wanted, existing);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new StreamRefused(refusedSentence(wanted, error.message, await describeStorageLimit(manager)), {
      cause: error,
    });
  }
  const { info, refused } = kept;
  if (refused.length === 0) return { info, fault: null };
  const isTooLarge = refused.some(({ field, reason }) => field === 'max_bytes' && reason !== null);
  const limit = isTooLarge ? await describeStorageLimit(manager) : null;
  return {
    info,
    fault: {
      key: refused.map(({ field, have, want }) => `${field} ${have} ${want}`).join(),
      sentence: faultSentence(wanted.name, refused, limit, true),
      unreadSentence: faultSentence(wanted.name, refused, limit, false),
      keepsMessagesOut: refused.some(keepsMessagesOut),
    },
  };
}

/**
 * The sentence for properties that the broker refuses to change, with the remedy; `isRead`: the stream is read
 * nevertheless.
 */
export function faultSentence(
  name: string,
  refused: readonly RefusedDifference[],
  storageLimit: string | null,
  isRead: boolean,
): string {
  const fields = refused.map(({ field, have, want, reason }) => {
    const setting = SETTINGS[field];
    const wish = setting === undefined ? `should be ${want}` : `should be ${want} by ${setting}`;
    return `${field} is ${have}, ${wish}${reason === null ? '' : ` (${reason})`}`;
  });
  const isRoom = ({ field, reason }: RefusedDifference) => field === 'max_bytes' && reason !== null;
  const remedies = [
    ...(refused.some(isRoom) ? [`${storageLimit === null ? '' : `${storageLimit}: `}${ROOM}`] : []),
    ...(refused.every(isRoom)
      ? []
      : [
          isRead
            ? 'mend the stream, or delete it once its messages are read: it is then made anew'
            : `mend the stream, or delete it (nats stream rm ${name}): it is then made anew, and what it holds unread is lost`,
        ]),
  ];
  const reading = isRead
    ? 'Its messages are read as far as the broker gives them'
    : 'None of its messages can be read now';
  return `stream_settings: the broker refuses to change the stream ${name}: ${fields.join('; ')}. Remedy: ${remedies.join('; ')}. ${reading}`;
}

function refusedSentence(wanted: WantedStream, reason: string, storageLimit: string | null): string {
  const limit = storageLimit === null ? '' : ` ${storageLimit}.`;
  return `stream_settings: the broker refuses to make the stream ${wanted.name} with max_bytes ${wanted.maxBytes} (STREAM_MAX_BYTES) and max_age ${wanted.maxAgeMs} ms (STREAM_MAX_AGE): ${reason}.${limit} Remedy: ${ROOM}; or change STREAM_MAX_AGE, if it is that`;
}
