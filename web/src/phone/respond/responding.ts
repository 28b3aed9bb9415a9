// The alarms she was sent to, asked for while one of her visits is an alarm's.
import { shallowRef } from 'vue'
import { api, ask } from '@/shared/api/client'
import { Problem } from '@/shared/api/problem'
import type { components } from '@/shared/api/schema'

export type Responding = components['schemas']['RespondingOut']
export const FOUND = ['well', 'helped', 'ambulance', 'police', 'nobody', 'mistake'] as const satisfies components['schemas']['Found'][]

const alarms = shallowRef<Responding[]>([])

async function look(): Promise<void> {
  try {
    alarms.value = (await ask(api.GET('/api/phone/responding'))).items
  } catch (error) {
    if (!(error instanceof Problem)) throw error // what was seen last stays: she may stand in a stairwell
  }
}

export async function report(attendance_id: number, found: (typeof FOUND)[number], words: string): Promise<boolean> {
  try {
    alarms.value = (await ask(api.POST('/api/phone/responding/{attendance_id}/found', { params: { path: { attendance_id } }, body: { found, words } }))).items
    return true
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return false
  }
}

export const useResponding = () => ({ alarms, look })
