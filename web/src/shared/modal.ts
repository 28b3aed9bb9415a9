// The browser's own dialogs that are open: all beside the topmost one is inert, unseen and unread.
import { computed, onBeforeUnmount, onMounted, shallowRef, type Ref } from 'vue'

const open = shallowRef<HTMLDialogElement[]>([])

/** The dialog the user is in; what must be seen and read now belongs into it. */
export const topmost = computed(() => open.value.at(-1))

/** Opens a dialog once it is mounted, and knows it as open until it closes or goes. */
export function useModal(dialog: Readonly<Ref<HTMLDialogElement | null>>): void {
  let mine: HTMLDialogElement | null = null
  function leave(): void {
    open.value = open.value.filter((other) => other !== mine)
  }
  onMounted(() => {
    mine = dialog.value
    if (!mine) return
    mine.showModal()
    mine.addEventListener('close', leave)
    open.value = [...open.value, mine]
  })
  onBeforeUnmount(leave)
}
