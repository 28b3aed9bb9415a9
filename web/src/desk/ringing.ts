// Rings until somebody claims: sound by priority, the tab's title, a notice of the operating system.
import { computed, onScopeDispose, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, ask } from '@/shared/api/client'
import { useNow } from '@/shared/clock'
import { useSession } from '@/shared/session'
import { ring, type Ring } from '@/shared/sound'
import type { AlarmRow } from '@/shared/api/types'
import { lasting } from '@/shared/words'
import { useQueue } from './queue'

/** Those who answer alarms; others see the strip and hear nothing. */
export const ANSWERING = ['operator', 'shift_lead']

export function useRinging(): void {
  const { t } = useI18n()
  const { me } = useSession()
  const { queue, ringing, lost } = useQueue()
  const now = useNow()
  const first = computed(() => ringing.value[0])

  /** An alarm may ring first at whoever knows the case, and at the lead last; alone at the desk one hears everything. */
  function ringsHere(alarm: AlarmRow): boolean {
    if (alarm.assigned_to_me || (queue.value?.duty.on_duty ?? 0) <= 1) return true
    if (alarm.rings === 'assigned') return false
    return alarm.rings === 'lead' || me.value?.role === 'operator'
  }
  const loudest = computed(() => ringing.value.find(ringsHere))

  const sounding = computed((): Ring | undefined => {
    if (!me.value || !ANSWERING.includes(me.value.role)) return undefined
    if (lost.value) return 'lost'
    if (!loudest.value) return undefined
    return loudest.value.priority <= 1 ? 'p1' : loudest.value.priority === 2 ? 'p2' : 'p3'
  })
  watch(sounding, ring)

  const title = computed(() => {
    if (lost.value) return `⚠ ${t('desk.strip.lost')}`
    if (!first.value) return t('desk.title')
    const flash = Math.floor(now.value / 1000) % 2 ? '●' : '○'
    return `${flash} ${first.value.elder_name ?? t('desk.strip.unknown_elder')} ${lasting(now.value - Date.parse(first.value.raised_at))}`
  })
  watch(title, (text) => (document.title = text))

  // An installer waits to hear that the test came out here: said once, by a desk at which it really rings.
  const told = new Set<number>()
  watch(ringing, (alarms) => {
    for (const alarm of alarms.filter((one) => one.test && ringsHere(one) && !told.has(one.id))) {
      if (!me.value || !ANSWERING.includes(me.value.role)) return
      told.add(alarm.id)
      const path = { alarm_id: alarm.id }
      ask(api.POST('/api/alarms/{alarm_id}/shown', { params: { path } })).catch((error: unknown) => (told.delete(alarm.id), console.warn('shown', error)))
    }
  })

  const known = new Set<number>()
  watch(ringing, (alarms) => {
    for (const alarm of alarms) {
      if (known.has(alarm.id) || document.visibilityState === 'visible') continue
      if ('Notification' in window && Notification.permission === 'granted') {
        const notice = new Notification(`${t(`enums.signal.${alarm.kind}`)} · ${alarm.elder_name ?? t('desk.strip.unknown_elder')}`, {
          body: alarm.address,
          tag: `alarm-${alarm.id}`,
          requireInteraction: true,
        })
        notice.onclick = () => window.focus()
      }
    }
    known.clear()
    for (const alarm of alarms) known.add(alarm.id)
  })
  onScopeDispose(() => ring(undefined))
}
