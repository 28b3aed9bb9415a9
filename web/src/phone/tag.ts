// The signed tag of a home, as its QR code or NFC sticker says it: an address that any camera opens, with signal or without.
const FORM = /^\d{1,18}\.\d{1,9}\.[0-9a-f]{40}$/
const KEPT = 'yinling.tag'

/** The token an address carries; undefined for any other code. Whether it is of this home the server says. */
export function tagIn(text: string): string | undefined {
  try {
    const token = new URL(text).searchParams.get('tag')
    return token && FORM.test(token) ? token : undefined
  } catch {
    return undefined
  }
}

/** Whose tag it is, as it says itself. */
export const homeOf = (token: string): number => Number(token.split('.')[0])

/** The digits below the code, typed where it cannot be read; undefined where there is a slip (the eighth is Luhn's). */
export function typedTag(text: string): string | undefined {
  const digits = text.normalize('NFKC').replace(/\D/g, '')
  if (digits.length !== 8) return undefined
  const sum = [...digits].reduce((all, one, n) => {
    const worth = Number(one) * (2 - (n % 2))
    return all + Math.floor(worth / 10) + (worth % 10)
  }, 0)
  return sum % 10 ? undefined : digits
}

/** Opened by the camera or a sticker: kept over a login, taken out of the address so that a reload reads nothing twice. */
export function keepOpened(): void {
  const token = tagIn(location.href)
  if (!token) return
  localStorage.setItem(KEPT, token)
  history.replaceState(null, '', location.pathname + location.hash)
}

/** What was opened and is not yet written down. */
export function takeOpened(): string | undefined {
  const token = localStorage.getItem(KEPT) ?? undefined
  localStorage.removeItem(KEPT)
  return token
}
