// Whether an element is on the screen, or nearly: what nobody sees need not tick. One watcher for all of them.
import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

const NEAR = '200px'
const told = new WeakMap<Element, Ref<boolean>>()
let watcher: IntersectionObserver | undefined

function watching(): IntersectionObserver {
  return (watcher ??= new IntersectionObserver(
    (entries) => entries.forEach(({ target, isIntersecting }) => { const seen = told.get(target); if (seen) seen.value = isIntersecting }),
    { rootMargin: NEAR },
  ))
}

export function useVisible(element: Ref<HTMLElement | null>): Ref<boolean> {
  const visible = ref(false)
  onMounted(() => {
    if (!element.value) return
    told.set(element.value, visible)
    watching().observe(element.value)
  })
  onBeforeUnmount(() => element.value && watching().unobserve(element.value))
  return visible
}
