// Notices of the operating system: for whoever has another window before the desk, or sits at another table.
import { onScopeDispose } from 'vue'

const shown = new Map<string, Notification>()

/** One notice of a name; several windows of the desk show it once, because the system knows it by its tag. */
export function notify(name: string, title: string, body: string): void {
  if (!('Notification' in window) || Notification.permission !== 'granted') return
  const notice = new Notification(title, { body, tag: `yinling-${name}`, requireInteraction: true })
  notice.onclick = () => window.focus()
  shown.get(name)?.close()
  shown.set(name, notice)
}

export function withdraw(name: string): void {
  shown.get(name)?.close()
  shown.delete(name)
}

/** Takes back all of them with the page. */
export function useNotices(): void {
  onScopeDispose(() => [...shown.keys()].forEach(withdraw))
}
