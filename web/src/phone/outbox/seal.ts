// Personal data at rest: sealed with keys that script can use but not read, one for what may be forgotten, one for what may not.
import type { Sealed } from './shelves'

/** Encrypts; `extractable: false` keeps the key itself out of reach even of our own code. */
export function newKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

/** WebCrypto needs HTTPS or localhost; elsewhere nothing personal is written to the phone, it stays in memory. */
export const canSeal = (): boolean => typeof crypto.subtle !== 'undefined'

export async function sealBytes(key: CryptoKey, bytes: BufferSource): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12))
  return { iv, box: await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, bytes) }
}

/** Undefined where the key does not fit any more: what was sealed is then gone for good. */
export async function openBytes(key: CryptoKey, { iv, box }: Sealed): Promise<ArrayBuffer | undefined> {
  try {
    return await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, box)
  } catch {
    return undefined
  }
}

export const seal = (key: CryptoKey, value: unknown): Promise<Sealed> => sealBytes(key, new TextEncoder().encode(JSON.stringify(value)))

export async function open<T>(key: CryptoKey, sealed: Sealed): Promise<T | undefined> {
  const bytes = await openBytes(key, sealed)
  return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as T)
}
