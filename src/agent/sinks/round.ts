// One round: messages that are published together and confirmed by one answer of the broker. A message counts as
// confirmed when the PONG after it has come and the broker has not refused it. It takes nothing from the outbox.

import { subjectOf } from '../domain/envelope.ts';
import type { OutboundType } from '../domain/messages.ts';
import type { Channel } from './channel.ts';
import type { Signing } from './signing.ts';

/** A message that has passed the last gate. `id` is that of the outbox; null for presence. */
export interface Outgoing {
  readonly id: number | null;
  readonly type: OutboundType;
  readonly bytes: Uint8Array;
}

/** `there`: the broker answered. `lost`: the connection ended. `late`: no answer in time. `thrown`: the client failed. */
export type RoundEnd = 'there' | 'lost' | 'late' | 'thrown';

/** What became of the messages of a round. All others are unconfirmed: the broker may have them. */
export interface RoundResult {
  readonly end: RoundEnd;
  readonly confirmed: readonly Outgoing[];
  /** The broker does not take them in this connection. */
  readonly refused: readonly Outgoing[];
  /** Types of which it was not known before that the broker forbids them. */
  readonly newlyForbidden: readonly OutboundType[];
}

/** Sends the messages; `late` resolves when the broker has had time enough. Never rejects. */
export async function sendTogether(
  channel: Channel,
  messages: readonly Outgoing[],
  signing: Signing | null,
  late: Promise<'late'>,
): Promise<RoundResult> {
  const known = new Set(channel.forbidden);
  for (const { type, bytes } of messages) if (channel.isTooLong(bytes.length)) channel.forbidden.add(type);
  const end = await publish(channel, messages, signing, late);
  const isUnclear = judgeRefusals(channel, messages);
  const isRefused = ({ type }: Outgoing) => channel.forbidden.has(type);
  return {
    end,
    confirmed: end === 'there' && !isUnclear ? messages.filter((message) => !isRefused(message)) : [],
    refused: end === 'there' ? messages.filter(isRefused) : [],
    newlyForbidden: [...channel.forbidden].filter((type) => !known.has(type)),
  };
}

async function publish(
  channel: Channel,
  messages: readonly Outgoing[],
  signing: Signing | null,
  late: Promise<'late'>,
): Promise<RoundEnd> {
  try {
    for (const { type, bytes } of messages) {
      if (channel.forbidden.has(type)) continue;
      const subject = subjectOf(type);
      channel.publish(subject, bytes, signing?.headersFor(subject, bytes) ?? null);
    }
  } catch {
    return channel.isOpen ? 'thrown' : 'lost';
  }
  return Promise.race([channel.settled(), late]);
}

/**
 * Forbids the types that the broker refused. True if it refused something under another name, so that it is not known which
 * of several types that was; from then on only one type is sent together.
 */
function judgeRefusals(channel: Channel, messages: readonly Outgoing[]): boolean {
  const { types, isUnclear } = channel.takeRefused();
  for (const type of types) channel.forbidden.add(type);
  if (!isUnclear) return false;
  const [first, ...others] = new Set(
    messages.map(({ type }) => type).filter((type) => !types.includes(type)),
  );
  if (first !== undefined && others.length === 0) {
    channel.forbidden.add(first);
    return false;
  }
  channel.sendsOneType = true;
  return others.length > 0;
}
