// What things are called in her language.
import type { Task, Visit } from './wire'

export const itemOf = (visit: Visit, language: string): string => (language === 'en' ? visit.item_en : visit.item_zh)
export const taskOf = (task: Task, language: string): string => (language === 'en' ? task.en : task.zh)

/** How far it is, as she says it: turned back at the door is not the same as done. */
export const standOf = (visit: Visit): string => (visit.state === 'finished' && visit.visit_state === 'not_delivered' ? 'not_delivered' : visit.state)
