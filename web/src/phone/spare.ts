// Parts that only some phones need: no part of the first load (vite.config.ts names them), fetched early where they will be.
let bringing = 0
/** While one is fetched a failure is no sign of an old page: there may be no network, and the rest does not need it. */
export const bringsSpare = (): boolean => bringing > 0

export async function bring<T>(part: () => Promise<T>): Promise<T> {
  bringing++
  try {
    return await part()
  } finally {
    bringing--
  }
}
