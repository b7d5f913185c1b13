// Keeps the stream that is ours as the settings want it, and says in a sentence what the broker refuses to change and what
// to do about it. It reads no messages.

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

/** What is not as wanted; the same `key` is the same fault. */
export interface StreamFault {
  readonly key: string;
  readonly sentence: string;
  /** The same where none of its messages can be read. */
  readonly unreadSentence: string;
  /** Messages of nodes may not get into the stream. */
  readonly keepsMessagesOut: boolean;
}

export interface OurStream {
  readonly info: StreamInfo;
  /** Null if the stream is as wanted. */
  readonly fault: StreamFault | null;
}

/** The broker refuses to make the stream at all; the message says why and what to do. */
export class StreamRefused extends Error {}

/** Settings by which an operator chooses a property. */
const SETTINGS: Readonly<Record<string, string>> = {
  max_age: 'STREAM_MAX_AGE',
  max_bytes: 'STREAM_MAX_BYTES',
};

const ROOM =
  'set STREAM_MAX_BYTES to what the broker takes, or give it more room: max_file_store in its configuration, or the storage limit of our account';

/** Makes or mends the stream. Throws {@link StreamRefused} if there is none then. */
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

/** What the broker refused to change, with the remedy; `isRead`: its messages are read all the same. */
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
