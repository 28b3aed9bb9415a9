// Reads a QR code from the camera: by the browser's own detector, else by a reader that comes only when it is needed.
import type * as Qr from './qr'
import { bring } from './spare'

type Seen = string[]
export type Reader = (video: HTMLVideoElement) => Promise<Seen>

interface Detector {
  detect: (source: HTMLVideoElement) => Promise<{ rawValue: string }[]>
}
interface Detectors {
  new (options: { formats: string[] }): Detector
  getSupportedFormats?: () => Promise<string[]>
}
const WIDE = 720 // pixels: enough for a tag an arm away, and little enough for an old phone

/** Whether there is a camera to ask for at all; some browsers hide it without HTTPS. */
export const hasCamera = (): boolean => !!(navigator.mediaDevices as MediaDevices | undefined)?.getUserMedia

async function ownDetector(): Promise<Detector | undefined> {
  const Own = (globalThis as { BarcodeDetector?: Detectors }).BarcodeDetector
  const knows = await Own?.getSupportedFormats?.().catch((): string[] => [])
  return Own && knows?.includes('qr_code') ? new Own({ formats: ['qr_code'] }) : undefined
}

const reader = (): Promise<typeof Qr> => bring(() => import('./qr'))

/** Fetches the reader where it will be needed, while there is a network: a stairwell has none. */
export async function fetchReader(): Promise<void> {
  if (hasCamera() && !(await ownDetector())) await reader().catch((error: unknown) => console.warn('reader of codes', error))
}

/** What reads here. iOS has no detector, and many Androids have one that knows no format. */
export async function openReader(): Promise<Reader> {
  const own = await ownDetector()
  if (own) return async (video) => (await own.detect(video).catch(() => [])).map(({ rawValue }) => rawValue)
  const canvas = document.createElement('canvas')
  const picture = canvas.getContext('2d', { willReadFrequently: true })
  const { read } = await reader()
  return async (video) => {
    const scale = Math.min(1, WIDE / Math.max(video.videoWidth, video.videoHeight))
    canvas.width = Math.round(video.videoWidth * scale)
    canvas.height = Math.round(video.videoHeight * scale)
    picture?.drawImage(video, 0, 0, canvas.width, canvas.height)
    const seen = picture && read(picture.getImageData(0, 0, canvas.width, canvas.height))
    return seen ? [seen] : []
  }
}
