// Whether this operator is on shift; starting it is the touch that lets the browser make sound.
import { ref, shallowRef } from 'vue'
import { api, ask as answer } from '@/shared/api/client'
import type { Shift } from '@/shared/api/types'
import { refreshQueue } from './queue'

const shift = shallowRef<Shift | null>(null)
const asked = ref(false)

export function useShift() {
  return {
    shift,
    /** The dialog that starts a shift is wanted. */
    asked,
    ask: () => (asked.value = true),
    async load(): Promise<void> {
      shift.value = await answer(api.GET('/api/shift'))
    },
    async start(): Promise<void> {
      shift.value = await answer(api.POST('/api/shift/start'))
      void refreshQueue()
    },
    /** With open alarms it is refused without a reason; with one they ring again. */
    async end(reason?: string): Promise<void> {
      shift.value = await answer(api.POST('/api/shift/end', { body: reason ? { reason } : null }))
      void refreshQueue()
    },
  }
}
