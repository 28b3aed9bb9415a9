// Dragging a visit over the lanes: where it would land, and a call when it is let go there.
import { onScopeDispose, ref } from 'vue'
import { moment, type Axis } from './layout'
import type { BoardVisit } from './model'

export interface Grip {
  visit: BoardVisit
  /** whose bar was taken; null from the list */
  caregiver: number | null
  /** how far into the bar it was gripped, milliseconds */
  into: number
}
export interface Landing {
  caregiver: number
  at: number
}
const FAR_PX = 6

export function useDrag(axis: () => Axis, drop: (grip: Grip, landing: Landing) => void) {
  const dragging = ref<{ grip: Grip; landing: Landing | null; x: number; y: number } | null>(null)
  let pressed: { grip: Grip; x: number; y: number } | null = null

  function take(grip: Grip, event: PointerEvent): void {
    if (event.button !== 0 || !grip.visit.possible.includes('move')) return
    pressed = { grip, x: event.clientX, y: event.clientY }
    addEventListener('pointermove', move)
    addEventListener('pointerup', release)
    addEventListener('pointercancel', letGo)
    addEventListener('keydown', escape, true)
  }

  function move(event: PointerEvent): void {
    if (!pressed) return
    const far = Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > FAR_PX
    if (!dragging.value && !far) return
    event.preventDefault()
    dragging.value = { grip: pressed.grip, landing: under(event, pressed.grip), x: event.clientX, y: event.clientY }
  }

  /** The lane and moment below the pointer. */
  function under(event: PointerEvent, { into }: Grip): Landing | null {
    const lane = document.elementsFromPoint(event.clientX, event.clientY).find((one): one is HTMLElement => one instanceof HTMLElement && one.dataset.lane !== undefined)
    if (!lane) return null
    const box = lane.getBoundingClientRect()
    const { from, to } = axis()
    const part = (event.clientX - box.left) / box.width - into / (to - from)
    return { caregiver: Number(lane.dataset.lane), at: moment(axis(), part) }
  }

  function release(): void {
    const now = dragging.value
    letGo()
    if (!now) return
    addEventListener('click', swallow, { capture: true, once: true }) // the click that ends a drag selects nothing
    setTimeout(() => removeEventListener('click', swallow, true))
    if (now.landing) drop(now.grip, now.landing)
  }
  const swallow = (event: Event): void => event.stopPropagation()

  function escape(event: KeyboardEvent): void {
    if (event.key !== 'Escape' || !dragging.value) return
    event.stopPropagation()
    event.preventDefault()
    letGo()
  }

  function letGo(): void {
    pressed = null
    dragging.value = null
    removeEventListener('pointermove', move)
    removeEventListener('pointerup', release)
    removeEventListener('pointercancel', letGo)
    removeEventListener('keydown', escape, true)
  }

  onScopeDispose(letGo)
  return { dragging, take }
}
