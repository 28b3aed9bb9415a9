// The alarms she was sent to, asked for while one of her visits is an alarm's, or she is sent to a spot; what was seen last is there without a network.
import { ref, shallowRef } from 'vue'
import { api, ask } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'
import type { components } from '@/shared/api/schema'
import { usePhone } from '../phone'

export type Responding = components['schemas']['RespondingOut']
export type Answer = components['schemas']['SpotAnswer']
export const FOUND = ['well', 'helped', 'ambulance', 'police', 'nobody', 'mistake'] as const satisfies components['schemas']['Found'][]
const NAME = 'responding'

const alarms = shallowRef<Responding[]>([])
/** When what is shown was true, where that is not now: she may stand in a stairwell. */
const since = ref<number | null>(null)

async function look(): Promise<void> {
  const { recall, remember } = usePhone()
  try {
    alarms.value = (await ask(api.GET('/api/phone/responding'))).items
    since.value = null
    await remember(NAME, { at: Date.now(), value: alarms.value })
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const old = await recall<{ at: number; value: Responding[] }>(NAME)
    if (!alarms.value.length) alarms.value = old?.value ?? []
    since.value = old?.at ?? null
  }
}

export const useResponding = () => ({ alarms, since, look })
