// The wiring of the enclave process: registrations over HTTP → accounts, which poll exchanges → signed summaries and sealed
// checkpoints → the link to the service. It makes the parts, starts them in order and stops them. It decides nothing.

import type { KeyObject } from 'node:crypto';
import { NodeActors } from '../../actors/node-actors.ts';
import type { HttpServer } from '../../http/bounded-server.ts';
import type { LossyLog } from '../../io/log.ts';
import { randomShare, systemClock } from '../../lib/clock.ts';
import { type DescriptorWatch, watchDescriptors } from '../../lib/descriptors.ts';
import { signInPool } from '../../lib/ed25519.ts';
import { CodedError } from '../../lib/errors.ts';
import { type Part, startAt } from '../../lib/part.ts';
import { systemTimers } from '../../lib/timers.ts';
import { programVersion } from '../../lib/version.ts';
import type { Exposition } from '../../metrics/registry.ts';
import { AccountActors } from '../actors/account-actors.ts';
import type { EnclaveSettings } from '../config/enclave-settings.ts';
import { type EnclaveIdentity, type EnclaveStatus, LINK_VERSION } from '../domain/enclave-link.ts';
import { AccountDesk } from '../enclave/accounts/account-desk.ts';
import { Attestor } from '../enclave/attestation/attestor.ts';
import type { Producer } from '../enclave/attestation/producer.ts';
import { Venues } from '../enclave/exchanges/venues.ts';
import { feedFor } from '../enclave/feeds/feed-for.ts';
import { Challenges } from '../enclave/keys/challenges.ts';
import type { EnvelopeKey } from '../enclave/keys/envelope-key.ts';
import type { SealKey } from '../enclave/keys/seal-key.ts';
import { ServiceLink } from '../enclave/link/service-link.ts';
import { judgeEnclaveReadiness } from '../http/enclave-readiness.ts';
import { createEnclaveServer } from '../http/enclave-server.ts';
import { createEnclaveMetrics } from '../metrics/enclave-metrics.ts';
import { enclaveStatus } from './enclave-status.ts';

/** What the process needs of the command that runs it. */
export interface EnclaveParts {
  readonly log: LossyLog;
  readonly sealKey: SealKey;
  readonly envelopeKey: EnvelopeKey;
  readonly producer: Producer;
  /** Called when the service asks the process to end in order. */
  stop(): void;
  /** Called when the process cannot continue. */
  fatal(error: CodedError): void;
}

/** The running enclave. */
export interface EnclaveApp extends Part<{ readonly url: string }> {
  /** Ends at once; there are no child processes. */
  kill(): void;
}

/** Time between two sweeps of the supervisor, in ms. */
const SWEEP_MS = 1_000;
/** Accounts say themselves which state their node is in, and no other node exists: none is swept for silence. */
const NO_SILENCE = { staleAfterMs: Infinity, offlineAfterMs: Infinity, forgetAfterMs: Infinity };

/** Makes the enclave; it does nothing before `start`. */
export function createEnclave(settings: EnclaveSettings, parts: EnclaveParts): EnclaveApp {
  return new EnclaveMain(settings, parts);
}

class EnclaveMain implements EnclaveApp {
  readonly #settings: EnclaveSettings;
  readonly #parts: EnclaveParts;
  readonly #started = new AsyncDisposableStack();
  readonly #startedAtMs = systemClock.nowMs();
  readonly #descriptors: DescriptorWatch;
  readonly #actors: NodeActors;
  readonly #venues: Venues;
  readonly #link: ServiceLink;
  readonly #desk: AccountDesk;
  readonly #challenges = new Challenges(systemClock);
  readonly #attestor: Attestor;
  readonly #metrics: Exposition;
  readonly #http: HttpServer;
  #url = '';
  #attestationProblem: string | null = null;

