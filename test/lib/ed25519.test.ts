import { describe, expect, it } from 'vitest';
import { createSigner, isSignature, thumbprint } from '../../src/lib/ed25519.ts';

// RFC 8037, appendix A: the key, its thumbprint, and the signature of A.4's signing input.
const X = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
const D = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A';
const KID = 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k';
const INPUT = Buffer.from('eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc');
const SIGNED = Buffer.from(
  'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
  'base64url',
).toString('base64');

describe('signature of statistics', () => {
  const signer = createSigner({ x: X, d: D });

  it('signature of statistics - key, thumbprint and signature equal those of RFC 8037', () => {
    expect(signer.publicKey).toEqual({
      kty: 'OKP',
      crv: 'Ed25519',
      x: X,
      kid: KID,
      use: 'sig',
      alg: 'EdDSA',
    });
    expect(thumbprint(X)).toBe(KID);
    expect(signer.sign(INPUT)).toBe(`ed25519=${SIGNED}`);
  });

  it.each([
    ['itself', X, INPUT, `ed25519=${SIGNED}`, true],
    ['another payload', X, Buffer.from('x'), `ed25519=${SIGNED}`, false],
    ['another key', 'A'.repeat(43), INPUT, `ed25519=${SIGNED}`, false],
    ['no key', '', INPUT, `ed25519=${SIGNED}`, false],
    ['without its name', X, INPUT, SIGNED, false],
    ['another algorithm', X, INPUT, `rsa=${SIGNED}`, false],
    ['cut', X, INPUT, `ed25519=${SIGNED.slice(0, 40)}`, false],
    ['changed', X, INPUT, `ed25519=${SIGNED.replace('h', 'i')}`, false],
    ['nothing', X, INPUT, '', false],
  ])(
    'signature of statistics - a signature is valid only for the signed bytes: %s',
    (_what, x, payload, signature, fits) => {
      expect(isSignature(x, payload, signature)).toBe(fits);
    },
  );
});
