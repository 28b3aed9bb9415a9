// Ringing this phone while it sleeps, as far as its browser allows; without it she is told by text message.
import { api, ask } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'

/** on: rings; ask: never asked; off: allowed, not subscribed; denied: by her; none: no such browser or installation */
export type Standing = 'unknown' | 'on' | 'ask' | 'off' | 'denied' | 'none'

const able = (): boolean => 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window

async function subscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration('/phone/')
  return (await registration?.pushManager.getSubscription()) ?? null
}

export async function standing(): Promise<Standing> {
  if (!able()) return 'none'
  if (Notification.permission === 'denied') return 'denied'
  if (Notification.permission === 'default') return 'ask'
  return (await subscription()) ? 'on' : 'off'
}

/** Asks her, subscribes, and tells the server; whatever goes wrong on the way is said by the standing. */
export async function ringMe(): Promise<Standing> {
  if (!able()) return 'none'
  if ((await Notification.requestPermission()) !== 'granted') return standing()
  try {
    const { key } = await ask(api.GET('/api/phone/push'))
    const registration = await navigator.serviceWorker.getRegistration('/phone/')
    if (!key || !registration) return 'none'
    const made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
    const { endpoint, keys, expirationTime } = made.toJSON()
    if (!endpoint || !keys?.p256dh || !keys.auth) return 'none'
    const expires_at = expirationTime ? new Date(expirationTime).toISOString() : null
    await ask(api.PUT('/api/phone/push', { body: { endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth }, expires_at, device: deviceName() } }))
    return 'on'
  } catch (error) {
    if (error instanceof Problem || error instanceof DOMException) return 'none'
    throw error
  }
}

/** At logout: whoever has this phone next is not rung for her. */
export async function forgetMe(): Promise<void> {
  if (!able()) return
  const made = await subscription()
  if (!made) return
  await ask(api.POST('/api/phone/push/leave', { body: { endpoint: made.endpoint } })).catch(() => undefined)
  await made.unsubscribe()
}

const deviceName = (): string => /\(([^;)]+)(?:;[^)]*)?\)/.exec(navigator.userAgent)?.[1]?.slice(0, 60) ?? ''
