// Rings until somebody claims: sound by priority in one window, the tab's title and picture, notices of the system.
import { computed, onScopeDispose, ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, ask } from '@/shared/api/client'
import type { AlarmRow } from '@/shared/api/types'
import { useAwake } from '@/shared/awake'
import { useNow } from '@/shared/clock'
import { useSession } from '@/shared/session'
import { ring, sound, type Ring } from '@/shared/sound'
import { lasting } from '@/shared/words'
import { comma } from '@/shared/i18n'
import { badge, showBadge } from './badge'
import { notify, useNotices, withdraw } from './notices'
import { useOneWindow } from './oneWindow'
import { useQueue } from './queue'
import { useShift } from './shift'
import { illParts, NOTICED, troublesOf, type Trouble } from './troubles'

/** Those who answer alarms; others see the strip and hear nothing. */
export const ANSWERING = ['operator', 'shift_lead']

/** What is wrong with this desk now, the worst first. */
export const troubles = ref<Trouble[]>([])
/** Another window of this operator makes the sound. */
export const ringsElsewhere = ref(false)

export function useRinging(): void {
  const { t } = useI18n()
  const { me } = useSession()
  const { queue, ringing, lost, heardAt } = useQueue()
  const { asked, shift } = useShift()
  const now = useNow()
  useNotices()
  const answers = computed(() => me.value !== null && ANSWERING.includes(me.value.role))
  const first = computed(() => ringing.value[0])

  /** An alarm may ring first at whoever knows the case, and at the lead last; alone at the desk one hears everything. */
  function ringsHere(alarm: AlarmRow): boolean {
    if (alarm.assigned_to_me || (queue.value?.duty.on_duty ?? 0) <= 1) return true
    if (alarm.rings === 'assigned') return false
    return alarm.rings === 'lead' || me.value?.role === 'operator'
  }
  const loudest = computed(() => ringing.value.find(ringsHere))

  const able = computed(() => answers.value && !lost.value && ['on', 'unheard'].includes(sound.value))
  const mine = useOneWindow(() => me.value ? `yinling.ring.${me.value.id}` : undefined, able)
  watch([able, mine], () => (ringsElsewhere.value = able.value && !mine.value), { immediate: true })

  const sounding = computed((): Ring | undefined => {
    if (!answers.value) return undefined
    if (lost.value) return 'lost'
    if (!loudest.value || !mine.value) return undefined
    return loudest.value.priority <= 1 ? 'p1' : loudest.value.priority === 2 ? 'p2' : 'p3'
  })
  watch(sounding, ring)
  useAwake(computed(() => answers.value && (shift.value?.on ?? false)))

  const title = computed(() => {
    if (lost.value) return `⚠ ${t('desk.strip.lost')}`
    if (!first.value) return t('desk.title')
    const flash = Math.floor(now.value / 1000) % 2 ? '●' : '○'
    return `(${ringing.value.length}) ${flash} ${first.value.elder_name ?? first.value.worker_name ?? t('desk.strip.unknown_elder')} ${lasting(now.value - Date.parse(first.value.raised_at))}`
  })
  watch(title, (text) => (document.title = text))
  const picture = computed(() => {
    if (lost.value) return badge(0, 'warn')
    return first.value && badge(ringing.value.length, first.value.priority <= 1 ? 'sos' : 'late')
  })
  watch(picture, showBadge)

  // An installer waits to hear that the test came out here: said once, by a desk at which it really rings.
  const told = new Set<number>()
  watch(ringing, (alarms) => {
    for (const alarm of alarms.filter((one) => one.test && ringsHere(one) && !told.has(one.id))) {
      if (!answers.value) return
      told.add(alarm.id)
      const path = { alarm_id: alarm.id }
      ask(api.POST('/api/alarms/{alarm_id}/shown', { params: { path } })).catch((error: unknown) => (told.delete(alarm.id), console.warn('shown', error)))
    }
  })

  const known = new Set<number>()
  watch(ringing, (alarms) => {
    for (const alarm of alarms) {
      if (known.has(alarm.id) || !answers.value || document.visibilityState === 'visible') continue
      known.add(alarm.id)
      notify(`alarm-${alarm.id}`, `${t(`enums.signal.${alarm.kind}`)} · ${alarm.elder_name ?? alarm.worker_name ?? t('desk.strip.unknown_elder')}`, alarm.address)
    }
    const still = new Set(alarms.map(({ id }) => id))
    for (const id of [...known].filter((one) => !still.has(one))) {
      known.delete(id)
      withdraw(`alarm-${id}`) // somebody has it
    }
  })

  // What is wrong with the desk itself is said here and, while its operator is on duty, by the system too.
  const hiddenSince = ref<number | null>(null)
  const see = () => (hiddenSince.value = document.visibilityState === 'visible' ? null : performance.now())
  document.addEventListener('visibilitychange', see)
  watch(
    now,
    () => {
      const found = troublesOf({
        lost: lost.value,
        queue: queue.value,
        hears: answers.value && !asked.value,
        sound: sound.value,
        hidden: hiddenSince.value === null ? 0 : performance.now() - hiddenSince.value,
      })
      if (found.join() !== troubles.value.join()) troubles.value = found
    },
    { immediate: true },
  )
  watch(troubles, (found, before) => {
    for (const one of before.filter((was) => !found.includes(was))) withdraw(one)
    if (!answers.value || !shift.value?.on) return
    const facts = { parts: illParts(queue.value).join(comma()), time: lasting(performance.now() - heardAt.value) }
    for (const one of found.filter((is) => NOTICED.includes(is) && !before.includes(is))) notify(one, t('desk.bar.notice'), t(`desk.bar.${one}`, facts))
  })

  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', see)
    ring(undefined)
    showBadge(undefined)
  })
}