  constructor(settings: EnclaveSettings, parts: EnclaveParts) {
    const { log, sealKey, envelopeKey, producer } = parts;
    this.#settings = settings;
    this.#parts = parts;
    this.#descriptors = watchDescriptors(log);
    this.#actors = new NodeActors(NO_SILENCE, {
      log,
      clock: systemClock,
      transitions: () => undefined,
      failed: () => undefined,
    });
    const { exchangeUrls } = settings;
    this.#venues = new Venues({ exchangeUrls }, { clock: systemClock, timers: systemTimers, log });
    this.#link = this.#makeLink();
    this.#desk = this.#makeDesk();
    this.#attestor = new Attestor({
      producer,
      challenges: this.#challenges,
      envelopeKey,
      signingJwk: sealKey.signingJwk,
      version: programVersion(),
      configDigest: settings.configDigest,
    });
    this.#metrics = createEnclaveMetrics({
      status: () => this.#status(),
      wallMs: (monotonicMs) => monotonicMs - systemClock.monotonicMs() + systemClock.nowMs(),
    });
    this.#http = this.#makeServer();
  }

  async start(): Promise<{ readonly url: string }> {
    await startAt(this.#started, this.#descriptors);
    this.#started.defer(() => this.#metrics.stop());
    // The keys are bound to the hardware before anybody can ask for them.
    await this.#attestor.check();
    await startAt(this.#started, this.#venues);
    // The port first: an enclave that cannot have it must not be linked, and gone again a moment later.
    const { url } = await startAt(this.#started, this.#http);
    this.#url = url;
    await startAt(this.#started, this.#link);
    await startAt(this.#started, this.#desk);
    const sweeps = systemTimers.every(SWEEP_MS, () => this.#actors.sweep(systemClock.monotonicMs()));
    this.#started.defer(() => sweeps.cancel());
    this.#tellStart();
    return { url };
  }

  stop(): Promise<void> {
    return this.#started.disposeAsync();
  }

  kill(): void {}

  #makeLink(): ServiceLink {
    return new ServiceLink(this.#settings.socketPath, {
      identity: () => this.#identity(),
      status: () => this.#status(),
      answer: (question) => this.#desk.answer(question),
      linked: () => this.#desk.linked(),
      stop: () => this.#parts.stop(),
      log: this.#parts.log,
      clock: systemClock,
      timers: systemTimers,
    });
  }

  #makeDesk(): AccountDesk {
    const { accountsMax, graceMs, keepsSessions, withMetadata, canonical, returnBasis } = this.#settings;
    const { sealKey, log } = this.#parts;
    return new AccountDesk(
      {
        accountsMax,
        summaryGraceMs: graceMs,
        persistsSessions: keepsSessions,
        connectorVersion: programVersion(),
        withMetadata,
        canonical,
        returnBasis,
      },
      {
        actors: new AccountActors(this.#actors),
        venues: this.#venues,
        feedFor,
        keys: sealKey,
        signer: { keyId: sealKey.signingJwk.kid, sign: signerOf(sealKey.signingKey) },
        outgoing: this.#link.outgoing,
        restores: this.#link,
        clock: systemClock,
        timers: systemTimers,
        random: randomShare,
        log,
      },
    );
  }

  #makeServer(): HttpServer {
    const { envelopeKey, log } = this.#parts;
    return createEnclaveServer(this.#settings.listen, {
      live: () => true,
      readiness: () => this.#readiness(),
      metrics: async () => ({
        contentType: this.#metrics.contentType,
        text: await this.#metrics.text(),
      }),
      failed: (error) =>
        log.error('http: a request failed, which is a defect of the program; please report it', { error }),
      sessions: this.#desk,
      attestation: (nonce) => this.#attest(nonce),
      open: (envelope) => envelopeKey.open(envelope),
      spendChallenge: (text) => this.#challenges.spend(text),
      identity: this.#identity(),
      nowMs: systemClock.nowMs,
      monotonicMs: systemClock.monotonicMs,
    });
  }

  async #attest(nonce: Uint8Array) {
    try {
      const answer = await this.#attestor.answer(nonce);
      this.#attestationProblem = null;
      return answer;
    } catch (error) {
      const message = error instanceof CodedError ? error.message : 'the hardware gave no document';
      if (this.#attestationProblem === null) this.#parts.log.error(`attestation: ${message}`);
      this.#attestationProblem = message;
      throw error;
    }
  }

  #identity(): EnclaveIdentity {
    const { sealKey, producer } = this.#parts;
    const { configDigest, exchangeUrls } = this.#settings;
    return {
      linkVersion: LINK_VERSION,
      processId: process.pid,
      version: programVersion(),
      platform: producer.platform,
      sealId: sealKey.sealId,
      isSealKeyTemporary: sealKey.isTemporary,
      configDigest,
      signingKey: sealKey.signingJwk,
      url: this.#url,
      exchangeUrls: [...exchangeUrls].map(([exchange, url]) => `${exchange}=${url}`),
      startedAtMs: this.#startedAtMs,
    };
  }

  #status(): EnclaveStatus {
    return enclaveStatus(this.#desk, this.#venues.all);
  }

  #readiness() {
    return judgeEnclaveReadiness({
      platform: this.#parts.producer.platform,
      isSealKeyTemporary: this.#parts.sealKey.isTemporary,
      isLinked: this.#link.isLinked,
      unstoredSummaries: this.#desk.unstoredSummaries,
      attestationProblem: this.#attestationProblem,
      descriptorProblem: this.#descriptors.problem,
      logLoss: this.#parts.log.loss(),
    });
  }

  #tellStart(): void {
    const { log, sealKey, producer } = this.#parts;
    const { socketPath, exchangeUrls } = this.#settings;
    log.info(`enclave: ${this.#url} (attestation, registrations)`);
    log.info(`enclave: waits for the service at ${socketPath}`);
    log.info(`enclave: ${sealKey.signingJwk.kid} signs the summaries of accounts`);
    if (sealKey.isTemporary)
      log.warn('enclave: the seal key lives in memory only: a restart forgets every account');
    for (const [exchange, url] of exchangeUrls)
      log.warn(`enclave: EXCHANGE_URLS: ${exchange} is the local server ${url}, and not the exchange`);
    if (producer.platform === 'none')
      log.warn(
        'enclave: platform none: no trusted hardware protects the keys; root and the user of this process can read them',
      );
    else log.info(`enclave: platform ${producer.platform}`);
  }
}

function signerOf(key: KeyObject): (text: string) => Promise<string> {
  return (text) => signInPool(key, Buffer.from(text));
}
