// The reader of QR codes for browsers that have none; a part of its own, so that nobody else loads it.
import { decodeQR } from 'qr/decode.js'

/** What the code in a picture says; undefined where there is none that can be read. */
export function read({ data, width, height }: Pick<ImageData, 'data' | 'width' | 'height'>): string | undefined {
  try {
    return decodeQR({ data, width, height })
  } catch {
    return undefined
  }
}
