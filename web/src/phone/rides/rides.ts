// Her trips with what she told, for every page of the rides; and the one way to tell.
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { tell } from '@/shared/toast'
import { unsent, type Entry } from '../outbox/events'
import { usePhone } from '../phone'
import { useServed, type Ridden } from './list'
import { withTold } from './told'

export function useRides() {
  const { t } = useI18n()
  const { act, entries } = usePhone()
  const { served, mine } = useServed(entries)
  const rides = computed(() => served.value && withTold(served.value, mine.value.filter(unsent).map(({ event }) => event)))
  const trips = computed(() => rides.value?.trips ?? [])
  /** What she told last of any of these meals, and how far it has come. */
  const toldOf = (meals: number[]): Entry | undefined => mine.value.findLast(({ event }) => (event.data as unknown as Ridden).portion_ids.some((id) => meals.includes(id)))

  /** Whether it is written down. */
  async function say(told: Partial<Ridden> & Pick<Ridden, 'what' | 'trip_id'>): Promise<boolean> {
    try {
      await act({ kind: 'ride', attendance_id: 0, data: { portion_ids: [], receiver: null, why: null, ...told } satisfies Ridden })
      return true
    } catch (error) {
      console.warn(error)
      tell(t('phone.unwritable'), 'problem')
      return false
    }
  }
  return { rides, trips, toldOf, say }
}
