// The one way to the server: typed from its OpenAPI document, with the session's CSRF token, failing as a Problem.
import createClient, { type FetchResponse, type Middleware } from 'openapi-fetch'
import { Problem } from './problem'
import type { paths } from './schema'

let csrf = ''
let loggedOut: (() => void) | undefined

/** Told by the session: the token of this login, and whom to tell when it has ended. */
export function trust(token: string): void {
  csrf = token
}
export function onLoggedOut(listener: () => void): void {
  loggedOut = listener
}
/** The server has said that there is no session any more. */
export function sessionEnded(): void {
  loggedOut?.()
}

const door: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET') request.headers.set('X-CSRF-Token', csrf)
    return request
  },
  async onResponse({ response, schemaPath }) {
    if (response.ok) return response
    if (response.status === 401 && schemaPath !== '/api/session') sessionEnded()
    throw await Problem.of(response)
  },
  onError({ error }) {
    return error instanceof Problem ? error : Problem.unreachable(error)
  },
}

export const api = createClient<paths>({ baseUrl: '/', credentials: 'same-origin' })
api.use(door)

/** The body of a good answer; anything else has been thrown as a Problem before. */
export async function ask<R extends Record<string | number, unknown>, O, M extends `${string}/${string}`>(
  request: Promise<FetchResponse<R, O, M>>,
): Promise<NonNullable<FetchResponse<R, O, M>['data']>> {
  const { data } = await request
  return data as NonNullable<typeof data>
}

/** A key that makes a POST sent twice be done once; keep it for the retry of the same thing. */
export function onceKey(): { 'Idempotency-Key': string } {
  return { 'Idempotency-Key': crypto.randomUUID?.() ?? fallbackId() }
}

/** `randomUUID` needs HTTPS or localhost; a phone on the office network may have neither. */
function fallbackId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
