// Says which kinds of account can be polled at which exchange. Pure. The sentences are for the person who registers.

import type { Credentials } from '../../domain/account.ts';
import type { AccountType } from '../../domain/registration.ts';
import { isTestedExchange } from '../../domain/tested-exchanges.ts';

/** How an instance is pointed at the exchange's test environment. */
export type Environment = 'live' | 'testnet' | 'demo';

/** What ccxt says of an exchange. */
export interface ExchangeAbilities {
  /** Names of the credentials that the exchange wants. */
  readonly requiredCredentials: readonly string[];
  readonly hasFetchMyTrades: boolean;
  /** True if ccxt knows addresses of a test environment for all of the exchange's interfaces. */
  readonly hasTestnet: boolean;
}

/** What is to be polled. */
export interface SupportQuestion {
  readonly exchange: string;
  readonly accountType: AccountType;
  readonly isSandbox: boolean;
}

/** Where the accounts are, or the sentence that refuses them. */
type Answer = { readonly environment: Environment } | { readonly refusal: string };
type Row = Readonly<Record<AccountType, Answer>>;

interface Support {
  readonly live: Row;
  readonly sandbox: Row;
}

const LIVE: Answer = { environment: 'live' };
const TESTNET: Answer = { environment: 'testnet' };
const DEMO: Answer = { environment: 'demo' };

const KRAKEN_FUTURES: Answer = {
  refusal: 'Futures of Kraken are an exchange of their own: register krakenfutures instead.',
};
const KRAKEN_SANDBOX: Answer = { refusal: 'Kraken has no sandbox for spot and margin.' };
const BINANCE_MARGIN: Answer = { refusal: 'The sandbox of Binance has no margin accounts.' };

/** What the tested exchanges have. */
const OWN: ReadonlyMap<string, Support> = new Map([
  [
    'binance',
    {
      live: { spot: LIVE, margin: LIVE, futures: LIVE },
      sandbox: { spot: TESTNET, margin: BINANCE_MARGIN, futures: DEMO },
    },
  ],
  [
    'bybit',
    {
      live: { spot: LIVE, margin: LIVE, futures: LIVE },
      sandbox: { spot: TESTNET, margin: TESTNET, futures: TESTNET },
    },
  ],
  [
    'kraken',
    {
      live: { spot: LIVE, margin: LIVE, futures: KRAKEN_FUTURES },
      sandbox: { spot: KRAKEN_SANDBOX, margin: KRAKEN_SANDBOX, futures: KRAKEN_FUTURES },
    },
  ],
]);

/** Credentials that a registration can have, by the names that ccxt gives them. */
const MEMBERS: ReadonlyMap<string, keyof Credentials> = new Map(
  (['apiKey', 'secret', 'password', 'uid', 'walletAddress', 'privateKey'] as const).map((name) => [
    name,
    name,
  ]),
);

/** The environment that an account belongs to; of use only for what {@link refusalOf} does not refuse. */
export function environmentOf(question: SupportQuestion): Environment {
  const answer = answerTo(question);
  return 'environment' in answer ? answer.environment : 'live';
}

/** Why such an account cannot be polled, as a sentence; null if it can. No credential is repeated. */
export function refusalOf(
  question: SupportQuestion,
  abilities: ExchangeAbilities,
  credentials: Credentials,
): string | null {
  const { exchange, isSandbox } = question;
  const answer = answerTo(question);
  if ('refusal' in answer) return answer.refusal;
  if (!abilities.hasFetchMyTrades) return `${exchange} does not tell the trades of an account.`;
  if (isSandbox && !isTestedExchange(exchange) && !abilities.hasTestnet)
    return `The sandbox of ${exchange} is not supported.`;
  for (const name of abilities.requiredCredentials) {
    const member = MEMBERS.get(name);
    if (member === undefined) return `${exchange} needs a credential that is not supported: ${name}.`;
    if ((credentials[member] ?? '') === '') return `${exchange} needs ${member}.`;
  }
  return null;
}

function answerTo({ exchange, accountType, isSandbox }: SupportQuestion): Answer {
  const support = OWN.get(exchange);
  if (support === undefined) return isSandbox ? TESTNET : LIVE;
  return (isSandbox ? support.sandbox : support.live)[accountType];
}
