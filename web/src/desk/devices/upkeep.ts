// What can be done with an entry of the technical list, as the server takes it.
import type { operations } from '@/shared/api/schema'

export type Act = operations['upkeep_handle_fault']['requestBody']['content']['application/json']
export type Remedy = Extract<Act, { event: 'finish' }>['remedy']
export const REMEDIES: Remedy[] = ['new_battery', 'charged', 'restarted', 'repaired', 'swapped', 'explained', 'no_fault', 'other']
